/** A program as users write it, against the published types: see ../../consumer.test.ts. */
import { apply, diff, drain, IpvsError, open, schedulers, toJSON, watch, type Ipvs, type Table } from 'ipvs'
import { createMonitor, http, icmp, tcp, type HealthEvent, type Target } from 'ipvs/health'
import { formatRules, ipvsadm, parseRules, RulesError } from 'ipvs/ipvsadm'
import { openPing, type Ping } from 'ipvs/system'
import { createTestKernel } from 'ipvs/testing'

interface Options {
  // With exactOptionalPropertyTypes these are two types; both can be passed through.
  weight?: number
  signal?: AbortSignal | undefined
}

export async function program(options: Options): Promise<string> {
  const ipvs: Ipvs = options.weight === 0 ? createTestKernel().open() : await open({ namespace: undefined })
  const service = { protocol: 'tcp', address: '192.0.2.100', port: 80, scheduler: schedulers[0] } as const
  const server = { address: '192.0.2.1', port: 80, forwarding: 'direct', weight: options.weight } as const
  const plan = diff(await ipvs.table({ signal: options.signal }), [{ service, destinations: [server] }])
  try {
    await apply(ipvs, plan, { signal: options.signal })
  } catch (error) {
    if (IpvsError.is(error, 'IPVS_MODULE_NOT_FOUND')) return error.code
    throw error
  }
  for await (const { table, changes } of watch(ipvs, { intervalMs: 1000, signal: options.signal })) {
    if (changes.length > 0) return JSON.stringify(table satisfies Table, toJSON)
  }
  const ping: Ping = openPing()
  const check = options.weight === 1 ? tcp() : options.weight === 2 ? icmp({ ping }) : http({ path: '/' })
  const monitor = createMonitor<Target>([server], { check })
  for await (const { state, target } of monitor as AsyncIterable<HealthEvent<Target>>) {
    if (state === 'down') await drain(ipvs, service, target, { timeoutMs: 1000 })
  }
  try {
    const status: number = await ipvsadm(['-R'], { stdin: formatRules(await parseRules('')), stdout: process.stdout })
    if (status > 0) return formatRules(await ipvs.table())
  } catch (error) {
    if (error instanceof RulesError) return `${error.line}: ${error.message}`
  }
  await ipvs[Symbol.asyncDispose]()
  return 'done'
}
