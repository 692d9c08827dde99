/**
 * The in-memory kernel and this one carry out the same commands at random, and answer alike. Reproduce a run, or make a longer
 * one: NODE_IPVS_SEED=N NODE_IPVS_STEPS=N node test/run.mjs kernels random
 */
import { constants } from 'node:os'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { destinationName, serviceName } from '../../lib/keys.js'
import { FakeKernel } from '../../lib/testing/fake-session.js'
import { schedulers } from '../../lib/types.js'
import { Command, type Reply, type Request, type Session } from '../../lib/records.js'
import { decodeReplies, encodeRequests } from '../../lib/wire.js'
import { requests } from '../requests.js'
import { addInterface, makeNamespace, sessionIn } from './namespace.js'

const { NODE_IPVS_SEED, NODE_IPVS_STEPS } = process.env
const seed = NODE_IPVS_SEED === undefined ? Math.floor(Math.random() * 0x7fffffff) : Number(NODE_IPVS_SEED)
const steps = Number(NODE_IPVS_STEPS ?? 10_000)
const batch = 64

const { EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE, ESRCH } = constants.errno
const errnos = [0, EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE, ESRCH]

async function sessions(t: Test): Promise<{ readonly kernel: Session; readonly double: Session }> {
  const namespace = await makeNamespace(t)
  await addInterface(namespace, 'eth0')
  return { kernel: sessionIn(t, namespace), double: new FakeKernel(schedulers).session() }
}

async function ask(session: Session, requests: readonly Request[]): Promise<readonly Reply[]> {
  return decodeReplies(await session.request(encodeRequests(requests)), requests.length)
}

/** What a reply says, counters and the size of the connection table aside. The kernel lists services by their hash. */
function told({ error, stage, services, destinations, infos, daemons, timeouts }: Reply): string {
  return text({
    error,
    stage,
    services: services.map(({ service }) => text(service)).sort(),
    destinations: destinations.map(({ destination }) => destination),
    versions: infos.map(({ version }) => version),
    daemons,
    timeouts,
  })
}

/** JSON, addresses in hexadecimal. */
function text(value: unknown): string {
  const short = (_key: string, of: unknown) => (of instanceof Uint8Array ? Buffer.from(of).toString('hex') : of)
  return JSON.stringify(value, short)
}

interface Difference {
  /** Which of the requests. */
  readonly step: number
  readonly kernel: string
  readonly double: string
}

/** The first answer in which the two differ; `seen` gets the errnos before it. */
async function firstDifference(
  t: Test,
  given: readonly Request[],
  seen = new Set<number>(),
): Promise<Difference | undefined> {
  const { kernel, double } = await sessions(t)
  for (let start = 0; start < given.length; start += batch) {
    const some = given.slice(start, start + batch)
    const [ours, theirs] = await Promise.all([ask(double, some), ask(kernel, some)])
    for (const [i, reply] of ours.entries()) {
      const answers = { double: told(reply), kernel: told(theirs[i] as Reply) }
      if (answers.double !== answers.kernel) return { step: start + i, ...answers }
      seen.add(reply.error)
    }
  }
  return undefined
}

/** Leaves out what is not needed for two answers to differ, large parts first, for a minute at most. */
async function shortest(t: Test, differing: readonly Request[]): Promise<readonly Request[]> {
  const end = performance.now() + 60_000
  let kept = differing
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = kept.length - 1; at > 0 && performance.now() < end; at = Math.min(at, kept.length) - size) {
      const without = [...kept.slice(0, Math.max(0, at - size)), ...kept.slice(at)]
      const difference = await firstDifference(t, without)
      if (difference) kept = without.slice(0, difference.step + 1)
    }
  }
  return kept
}

const commandName = new Map<number, string>(Object.entries(Command).map(([name, number]) => [number, name]))

function describe(request: Request): string {
  const { command, service, destination } = request
  const name = commandName.get(command) ?? `command ${command}`
  const object = [service && serviceName(service), destination && destinationName(destination)].filter(Boolean)
  return `${name} ${object.join(' > ')} ${text(request)}`
}

t.test(`${steps} commands at random are answered alike, seed ${seed}`, async (t) => {
  const given = fc.sample(requests, { seed, numRuns: steps })
  const seen = new Set<number>()
  const difference = await firstDifference(t, given, seen)
  if (!difference) {
    // Fewer steps may not come to all of them.
    const met = errnos.filter((errno) => seen.has(errno))
    return void t.same(steps < 10_000 ? errnos : met, errnos, `seed ${seed}: all refusals were met`)
  }
  const needed = await shortest(t, given.slice(0, difference.step + 1))
  const found = await firstDifference(t, needed)
  t.same(
    found?.double ?? difference.double,
    found?.kernel ?? difference.kernel,
    `seed ${seed}, step ${difference.step}`,
  )
  t.comment(needed.map(describe).join('\n'))
})
