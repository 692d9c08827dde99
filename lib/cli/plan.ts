/** `ipvs plan` */
import { diff } from '../diff.js'
import { IpvsError } from '../errors.js'
import { toJSON } from '../json.js'
import { CliError, isOn, Status, textOf, type Call, type Io } from './command.js'
import { showPlan } from './plan-lines.js'
import { paintFor } from '../command-line/style.js'
import { fileWord, readTableFile } from './table-file.js'
import type { Ipvs } from '../handle.js'
import type { Plan } from '../plan.js'
import type { DesiredTable, Table } from '../types.js'

export async function run(call: Call, io: Io): Promise<number> {
  return withPlan(call, io, (plan) => {
    if (isOn(call, 'json')) io.stdout.write(`${JSON.stringify(plan, toJSON, 2)}\n`)
    else writePlan(call, io, plan)
    return plan.changes.length > 0 ? Status.pending : Status.ok
  })
}

/** Calls back with what would make the table what the file says, and the handle on it, which it closes then. */
export async function withPlan(
  call: Call,
  io: Io,
  use: (plan: Plan, ipvs: Ipvs) => number | Promise<number>,
): Promise<number> {
  const [file = ''] = call.operands
  const desired = await readTableFile(file, io)
  const ipvs = await io.open(textOf(call, 'namespace'))
  try {
    return await use(planFor(file, await readCurrent(ipvs, io), desired, isOn(call, 'prune')), ipvs)
  } finally {
    await ipvs.close()
  }
}

export function writePlan(call: Call, io: Io, plan: Plan): void {
  const lines = showPlan(plan, paintFor(io, textOf(call, 'color')))
  io.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

async function readCurrent(ipvs: Ipvs, { stderr, signal }: Io): Promise<Table> {
  try {
    return await ipvs.table({ exact: true, signal })
  } catch (error) {
    if (!IpvsError.is(error, 'IPVS_INTERRUPTED')) throw error
    stderr.write(
      'ipvs: the table changes all the time; the plan is made from one reading, and may have missed something\n',
    )
    return ipvs.table({ signal })
  }
}

/** What is wrong in the file is told with the file's name. */
function planFor(file: string, current: Table, desired: DesiredTable, prune: boolean): Plan {
  try {
    return diff(current, desired, prune ? { owned: 'everything' } : {})
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError) || !('code' in error)) throw error
    throw new CliError(`${fileWord(file)}: ${error.message}`)
  }
}
