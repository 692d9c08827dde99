/** `ipvs drain` */
import { drainBy } from '../drain.js'
import { IpvsError } from '../errors.js'
import { systemClock, type Clock } from '../health/clock.js'
import { destinationName } from '../keys.js'
import { destinationKey } from '../validate.js'
import { CliError, isOn, Status, textOf, type Call, type Io } from './command.js'
import { progressOn } from './drain-progress.js'
import { deadlineWords, drainedWords, interruptedWords, restoringCommand } from './drain-words.js'
import { parseDuration, parseServer, parseService, serviceWord } from './words.js'
import type { Ipvs } from '../handle.js'
import type { ConnectionCounts, Destination, DestinationKey, ServiceKey } from '../types.js'

export async function run(call: Call, io: Io): Promise<number> {
  return runBy(systemClock, call, io)
}

/** The same, by any clock. */
export async function runBy(clock: Clock, call: Call, io: Io): Promise<number> {
  const task = readTask(call)
  const ipvs = await io.open(task.namespace)
  try {
    const before = await findServer(ipvs, task, io.signal)
    io.stdout.write(`${await carryOut(clock, ipvs, task, before, io)}\n`)
    return Status.ok
  } finally {
    await ipvs.close()
  }
}

interface Task {
  readonly namespace: string | undefined
  readonly of: ServiceKey
  readonly key: DestinationKey
  readonly timeoutMs: number
  readonly intervalMs: number
  readonly until: 'idle' | 'noActive'
  readonly removes: boolean
}

function readTask(call: Call): Task {
  const [service = '', server = ''] = call.operands
  const of = parseService(service)
  const key = parseServer(server, of)
  const timeoutMs = parseDuration('timeout', textOf(call, 'timeout') ?? '60s')
  const interval = textOf(call, 'interval') ?? '1s'
  const intervalMs = parseDuration('interval', interval)
  if (intervalMs === 0) {
    throw new CliError(`expected --interval of 1ms or more, found ${JSON.stringify(interval)}`, Status.usage)
  }
  const until = isOn(call, 'active') ? 'noActive' : 'idle'
  return { namespace: textOf(call, 'namespace'), of, key, timeoutMs, intervalMs, until, removes: isOn(call, 'remove') }
}

/** As it is before it is drained: its weight is what may be wanted back. */
async function findServer(ipvs: Ipvs, { of, key }: Task, signal: AbortSignal): Promise<Destination> {
  const name = destinationName(destinationKey(key))
  const service = serviceWord(of)
  try {
    const servers = await ipvs.destinations(of, { signal })
    const found = servers.find((server) => destinationName(destinationKey(server)) === name)
    if (found) return found
  } catch (error) {
    if (!IpvsError.is(error, 'IPVS_SERVICE_NOT_FOUND')) throw error
    throw new CliError(`there is no service ${service}; \`ipvs list\` shows those that there are`)
  }
  throw new CliError(`${service} has no server ${name}; \`ipvs list ${service}\` shows those that it has`)
}

/** What there is to say at the end. */
async function carryOut(clock: Clock, ipvs: Ipvs, task: Task, before: Destination, io: Io): Promise<string> {
  const { of, key, timeoutMs, intervalMs, until, removes } = task
  const progress = progressOn(io, of, before, timeoutMs)
  const started = clock.now()
  const end = (left: ConnectionCounts | undefined) => ({ of, before, left, elapsedMs: clock.now() - started })
  let left: ConnectionCounts | undefined
  const onProgress = (counts: ConnectionCounts) => {
    left = counts
    progress.show(counts, clock.now() - started)
  }
  const restore = async () => restoringCommand(of, before, task.namespace)
  try {
    const options = { timeoutMs, intervalMs, until, onProgress, signal: io.signal }
    if ((await drainBy(clock, ipvs, of, key, options)) === 'deadline') {
      throw new CliError(deadlineWords(end(left), await restore()), Status.deadline)
    }
    if (removes) await ipvs.removeDestination(of, key, { signal: io.signal })
    return drainedWords(end(left), removes)
  } catch (error) {
    if (!io.signal.aborted || error !== io.signal.reason) throw error
    throw new CliError(interruptedWords(end(left), await restore()), Status.interrupted)
  } finally {
    progress.close()
  }
}
