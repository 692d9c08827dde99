/**
 * What this library costs by itself, on the faked kernel of bench/fake: `node bench-faked.mjs TASK ROUND`, one process a round.
 * It prints a sample a line.
 */
import { apply, diff, open, type Ipvs } from '../lib/index.js'
import { largestGap } from './gaps.js'
import { median, quantile } from './statistics.js'
import { destinationAt, rowsOf, serviceAt, tableOf, type Size } from './table.js'
import { growthSizes, nameOf, type Name, type Workload } from './workloads.js'
import type { Sample } from './samples.js'

const [task = '', round = ''] = process.argv.slice(2)
const size = { services: 1_000, destinations: 10 }
/** Rounds of one kind in a process, before and while it is measured. */
const warm = 5
const repeats = 15

function print(workload: Workload, name: string, measure: string, value: number, contestant: Name = 'ours'): void {
  const sample: Sample = { workload, case: name, measure, contestant, round: Number(round), value }
  console.log(JSON.stringify(sample))
}

async function weight(): Promise<void> {
  const few = { services: 1, destinations: 10 }
  for (const contestant of ['ours', 'here'] as const) {
    const ipvs = await open(contestant === 'here' ? { onCallingThread: true } : {})
    await ipvs.flush()
    await apply(ipvs, diff([], tableOf(few)))
    const us: number[] = []
    for (let i = 0; i < 3_000; i++) {
      const start = performance.now()
      await ipvs.updateDestination(serviceAt(0), destinationAt(few, 0, 0, 2 + (i % 2)))
      us.push((performance.now() - start) * 1_000)
    }
    print('W2', 'faked kernel', 'p50', quantile(us.slice(1_000), 0.5), contestant)
    print('W2', 'faked kernel', 'p99', quantile(us.slice(1_000), 0.99), contestant)
    await ipvs.close()
  }
}

async function gaps(): Promise<void> {
  const ipvs = await open()
  const desired = tableOf(size)
  const plan = diff([], desired)
  const found: Record<string, number[]> = { idle: [], apply: [], entries: [], table: [], diff: [] }
  for (let i = 0; i < warm + repeats; i++) {
    await ipvs.flush()
    const of: Record<string, number> = {
      idle: (await largestGap(() => new Promise((resolve) => setTimeout(resolve, 50)))).gap,
      apply: (await largestGap(() => apply(ipvs, plan))).gap,
      entries: (await largestGap(() => stream(ipvs))).gap,
      table: (await largestGap(() => ipvs.table())).gap,
    }
    const current = await ipvs.table()
    const start = performance.now()
    diff(current, desired)
    of.diff = (performance.now() - start) * 1_000
    if (i >= warm) for (const [name, value] of Object.entries(of)) found[name]?.push(value)
  }
  for (const [name, values] of Object.entries(found)) print('W5', 'faked kernel', name, median(values))
  await ipvs.close()
}

async function stream(ipvs: Ipvs): Promise<void> {
  for await (const { destinations } of ipvs.entries()) if (destinations.length === 0) throw new Error('an empty entry')
}

/** Microseconds for a row, from nothing. */
async function growth(): Promise<void> {
  const ipvs = await open()
  const grow = async (one: Size) => {
    await ipvs.flush()
    const start = performance.now()
    await apply(ipvs, diff([], tableOf(one)))
    const add = (performance.now() - start) * 1_000
    const again = performance.now()
    const rows = (await ipvs.table()).reduce((sum, { destinations }) => sum + 1 + destinations.length, 0)
    if (rows !== rowsOf(one)) throw new Error(`expected ${rowsOf(one)} rows, found ${rows}`)
    return { add: add / rows, read: ((performance.now() - again) * 1_000) / rows }
  }
  for (let i = 0; i < warm; i++) await grow(size)
  for (const number of growthSizes) {
    for (const one of [
      { services: 1, destinations: number },
      { services: number, destinations: 1 },
    ]) {
      const each = []
      // Small tables are repeated: one of them is a few microseconds.
      for (let i = 0; i < (number < 1_000 ? repeats : warm); i++) each.push(await grow(one))
      print('growth', `faked kernel ${nameOf(one)}`, 'add per row', median(each.map(({ add }) => add)))
      print('growth', `faked kernel ${nameOf(one)}`, 'read per row', median(each.map(({ read }) => read)))
    }
  }
  await ipvs.close()
}

/** In MiB, of a process that does nothing else. The table was there from the beginning. */
async function memory(): Promise<void> {
  const ipvs = await open()
  const desired = tableOf({ services: 10_000, destinations: 5 })
  const plan = diff(await ipvs.table(), desired)
  if (plan.changes.length > 0) throw new Error(`expected no change, found ${plan.changes.length}`)
  await apply(ipvs, plan)
  print('memory', '10,000 × 5', 'resident', process.memoryUsage().rss / 2 ** 20)
  print('memory', '10,000 × 5', 'largest', process.resourceUsage().maxRSS / 2 ** 10)
  await ipvs.close()
}

const tasks: Readonly<Record<string, () => Promise<void>>> = { weight, gaps, growth, memory }
await tasks[task]?.()
