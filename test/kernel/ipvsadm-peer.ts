/** Debian's ipvsadm beside ours: each in a network namespace of its own, told the same, and what both then show. */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Test } from 'tap'
import { addInterface, ipvsadmIn, makeNamespace } from './namespace.js'

/** What a command line did. */
export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

export interface Peer {
  run(words: readonly string[], stdin?: string): Promise<Outcome>
  /** What `ipvsadm -Ln WORDS` shows now. */
  list(words: readonly string[]): Promise<string>
  /** /proc/net/ip_vs. Whole while it fits into one read(), 4 KiB. */
  kernels(): string
}

const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`

/** A namespace in which sync daemons can run, on `sync0`. */
async function namespaceWithLink(t: Test): Promise<string> {
  const namespace = await makeNamespace(t)
  await addInterface(namespace, 'sync0')
  return namespace
}

/** A process in a namespace that is written to, and answers in lines. */
function converse(t: Test, namespace: string, command: readonly string[]) {
  const child = spawn('ip', ['netns', 'exec', namespace, ...command], { stdio: ['pipe', 'pipe', 'inherit'] })
  t.teardown(() => void child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    pid: child.pid ?? 0,
    /** All lines up to one of that form; that one is the last. */
    async ask(text: string, end: RegExp): Promise<readonly string[]> {
      child.stdin.write(text)
      const found: string[] = []
      for (;;) {
        const next = await lines.next()
        if (next.done === true) throw new Error(`expected a line as ${end}, found that ${command[0]} had ended`)
        found.push(next.value)
        if (end.test(next.value)) return found
      }
    },
  }
}

/** Debian's. Programs start slowly in an emulated guest: one shell runs all commands, one `ipvsadm -R` shows all lists. */
export async function theirPeer(t: Test): Promise<Peer> {
  const namespace = await namespaceWithLink(t)
  const folder = mkdtempSync(join(tmpdir(), 'ipvsadm-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [stdin, stdout, stderr] = ['stdin', 'stdout', 'stderr'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  const shell = converse(t, namespace, ['bash'])
  const lister = converse(t, namespace, ['stdbuf', '-oL', 'ipvsadm', '-R'])
  return {
    async run(words, text = '') {
      writeFileSync(stdin, text)
      // A shell tells of a crash on its own stderr.
      const line = `{ ipvsadm ${words.map(quote).join(' ')} <${stdin} >${stdout} 2>${stderr}; } 2>/dev/null; echo status $?\n`
      const [end = ''] = await shell.ask(line, /^status/)
      return {
        status: Number(end.split(' ')[1]),
        stdout: readFileSync(stdout, 'latin1'),
        stderr: readFileSync(stderr, 'latin1'),
      }
    },
    async list(words) {
      const lines = await lister.ask(`-Ln ${words.join(' ')}\n-L --timeout\n`, /^Timeout/)
      return lines.slice(0, -1).join('\n')
    },
    kernels: () => readFileSync(`/proc/${shell.pid}/net/ip_vs`, 'latin1'),
  }
}

/** Ours, in this process. */
export async function ourPeer(t: Test): Promise<Peer> {
  const namespace = await namespaceWithLink(t)
  const idle = converse(t, namespace, ['bash'])
  await idle.ask('echo ready\n', /ready/)
  const peer: Peer = {
    run: (words, stdin = '') => ipvsadmIn(namespace, words, stdin),
    list: async (words) => (await peer.run(['-Ln', ...words])).stdout,
    kernels: () => readFileSync(`/proc/${idle.pid}/net/ip_vs`, 'latin1'),
  }
  return peer
}
