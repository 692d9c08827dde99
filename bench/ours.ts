/**
 * This library through its public API: one process for the whole contest, as a director's that has been up for a while. It is
 * warmed up by some of every kind of work, and has done each job once before it counts (bench/contest.ts).
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { apply, diff, open, type Ipvs, type OpenOptions, type RequestTrace } from '../lib/index.js'
import { largestGap } from './gaps.js'
import { destinationAt, oneInAHundred, rowsOf, serviceAt, tableOf, type Size } from './table.js'

/** What is asked, in a namespace that is there. */
export interface Task extends Size {
  readonly what: keyof typeof tasks
  readonly namespace: string
  readonly repeats: number
  /** Whether the handle is one on the calling thread. */
  readonly onCallingThread: boolean
}
/** Durations in microseconds by name, those of repeats in order, and how many rows the last reading had. */
export interface Answer {
  readonly us: Readonly<Record<string, readonly number[]>>
  readonly rows?: number
  /** What was sent to carry out a change of one in a hundred. */
  readonly messages?: number
}

const tasks = {
  /** What is not measured: each time a table of so many rows, read twice, and 1,000 weights. */
  async warm(ipvs: Ipvs, size: Task): Promise<Answer> {
    const desired = tableOf(size)
    const destination = destinationAt(size, 0, 0)
    for (let i = 0; i < size.repeats; i++) {
      await ipvs.flush()
      await apply(ipvs, diff([], desired))
      await apply(ipvs, diff(await ipvs.table(), desired))
      for await (const entry of ipvs.entries()) countRows([entry])
      await repeated(500, (weight) => ipvs.updateDestination(serviceAt(0), { ...destination, weight }))
      await repeated(500, (weight) => ipvs.setWeight(serviceAt(0), destination, weight))
    }
    return { us: {} }
  },

  /** Calls of one turn. */
  async servers(ipvs: Ipvs, { services, destinations }: Task): Promise<Answer> {
    await ipvs.addService({ ...serviceAt(0), scheduler: 'rr' })
    const service = serviceAt(0)
    const specs = Array.from({ length: destinations }, (_, i) => destinationAt({ services, destinations }, 0, i))
    const us = await timed(() => Promise.all(specs.map((spec) => ipvs.addDestination(service, spec))))
    return { us: { add: [us] } }
  },

  async apply(ipvs: Ipvs, size: Task): Promise<Answer> {
    const desired = tableOf(size)
    const add = await timed(() => apply(ipvs, diff([], desired)))
    const pass = await timed(() => ipvs.table())
    const same = await timed(async () => apply(ipvs, diff(await ipvs.table(), desired)))
    const changed = tableOf(size, oneInAHundred)
    const writes = countWrites()
    const change = await timed(async () => apply(ipvs, diff(await ipvs.table(), changed)))
    return { us: { add: [add], pass: [pass], same: [same], change: [change] }, messages: writes.end() }
  },

  /** From nothing alone. */
  async add(ipvs: Ipvs, size: Task): Promise<Answer> {
    const desired = tableOf(size)
    return { us: { add: [await timed(() => apply(ipvs, diff([], desired)))] } }
  },

  async weight(ipvs: Ipvs, size: Task): Promise<Answer> {
    await apply(ipvs, diff([], tableOf(size)))
    const service = serviceAt(0)
    const us = await repeated(size.repeats, (i) =>
      ipvs.updateDestination(service, destinationAt(size, 0, 0, 2 + (i % 2))),
    )
    return { us: { weight: us } }
  },

  async setWeight(ipvs: Ipvs, size: Task): Promise<Answer> {
    await apply(ipvs, diff([], tableOf(size)))
    const service = serviceAt(0)
    const destination = destinationAt(size, 0, 0)
    return { us: { weight: await repeated(size.repeats, (i) => ipvs.setWeight(service, destination, 2 + (i % 2))) } }
  },

  async read(ipvs: Ipvs, size: Task): Promise<Answer> {
    await apply(ipvs, diff([], tableOf(size)))
    let rows = 0
    const us = await repeated(size.repeats, async () => {
      rows = countRows(await ipvs.table())
    })
    return { us: { read: us }, rows }
  },

  async entries(ipvs: Ipvs, size: Task): Promise<Answer> {
    await apply(ipvs, diff([], tableOf(size)))
    let rows = 0
    const us = await repeated(size.repeats, async () => {
      rows = 0
      for await (const entry of ipvs.entries()) rows += countRows([entry])
    })
    return { us: { read: us }, rows }
  },

  /** The largest gap of a 1 ms timer, in microseconds too. */
  async gaps(ipvs: Ipvs, size: Task): Promise<Answer> {
    const desired = tableOf(size)
    const plan = diff([], desired)
    const applying = await largestGap(() => apply(ipvs, plan))
    const reading = await largestGap(() => ipvs.table())
    const streaming = await largestGap(async () => {
      for await (const entry of ipvs.entries()) countRows([entry])
    })
    const idle = await largestGap(() => new Promise((resolve) => setTimeout(resolve, streaming.took / 1000)))
    const gap = (of: { readonly gap: number }) => [of.gap]
    return { us: { idle: gap(idle), apply: gap(applying), table: gap(reading), entries: gap(streaming) } }
  },
}

function countRows(entries: readonly { readonly destinations: readonly unknown[] }[]): number {
  return entries.reduce((sum, { destinations }) => sum + 1 + destinations.length, 0)
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await work()
  return (performance.now() - start) * 1000
}

async function repeated(times: number, work: (i: number) => Promise<unknown>): Promise<readonly number[]> {
  const us: number[] = []
  for (let i = 0; i < times; i++) us.push(await timed(() => work(i)))
  return us
}

function countWrites() {
  let count = 0
  const onMessage = (message: unknown) => {
    if ((message as RequestTrace).write) count++
  }
  subscribe('ipvs:request', onMessage)
  return {
    end() {
      unsubscribe('ipvs:request', onMessage)
      return count
    },
  }
}

async function carryOut(task: Task): Promise<Answer> {
  const { what, namespace, onCallingThread } = task
  const options: OpenOptions = { namespace, ...(onCallingThread && { onCallingThread }) }
  const ipvs = await open(options)
  try {
    const answer = await tasks[what](ipvs, task)
    if (answer.rows !== undefined && answer.rows !== rowsOf(task)) throw new Error(`found ${answer.rows} rows`)
    return answer
  } finally {
    await ipvs.close()
  }
}

process.on('message', (task: Task) => {
  carryOut(task).then(
    (answer) => process.send?.({ answer }),
    (error: unknown) => process.send?.({ error: String(error) }),
  )
})
