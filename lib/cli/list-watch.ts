/** `ipvs list --watch`: the table again and again on a terminal, its changes elsewhere. */
import { timeOfDay } from '../command-line/refresh.js'
import { headLine } from '../command-line/screen.js'
import { paintFor } from '../command-line/style.js'
import { isTerminal } from '../command-line/terminal.js'
import { systemClock, type Clock } from '../health/clock.js'
import { toJSON } from '../json.js'
import { serviceName } from '../keys.js'
import { serviceKey } from '../validate.js'
import { watchBy } from '../watch.js'
import { isOn, Status, type Call, type Io } from './command.js'
import { findTable, readTable, showTable, sortTable } from './list.js'
import { showChange } from './plan-words.js'
import { intervalOf, refresh } from './refresh.js'
import { serviceWord } from './words.js'
import type { Ipvs } from '../handle.js'
import type { Change } from '../plan.js'
import type { ServiceKey, Table } from '../types.js'

/** Goes on until the user wants an end. */
export async function watchTable(call: Call, io: Io, ipvs: Ipvs, only: ServiceKey | undefined): Promise<number> {
  return watchTableBy(systemClock, call, io, ipvs, only)
}

/** The same, by any clock. */
export async function watchTableBy(
  clock: Clock,
  call: Call,
  io: Io,
  ipvs: Ipvs,
  only: ServiceKey | undefined,
): Promise<number> {
  const intervalMs = intervalOf(call)
  // A service that is not there is a slip of the pen now; later it has been removed, and may come back.
  if (only) await readTable(ipvs, only, io.signal)
  if (isOn(call, 'json') || !isTerminal(io)) return tellChanges(clock, call, io, ipvs, only)
  return refresh(clock, io, { intervalMs }, async (canvas, signal) => [
    headLine(['ipvs list', timeOfDay()], intervalMs, canvas),
    { text: '' },
    ...linesOf(await findTable(ipvs, only, signal), only).map((text) => ({ text })),
  ])
}

/** The table, then each change as it comes. */
async function tellChanges(
  clock: Clock,
  call: Call,
  io: Io,
  ipvs: Ipvs,
  only: ServiceKey | undefined,
): Promise<number> {
  const options = { intervalMs: intervalOf(call), signal: io.signal }
  const isWanted = selects(only)
  const paint = paintFor(io)
  const isJson = isOn(call, 'json')
  const writeLine = (line: string) => io.stdout.write(`${line}\n`)
  const writeJson = (value: Table | Change) => writeLine(JSON.stringify(value, toJSON))
  let isFirst = true
  for await (const { table, changes } of watchBy(clock, ipvs, options)) {
    if (isFirst) {
      const shown = sortTable(table.filter(({ service }) => isWanted(service)))
      if (isJson) writeJson(shown)
      else [...linesOf(shown, only), ''].forEach(writeLine)
      isFirst = false
    }
    for (const change of changes.filter((change) => isWanted(serviceOf(change)))) {
      if (isJson) writeJson(change)
      else showChange(change, paint).forEach(writeLine)
    }
  }
  return Status.ok
}

function linesOf(table: Table, only: ServiceKey | undefined): readonly string[] {
  if (only && table.length === 0) return [`no service ${serviceWord(only)}`]
  return showTable(table).trimEnd().split('\n')
}

function selects(only: ServiceKey | undefined): (service: ServiceKey) => boolean {
  if (!only) return () => true
  const nameOf = (service: ServiceKey) => serviceName(serviceKey(service))
  const wanted = nameOf(only)
  return (service) => nameOf(service) === wanted
}

function serviceOf(change: Change): ServiceKey {
  return 'of' in change ? change.of : change.service
}
