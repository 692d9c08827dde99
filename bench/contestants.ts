/** How each contestant does a job in a namespace of the guest. */
import { execFile, fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { quantile } from './statistics.js'
import { destinationAt, oneInAHundred, rowsOf, serviceAt, tableOf, type Size } from './table.js'
import { forks, type Job, type Kind, type Name } from './workloads.js'
import type { Answer, Task } from './ours.js'
import type { DesiredTable } from '../lib/index.js'

export const run = promisify(execFile)

/** The values of a round by measure. */
export type Measured = Readonly<Record<string, number>>

/** What a contestant did, and the table that must stand there now. */
export interface Outcome {
  readonly measured: Measured
  readonly left: DesiredTable
}

/** Durations of one round, as the C programs print them. */
interface Printed {
  readonly us: readonly number[]
  readonly rows: number
}

const folder = import.meta.dirname

export async function carryOut(contestant: Name, job: Job, namespace: string, ours: Ours): Promise<Outcome> {
  const { size, kind } = job
  switch (contestant) {
    case 'ours':
    case 'here':
    case 'setWeight':
    case 'entries':
      return byOurs(contestant, job, namespace, ours)
    case 'libnl':
    case 'd': {
      const what = kind === 'apply' ? 'add' : kind
      const words = [what, size.services, size.destinations, job.repeats].map(String)
      const { us, rows } = await printed(namespace, contestant, words)
      if (kind === 'read' && rows !== rowsOf(size)) throw new Error(`${contestant} read ${rows} rows`)
      return { measured: measuredOf(kind, us), left: leftBy(job) }
    }
    case 'restore': {
      writeFileSync('/tmp/rules', rules(size).join('\n') + '\n')
      // As the others, it adds to a service that stands.
      if (kind === 'servers') await run('ip', ['netns', 'exec', namespace, 'ipvsadm', ...firstRule(size)])
      if (kind === 'servers') writeFileSync('/tmp/rules', rules(size).slice(1).join('\n') + '\n')
      const { us } = await printed(namespace, 'spawn', ['restore', '/tmp/rules'])
      return { measured: measuredOf(kind, us), left: tableOf(size) }
    }
    case 'keepalived': {
      writeFileSync('/tmp/keepalived.conf', keepalivedFile(size))
      const words = ['keepalived', String(size.services), String(size.destinations), '/tmp/keepalived.conf']
      const { us } = await printed(namespace, 'spawn', words)
      return { measured: measuredOf(kind, us), left: tableOf(size) }
    }
    case 'fork': {
      const one = kind === 'weight'
      const some = { services: 1, destinations: one ? 1 : forks }
      const words = [one ? 'weight' : 'add', '1', String(some.destinations), String(forks)]
      const { us } = await printed(namespace, 'spawn', words)
      const left = one ? tableOf(some, () => 3) : tableOf(some)
      if (one) return { measured: measuredOf(kind, us), left }
      const changes = kind === 'apply' ? rowsOf(size) : size.destinations
      return { measured: { add: (us.reduce((sum, each) => sum + each, 0) / us.length) * changes }, left }
    }
  }
}

async function byOurs(contestant: Name, job: Job, namespace: string, ours: Ours): Promise<Outcome> {
  const what = contestant === 'setWeight' || contestant === 'entries' ? contestant : job.kind
  const onCallingThread = contestant === 'here' || contestant === 'setWeight'
  const { us, messages } = await ours.ask({ ...job.size, what, namespace, repeats: job.repeats, onCallingThread })
  const measured =
    job.kind === 'weight' || job.kind === 'read'
      ? measuredOf(job.kind, Object.values(us)[0] ?? [])
      : Object.fromEntries(Object.entries(us).map(([measure, [value = NaN]]) => [measure, value]))
  return { measured: { ...measured, ...(messages !== undefined && { messages }) }, left: leftBy(job, true) }
}

/** The table after a job that was done as a whole; only this library compares, and so has one in a hundred to change. */
function leftBy({ kind, size, repeats }: Job, compares = false): DesiredTable {
  if (kind === 'apply' && compares) return tableOf(size, oneInAHundred)
  if (kind === 'weight') return tableOf(size, (index) => (index === 0 ? 2 + ((repeats - 1) % 2) : 1))
  return tableOf(size)
}

function measuredOf(kind: Kind, us: readonly number[]): Measured {
  if (kind === 'weight') return { p50: quantile(us, 0.5), p99: quantile(us, 0.99) }
  if (kind === 'read') return { read: quantile(us, 0.5) }
  return { add: us[0] ?? NaN }
}

/** What a program of bench/peers prints, run in a namespace. */
async function printed(namespace: string, program: string, words: readonly string[]): Promise<Printed> {
  const { stdout } = await run('ip', ['netns', 'exec', namespace, join(folder, 'bench', program), ...words])
  return JSON.parse(stdout.slice(stdout.lastIndexOf('{'))) as Printed
}

/** All that removes the table at once. */
export async function flush(namespace: string): Promise<void> {
  await printed(namespace, 'd', ['flush'])
}

function firstRule(size: Size): readonly string[] {
  return (rules({ ...size, services: 1 })[0] ?? '').split(' ')
}

function rules(size: Size): readonly string[] {
  return tableOf(size).flatMap(({ service, destinations }) => {
    const name = `${service.address}:${service.port}`
    return [
      `-A -t ${name} -s rr`,
      ...destinations.map(({ address, port }) => `-a -t ${name} -r ${address}:${port} -g -w 1`),
    ]
  })
}

/** Without checkers: every server stands there at once. */
function keepalivedFile(size: Size): string {
  const one = (service: number) => {
    const { address, port } = serviceAt(service)
    const servers = Array.from({ length: size.destinations }, (_, i) => destinationAt(size, service, i))
    const lines = servers.map((server) => `  real_server ${server.address} ${server.port} {\n    weight 1\n  }`)
    return `virtual_server ${address} ${port} {\n  lb_algo rr\n  lb_kind DR\n  protocol TCP\n${lines.join('\n')}\n}\n`
  }
  return Array.from({ length: size.services }, (_, i) => one(i)).join('')
}

/** This library's process. */
export class Ours {
  readonly #process: ChildProcess
  readonly #ended: Promise<readonly unknown[]>

  constructor() {
    this.#process = fork(join(folder, 'bench-ours.mjs'), { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#ended = once(this.#process, 'exit').then(() => [{ error: 'the process ended' }])
  }

  async ask(task: Task): Promise<Answer> {
    const answered = once(this.#process, 'message')
    this.#process.send(task)
    const [{ answer, error }] = (await Promise.race([answered, this.#ended])) as readonly [
      { answer?: Answer; error?: string },
    ]
    if (!answer) throw new Error(`ours: ${error ?? 'no answer'}`)
    return answer
  }

  end(): void {
    this.#process.kill()
  }
}
