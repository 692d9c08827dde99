import t from 'tap'
import { announcedVips } from '../src/announce/vips.js'
import type { Config } from '../src/config.js'
import { config, service } from './tables.js'

const vip = service.address
type States = Readonly<Record<string, number>>

/** A service at the VIP with servers of these states and weights in the kernel, as the snapshot has it. */
function one(
  port: number,
  states: States,
  changed: { readonly short?: boolean; readonly quorum?: number; readonly vipHere?: boolean } = {},
) {
  const servers = Object.entries(states).map(([name, weight], i) => ({
    server: `192.0.2.1${i}:80`,
    state: name.replace(/\d/, ''),
    weight,
    configuredWeight: 1,
  }))
  return { service: `tcp ${vip}:${port}`, address: vip, short: false, vipHere: true, quorum: 1, ...changed, servers }
}

function vips(
  services: readonly ReturnType<typeof one>[],
  {
    before = [],
    sick = false,
    silent = [],
  }: { before?: readonly string[]; sick?: boolean; silent?: readonly number[] } = {},
) {
  const [first] = config(['192.0.2.11']).services as [Config['services'][number]]
  const configured = services.map(({ service }) => {
    const port = Number(service.split(':').at(-1))
    return { ...first, spec: { ...first.spec, port }, announce: silent.includes(port) ? undefined : ('bird' as const) }
  })
  const status = () => ({ services }) as unknown as ReturnType<Parameters<typeof announcedVips>[0]['status']>
  return announcedVips({ config: { services: configured }, status, before: new Set(before), sick })
}

t.test('an address is announced while its service has its quorum', async (t) => {
  t.strictSame(vips([one(80, { online: 1, failed: 0 })]), [vip])
  t.strictSame(vips([one(80, { failed: 0 }, { short: true })], { before: [vip] }), [])
  t.strictSame(vips([one(80, { online: 1, failed: 0 }, { quorum: 2, short: true })]), [], 'or waits for its hysteresis')
  t.strictSame(vips([one(80, { online: 1 }, { vipHere: false })], { before: [vip] }), [], 'it is not on this host')
})

t.test('all services that are announced at an address must have theirs', async (t) => {
  const good = one(80, { online: 1 })
  t.strictSame(vips([good, one(443, { failed: 0 }, { short: true })], { before: [vip] }), [])
  t.strictSame(
    vips([good, one(443, { failed: 0 }, { short: true })], { silent: [443] }),
    [vip],
    'of others nobody is told',
  )
  t.strictSame(vips([good], { silent: [80], before: [vip] }), [], 'nor any more')
})

t.test('what is not known changes nothing', async (t) => {
  const starting = one(80, { unknown: 1 })
  t.strictSame(vips([starting]), [], 'a director that starts has seen nothing yet')
  t.strictSame(vips([starting], { before: [vip] }), [vip], 'a daemon that starts again goes on')
  t.strictSame(vips([one(80, { online: 1, unknown: 1 }, { quorum: 2 })]), [])
  t.strictSame(vips([one(80, { online: 0 })]), [], 'a server that the kernel does not have yet serves nobody')
  t.strictSame(vips([one(80, {})], { before: [vip] }), [vip], 'names are not resolved yet')
})

t.test('a director that is sick announces nothing', async (t) => {
  t.strictSame(vips([one(80, { online: 1 })], { sick: true, before: [vip] }), [])
})
