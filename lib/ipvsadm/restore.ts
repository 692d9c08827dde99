/** `ipvsadm -R --atomic`: all lines are checked before anything is sent, then what differs is changed; all of it or nothing. */
import { apply } from '../apply.js'
import { diff } from '../diff.js'
import { IpvsApplyError, IpvsError } from '../errors.js'
import type { Ipvs } from '../handle.js'
import { createIpvs } from '../ipvs.js'
import type { DesiredTable, Table } from '../types.js'
import { Failure, refusedStatus } from './failure.js'
import { desiredBy, rehearse, RulesError } from './rules.js'
import type { Context } from './run.js'
import { readText } from './streams.js'

/** Carries the rules out on the table that there is. */
export async function restoreAtomically(context: Context): Promise<number> {
  return restoreOnto(context, (table) => table)
}

/** Makes the table what the rules make of an empty one; what is the same stays untouched. */
export async function replaceAtomically(context: Context): Promise<number> {
  return restoreOnto(context, () => [])
}

async function restoreOnto({ kernel, streams, names }: Context, base: (table: Table) => Table): Promise<number> {
  const rules = await readText(streams.stdin)
  const ipvs = createIpvs(await kernel.session())
  try {
    const before = await ipvs.table({ exact: true })
    await change(ipvs, before, await desiredBy(await rehearse(rules, base(before), names)))
    return 0
  } catch (error) {
    if (error instanceof RulesError) throw new Failure(`${error.message}; nothing was changed`, error.status)
    if (IpvsError.is(error) || error instanceof TypeError || error instanceof RangeError) {
      throw new Failure(error.message, refusedStatus)
    }
    throw error
  }
}

async function change(ipvs: Ipvs, before: Table, desired: DesiredTable): Promise<void> {
  try {
    await apply(ipvs, diff(before, desired, { owned: 'everything' }))
  } catch (error) {
    if (!(error instanceof IpvsApplyError)) throw error
    const refusals = error.result.failed.map(({ error }) => error.message).join('\n')
    throw new Failure(`${refusals}\n${await putBack(ipvs, before)}`, refusedStatus)
  }
}

/** Undoes what was done before the first failure. What it tells is the outcome. */
async function putBack(ipvs: Ipvs, before: Table): Promise<string> {
  try {
    await apply(ipvs, diff(await ipvs.table({ exact: true }), before, { owned: 'everything' }))
    return 'nothing was changed: what had been done before is undone'
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return `what had been done before could not be undone, look at the table: ${reason}`
  }
}
