/**
 * Side by side: this daemon, with tripwire and without, keepalived and ldirectord, each in a LAN of its own, all the time. Round by round in
 * turn a real server's process is killed and started again, then another one blackholed and healed. The same observer sees when it left
 * the table and when it was back, and the same client how many of its requests failed. NODE_IPVS_ROUNDS: 20 unless told.
 */
import { execFileSync, type ChildProcess } from 'node:child_process'
import t from 'tap'
import { median, summary } from '../../bench/statistics.js'
import { emulationMs, type Journal } from '../../rig/cluster.js'
import { createLan, type Host, type Lan } from '../../rig/lan.js'
import { contestants, times, type Contestant, type Running } from './contestants.js'
import { compilePrograms } from './programs.js'
import { usageOf } from './usage.js'
import { within } from './within.js'

const rounds = Number(process.env['NODE_IPVS_ROUNDS'] ?? 20)
t.setTimeout(3_500_000)

const patienceMs = 60_000
const fetchEveryMs = 100
const fetchTimeoutMs = 500
/** Between two events at least; then comes a part of an interval, so that faults come at all phases of it. */
const calmMs = 500
/** A connection that began before the fault may fail by it. */
const inFlightMs = 50

/** One fault and its end. */
interface Sample {
  readonly outMs: number
  readonly backMs: number
  readonly failedRequests: number
  readonly healthyOut: number
}
/** In the rounds that count. */
interface Cost {
  readonly cpuShare: number
  readonly memoryMiB: number
}
const faults = ['killed', 'blackholed'] as const
type Fault = (typeof faults)[number]

const programs = await compilePrograms()
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
/** Each part of the interval once in all rounds, in an order that has nothing to do with time: 7 is coprime to usual counts. */
const phaseMs = (round: number) => ((((round * 7) % rounds) + 0.5) / rounds) * times.intervalMs

/** A contestant in its LAN. */
interface Place {
  readonly name: string
  readonly lan: Lan
  readonly director: Host
  readonly web: ChildProcess[]
  readonly running: Running
}

async function install(contestant: Contestant): Promise<Place> {
  const lan = await createLan({ reals: 3 })
  t.teardown(() => lan.close())
  const [director] = lan.directors as [Host]
  const web = await Promise.all(lan.reals.map((real) => programs.serve(lan, real)))
  // The kernel loads nftables at its first use, which takes seconds.
  await lan.blackhole(director, 9)
  await lan.heal(director)
  return { name: contestant.name, lan, director, web, running: await contestant.start(lan, director) }
}

/** @returns the time of the first entry that fits, of the last one and those to come */
async function timeOf<T extends { at: number }>(journal: Journal<T>, fits: (entry: T) => boolean, what: string) {
  const found = journal.first(fits, Math.max(0, journal.entries.length - 1))
  const otherwise = () => `expected ${what}, found ${JSON.stringify(journal.entries.at(-1))}`
  return (await within(patienceMs, found, otherwise)).at
}

/** A fault of one of its real servers, and its end. */
async function suffer({ lan, director, web }: Place, fault: Fault, victim: number, phase: number): Promise<Sample> {
  const real = lan.reals[victim] as Host
  const table = programs.watch(lan, director)
  const client = programs.fetch(lan, fetchEveryMs, fetchTimeoutMs)
  const tableThat = (fits: (servers: readonly string[]) => boolean, what: string) =>
    timeOf(table, ({ servers }) => fits(servers), what)
  try {
    await tableThat((servers) => servers.length === lan.reals.length, 'all servers in the table')
    await timeOf(client, ({ ok }) => ok, 'an answer')
    await pause(calmMs + phase)
    const before = Date.now()
    // The rule of nft holds, or is gone, just before the command has ended.
    if (fault === 'killed') web[victim]?.kill('SIGKILL')
    else await lan.blackhole(real, 80)
    const began = Date.now()
    const out = await tableThat((servers) => !servers.includes(real.ipv4), `${real.ipv4} to leave`)
    await pause(calmMs)
    // Healthy ones, lost to a busy machine.
    const others = (table.entries.at(-1)?.servers ?? []).filter((address) => address !== real.ipv4)
    const healthyOut = lan.reals.length - 1 - others.length
    if (fault === 'killed') web[victim] = await programs.serve(lan, real)
    else await lan.heal(real)
    const healed = Date.now()
    const back = await tableThat((servers) => servers.includes(real.ipv4), `${real.ipv4} to be back`)
    // Until those that began by then have ended.
    const until = back + calmMs
    await timeOf(client, ({ at }) => at > until + fetchTimeoutMs, 'requests')
    const failed = client.entries.filter(({ at, ok }) => !ok && at >= before - inFlightMs && at <= until)
    return { outMs: out - began, backMs: Math.max(0, back - healed), failedRequests: failed.length, healthyOut }
  } finally {
    table.stop()
    client.stop()
  }
}

const results = contestants.map(({ name, version }) => ({
  name,
  version,
  samples: { killed: [] as Sample[], blackholed: [] as Sample[] },
}))
let costs: readonly Cost[] = []

const places: Place[] = []
for (const contestant of contestants) places.push(await install(contestant))

const cpuTimes = () => places.map(({ running }) => usageOf(running.pid).cpuMs)

// Without samples there is nothing to judge.
const settings = { bail: true }
await t.test('each of them takes both servers out, and puts them back, in every round', settings, async (t) => {
  let [began, spent] = [0, [] as readonly number[]]
  for (let round = -1; round < rounds; round++) {
    if (round === 0) [began, spent] = [performance.now(), cpuTimes()]
    for (const [i, place] of places.entries()) {
      for (const [j, fault] of faults.entries()) {
        try {
          const sample = await suffer(place, fault, (round + 1 + j) % 3, phaseMs(round + 1))
          t.comment(`${place.name}, ${fault}, round ${round}: ${JSON.stringify(sample)}`)
          // The first round warms all of them up: a program's first times are slow in an emulated machine.
          if (round >= 0) results[i]?.samples[fault].push(sample)
        } catch (error) {
          const said = `${place.name}, ${fault} in round ${round}: ${String(error)}; it has said:\n${place.running.said()}`
          throw new Error(said, { cause: error })
        }
      }
    }
  }
  const lastedMs = performance.now() - began
  costs = places.map(({ running }, i) => {
    const { cpuMs, memoryKiB } = usageOf(running.pid)
    return { cpuShare: (cpuMs - (spent[i] ?? 0)) / lastedMs, memoryMiB: memoryKiB / 1024 }
  })
  for (const { name, running } of places) t.notOk(running.ended(), `${name} has run all the time`)
  for (const { name, samples } of results) t.equal(samples.blackholed.length, rounds, `${name}: ${rounds} rounds`)
})

const samplesOf = (name: string, fault: Fault, what: keyof Sample) =>
  results.find((one) => one.name === name)?.samples[fault].map((sample) => sample[what]) ?? []
const medianOf = (name: string, fault: Fault, what: keyof Sample) => median(samplesOf(name, fault, what))
const [tripwire, plain, ...peers] = contestants.map(({ name }) => name) as [string, string, ...string[]]
/** The peer with the lowest median. */
const best = (fault: Fault, what: keyof Sample) =>
  peers.toSorted((a, b) => medianOf(a, fault, what) - medianOf(b, fault, what))[0] as string

t.test('with the tripwire a killed server is out in less than half the time that others take', (t) => {
  const others = Math.min(...[plain, ...peers].map((name) => medianOf(name, 'killed', 'outMs')))
  const outMs = medianOf(tripwire, 'killed', 'outMs')
  t.ok(outMs < others / 2, `${outMs} ms; the best of the others: ${others} ms`)
  const failed = medianOf(tripwire, 'killed', 'failedRequests')
  const theirs = medianOf(best('killed', 'failedRequests'), 'killed', 'failedRequests')
  t.ok(failed <= theirs, `and ${failed} requests fail; with the best of the others: ${theirs}`)
  t.end()
})

t.test('by checks alone it is no slower than the best of the others in a slow round', (t) => {
  for (const fault of faults) {
    for (const name of [tripwire, plain]) {
      t.ok(
        samplesOf(name, fault, 'healthyOut').every((count) => count === 0),
        `${name}, ${fault}: no healthy server left`,
      )
    }
    for (const what of ['outMs', 'backMs'] as const) {
      const other = best(fault, what)
      // How much rounds differ tells how busy the machine is.
      const slowMs = Math.max(...samplesOf(other, fault, what)) + emulationMs
      for (const name of [tripwire, plain]) {
        const ms = medianOf(name, fault, what)
        t.ok(ms <= slowMs, `${name}, ${fault}, ${what}: ${ms} ms; ${other} and ${emulationMs} ms: ${slowMs} ms`)
      }
    }
  }
  t.end()
})

const range = (values: readonly number[], shown: (value: number) => string) => {
  const { median, min, max } = summary(values)
  return `${shown(median)} (${shown(min)}–${shown(max)})`
}
const inSeconds = (ms: number) => (ms / 1000).toFixed(2)
for (const fault of faults) {
  const rows = results.map(({ name, samples }) => {
    const column = (what: keyof Sample) => samples[fault].map((sample) => sample[what])
    const cells = [range(column('outMs'), inSeconds), range(column('backMs'), inSeconds)]
    return `| ${name} | ${[...cells, range(column('failedRequests'), String)].join(' | ')} |`
  })
  const title = fault === 'killed' ? 'Process killed, then started' : 'Blackholed, then healed'
  const header = [`| ${title} | out after (s) | back after (s) | failed requests |`, '| --- | --- | --- | --- |']
  for (const line of [...header, ...rows, '']) t.comment(`measured: ${line}`)
}
const costRows = results.map(({ name }, i) => {
  const { cpuShare = NaN, memoryMiB = NaN } = costs[i] ?? {}
  return `| ${name} | ${(cpuShare * 100).toFixed(1)} % | ${memoryMiB.toFixed(1)} |`
})
const costHeader = ['| What it costs | of a processor | memory (MiB) |', '| --- | --- | --- |']
for (const line of [...costHeader, ...costRows, '']) t.comment(`measured: ${line}`)
const kernel = execFileSync('uname', ['-r'], { encoding: 'utf8' }).trim()
const versions = [...new Set(results.map(({ name, version }) => `${name.replace(/,.*/, '')} ${version}`))].join(', ')
const date = new Date().toISOString().slice(0, 10)
t.comment(`measured: ${date}, ${rounds} rounds, Linux ${kernel}, ${versions}, Node.js ${process.version}.`)
