/** `ipvs apply` */
import { apply } from '../apply.js'
import { IpvsApplyError, type Applied } from '../errors.js'
import { toJSON } from '../json.js'
import { CliError, isOn, Status, type Call, type Io } from './command.js'
import { countChanges } from './plan-lines.js'
import { withPlan, writePlan } from './plan.js'
import type { Ipvs } from '../handle.js'
import type { Plan } from '../plan.js'

export async function run(call: Call, io: Io): Promise<number> {
  const json = isOn(call, 'json')
  return withPlan(call, io, async (plan, ipvs) => {
    if (!json) writePlan(call, io, plan)
    const result = await carryOut(ipvs, plan, io.signal)
    if (json) io.stdout.write(`${JSON.stringify({ plan, result: presentResult(result) }, toJSON, 2)}\n`)
    return report(result, io, json)
  })
}

async function carryOut(ipvs: Ipvs, plan: Plan, signal: AbortSignal): Promise<Applied> {
  try {
    return await apply(ipvs, plan, { signal })
  } catch (error) {
    if (error instanceof IpvsApplyError) return error.result
    if (!signal.aborted || error !== signal.reason) throw error
    throw new CliError('interrupted: part of it may be done; the same command again does the rest', Status.interrupted)
  }
}

/** Errors have no JSON of their own. */
function presentResult({ failed, ...rest }: Applied): object {
  const presented = failed.map(({ change, error: { code, operation, message, errno, errnoName } }) => ({
    change,
    error: { code, operation, message, errno, errnoName },
  }))
  return { ...rest, failed: presented }
}

function report({ applied, failed, notAttempted }: Applied, { stdout, stderr }: Io, json: boolean): number {
  const all = applied.length + failed.length + notAttempted.length
  if (failed.length === 0) {
    const { add, update, remove } = countChanges(applied)
    if (!json && all > 0) stdout.write(`done: ${add} added, ${update} changed, ${remove} removed\n`)
    return Status.ok
  }
  for (const { error } of failed) stderr.write(`ipvs: ${error.message}\n`)
  throw new CliError(
    `${failed.length} of ${all} changes failed, ${notAttempted.length} not attempted, ${applied.length} done; ` +
      'once the cause is gone, the same command again does the rest',
  )
}
