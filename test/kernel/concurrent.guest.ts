/** Readings of a table of 400 services while another program changes it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { IpvsError, watch, type Ipvs, type Table, type TableEntry } from '../../lib/index.js'
import { seed } from '../random.js'
import { churnable, firstState, now, permanent, replay, server, stateOf, take, textOf, web } from './churned.js'
import type { State, Step } from './churned.js'
import { makeNamespace, openIn } from './namespace.js'

const churnProgram = join(import.meta.dirname, 'test-kernel-churn.program.mjs')
/** Pauses of the churn, at most, in passes: how long a pass takes is the machine's affair. */
const passesOfPause = 4
const readings = 5
const observations = 3
const elsewhere = 2
const restlessPasses = 5

/** What was read, and when. */
interface Reading {
  readonly start: number
  readonly end: number
  readonly state: State
}

/** A change, and between which times it was made. */
interface Done {
  readonly step: Step
  readonly from: number
  readonly to: number
}

interface Churn {
  /** Everything that it did. */
  end(): Promise<readonly Done[]>
}

async function startChurn(t: Test, namespace: string, mostMs: number): Promise<Churn> {
  const child = spawn(process.execPath, [churnProgram, namespace, String(seed), String(mostMs)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  t.teardown(() => child.kill())
  t.comment(`SEED=${seed}`)
  const output = text(child.stdout)
  await once(child.stdout, 'data')
  return {
    async end() {
      const ended = once(child, 'close')
      child.stdin.end()
      t.same(await ended, [0, null], 'the churn ended well')
      const lines = (await output).trim().split('\n')
      const times = lines.map((line) => JSON.parse(line) as { at: number; step?: Step })
      return times.flatMap(({ at, step }, i) => (step ? [{ step, from: at, to: times[i + 1]?.at ?? Infinity }] : []))
    },
  }
}

/** The permanent services, most of them with a server. */
async function manyServices(t: Test): Promise<{ namespace: string; ipvs: Ipvs; passMs: number }> {
  const namespace = await makeNamespace(t)
  const ipvs = await openIn(t, namespace)
  const numbers = Array.from({ length: permanent }, (_, i) => i + 1)
  await Promise.all(numbers.map((number) => ipvs.addService(web(number))))
  await Promise.all(numbers.slice(0, churnable).map((number) => ipvs.addDestination(web(number), server(1))))
  const { start, end, state } = await timed(() => ipvs.table())
  t.equal(textOf(state), textOf(firstState()), 'alone, a single pass is exact')
  return { namespace, ipvs, passMs: Math.round(end - start) }
}

async function timed(read: () => Promise<Table>): Promise<Reading> {
  const start = now()
  const table = await read()
  return { start, end: now(), state: stateOf(table) }
}

async function collected<T>(from: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const one of from) all.push(one)
  return all
}

/** Whether the table was this at any moment of the reading. */
function wasThere({ start, end, state }: Reading, changes: readonly Done[]): boolean {
  const wanted = textOf(state)
  const there = firstState()
  for (let i = 0; i <= changes.length; i++) {
    const [before, after] = [changes[i - 1], changes[i]]
    if (before) take(there, before.step)
    if ((before?.from ?? 0) <= end && (after?.to ?? Infinity) >= start && textOf(there) === wanted) return true
  }
  return false
}

/** What of the reading was not there at any moment of it, and what of the permanent it lacks. */
function strangers({ start, end, state }: Reading, changes: readonly Done[]): readonly string[] {
  const there = firstState()
  const seen = new Set<string>()
  const note = (service: number) => {
    seen.add(String(service))
    for (const [port, weight] of there.get(service) ?? []) seen.add(`${service} > ${port}=${weight}`)
  }
  let started = false
  for (const { step, from, to } of changes) {
    if (from > end) break
    if (!started && to >= start) {
      started = true
      for (const service of there.keys()) note(service)
    }
    take(there, step)
    if (started) note(step.service)
  }
  if (!started) for (const service of there.keys()) note(service)
  const read = [...state].flatMap(([service, servers]) => [
    String(service),
    ...[...servers].map(([port, weight]) => `${service} > ${port}=${weight}`),
  ])
  return read.filter((name) => !seen.has(name))
}

t.test('an exact table is one that there was while it was read, or IPVS_INTERRUPTED', async (t) => {
  const { namespace, ipvs, passMs } = await manyServices(t)
  const churn = await startChurn(t, namespace, passesOfPause * passMs)
  const resolved: Reading[] = []
  for (let i = 0; i < readings; i++) {
    await timed(() => ipvs.table({ exact: true })).then(
      (reading) => resolved.push(reading),
      (error: unknown) => t.ok(IpvsError.is(error, 'IPVS_INTERRUPTED'), String(error)),
    )
  }
  const changes = await churn.end()
  for (const reading of resolved) t.ok(wasThere(reading, changes), 'a table that there was')
  t.ok(resolved.length > 0 && changes.length > 0, `${resolved.length} of ${readings} resolved`)
  const tookMs = resolved.map(({ start, end }) => Math.round(end - start)).join()
  t.comment(`${changes.length} changes; a pass takes ${passMs} ms alone, the exact readings took ${tookMs} ms`)
})

t.test('plain readings never throw under restless change, and list nothing twice nor what was not there', async (t) => {
  const { namespace, ipvs, passMs } = await manyServices(t)
  const churn = await startChurn(t, namespace, 0)
  const ways: readonly (() => Promise<Table>)[] = [
    () => ipvs.table(),
    () => collected(ipvs.entries()),
    async () => (await ipvs.services()).map((service): TableEntry => ({ service, destinations: [] })),
  ]
  const plain: Reading[] = []
  const deadline = now() + restlessPasses * passMs
  while (now() < deadline) for (const way of ways) plain.push(await timed(way))
  const changes = await churn.end()
  for (const reading of plain) t.same(strangers(reading, changes), [], 'nothing that was not there')
  t.ok(plain.length >= ways.length && changes.length > plain.length, 'while the table changed')
  const whole = plain.filter((reading) => wasThere(reading, changes)).length
  t.comment(`${plain.length} readings through ${changes.length} changes; ${whole} happened to be exact`)
})

t.test('what watch() tells happened, and leads from its first table to each one that it shows', async (t) => {
  const { namespace, ipvs, passMs } = await manyServices(t)
  const churn = await startChurn(t, namespace, passesOfPause * passMs)
  const shown: Reading[] = []
  let told: State | undefined
  let count = 0
  let start = now()
  for await (const { table, changes } of watch(ipvs, { intervalMs: 50 })) {
    const end = now()
    const state = stateOf(table)
    told ??= stateOf(table) // a state of its own, which the changes change
    for (const change of changes) replay(told, change)
    t.equal(textOf(told), textOf(state), `${changes.length} changes lead to the table shown`)
    shown.push({ start, end, state })
    count += changes.length
    // What is waited for next is read from here on.
    start = end
    if (shown.length > observations) break
  }
  const changes = await churn.end()
  for (const reading of shown) t.ok(wasThere(reading, changes), 'a table that there was')
  t.ok(count >= shown.length - 1, `${count} changes told of ${changes.length} made`)
})

t.test('what comes and goes in another namespace is in no table of this one', async (t) => {
  const { ipvs } = await manyServices(t)
  const other = await manyServices(t)
  const churn = await startChurn(t, other.namespace, 0)
  const expected = textOf(firstState())
  let resolved = 0
  for (let i = 0; i < elsewhere; i++) {
    t.same(strangers(await timed(() => ipvs.table()), []), [], 'a plain reading lists nothing twice nor of the other')
    const exact = await ipvs.table({ exact: true }).then(
      (table) => textOf(stateOf(table)),
      (error: unknown) => t.ok(IpvsError.is(error, 'IPVS_INTERRUPTED'), String(error)),
    )
    if (exact === expected) resolved++
    else t.equal(exact, true, 'what resolves is the table')
  }
  t.ok(resolved > 0, `${resolved} of ${elsewhere} resolved through ${(await churn.end()).length} changes`)
})
