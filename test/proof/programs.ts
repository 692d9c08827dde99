/** What a comparison needs around the contestants, as programs that leave them the processor: real servers, a client, an observer. */
import { execFile, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { journalOf, type Fetch, type Journal } from '../../rig/cluster.js'
import type { Host, Lan } from '../../rig/lan.js'

const names = ['server', 'client', 'table'] as const
const watchEveryMs = 10

/** The real servers that get new connections, from then on. */
export interface Seen {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly servers: readonly string[]
}

export interface Followed<T> extends Journal<T> {
  stop(): void
}

export interface Programs {
  /** A real server on port 80; resolves when it listens. */
  serve(lan: Lan, real: Host): Promise<ChildProcess>
  /** Fetches from the VIP at a fixed rate. */
  fetch(lan: Lan, everyMs: number, timeoutMs: number): Followed<Fetch>
  /** Tells what a director's table is, and every change of it. */
  watch(lan: Lan, director: Host): Followed<Seen>
}

/** Compiles them, in a folder of their own. */
export async function compilePrograms(): Promise<Programs> {
  const folder = await mkdtemp(join(tmpdir(), 'programs-'))
  const compile = (name: string) =>
    promisify(execFile)('gcc', ['-D_GNU_SOURCE', '-O2', '-o', join(folder, name), `test/proof/${name}.c`])
  await Promise.all(names.map(compile))
  const start = (lan: Lan, host: Host, name: (typeof names)[number], ...args: readonly (string | number)[]) =>
    lan.spawn(host.namespace, join(folder, name), args.map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
  const follow = <T>(child: ChildProcess): Followed<T> => ({
    ...journalOf(child, (line) => JSON.parse(line) as T),
    stop: () => child.kill(),
  })
  return {
    async serve(lan, real) {
      const child = start(lan, real, 'server', real.namespace.slice(lan.name.length + 1), 80)
      if (child.stdout !== null) await once(child.stdout, 'data')
      return child
    },
    fetch: (lan, everyMs, timeoutMs) =>
      follow(start(lan, lan.client, 'client', lan.direct.vip.ipv4, 80, everyMs, timeoutMs)),
    watch: (lan, director) => follow(start(lan, director, 'table', watchEveryMs)),
  }
}
