/** Every forwarding method carries real traffic from a client, through the VIP, to real servers. */
import t from 'tap'
import type { DestinationSettings, Ipvs, ServiceKey } from '../../lib/index.js'
import { createLan, type Addresses, type Host, type Lan } from '../../rig/lan.js'
import { startClient } from '../../rig/cluster.js'
import { openIn, run } from './namespace.js'

// Slow enough for an emulated machine: each fetch is a new connection between three node processes.
const fetchEveryMs = 250
// None is lost here: a busy machine may take its time.
const patienceMs = 20_000

const gueEncapsulation = { type: 'gue', port: 6080 } as const
const lan: Lan = await createLan({ reals: 3, guePort: gueEncapsulation.port })
t.teardown(() => lan.close())
const [director] = lan.directors as [Host]
const names = ['real1', 'real2', 'real3']
await Promise.all(lan.reals.map((real) => lan.webServer(real, 80)))

/** As many bodies of answers to the client as asked for. */
async function fetch(vip: string, count: number): Promise<readonly string[]> {
  const client = startClient(lan, `http://${vip.includes(':') ? `[${vip}]` : vip}/`, fetchEveryMs, patienceMs)
  await client.first(() => client.entries.length >= count)
  await client.stop()
  return client.entries.slice(0, count).map(({ body, error }) => body ?? `no answer: ${error}`)
}

const kernelsTable = async () =>
  (await run('ip', ['netns', 'exec', director.namespace, 'cat', '/proc/net/ip_vs'])).stdout

async function balance(
  ipvs: Ipvs,
  service: ServiceKey,
  family: keyof Addresses,
  settings: DestinationSettings,
): Promise<void> {
  await ipvs.addService({ ...service, scheduler: 'rr' })
  await Promise.all(
    lan.reals.map((real) => ipvs.addDestination(service, { address: real[family], port: 80, ...settings })),
  )
}

const { direct, masquerade } = lan
const methods: readonly {
  readonly name: string
  readonly vip: string
  readonly family: keyof Addresses
  readonly settings: DestinationSettings
  readonly shown: string
}[] = [
  { name: 'direct routing', vip: direct.vip.ipv4, family: 'ipv4', settings: { forwarding: 'direct' }, shown: 'Route' },
  {
    name: 'direct routing, IPv6',
    vip: direct.vip.ipv6,
    family: 'ipv6',
    settings: { forwarding: 'direct' },
    shown: 'Route',
  },
  { name: 'an IPIP tunnel', vip: direct.vip.ipv4, family: 'ipv4', settings: { forwarding: 'tunnel' }, shown: 'Tunnel' },
  {
    name: 'a GUE tunnel',
    vip: direct.vip.ipv4,
    family: 'ipv4',
    settings: { forwarding: 'tunnel', encapsulation: gueEncapsulation },
    shown: 'Tunnel',
  },
  {
    name: 'masquerading',
    vip: masquerade.vip.ipv4,
    family: 'ipv4',
    settings: { forwarding: 'masquerade' },
    shown: 'Masq',
  },
  {
    name: 'masquerading, IPv6',
    vip: masquerade.vip.ipv6,
    family: 'ipv6',
    settings: { forwarding: 'masquerade' },
    shown: 'Masq',
  },
]

for (const { name, vip, family, settings, shown } of methods) {
  t.test(`${name} carries traffic to every real server`, async (t) => {
    const ipvs = await openIn(t, director.namespace)
    const service = { protocol: 'tcp', address: vip, port: 80 } as const
    await balance(ipvs, service, family, settings)
    t.same([...(await fetch(vip, 6))].sort(), [...names, ...names].sort())
    t.match(await kernelsTable(), new RegExp(`-> \\S+ +${shown} +1 `))
    await ipvs.flush()
  })
}

t.test('persistence keeps a client on its real server until that is removed', async (t) => {
  const ipvs = await openIn(t, director.namespace)
  const vip = direct.vip.ipv4
  const service = { protocol: 'tcp', address: vip, port: 80 } as const
  await balance(ipvs, service, 'ipv4', { forwarding: 'direct' })
  await ipvs.updateService({ ...service, scheduler: 'rr', persistence: { timeoutSeconds: 300 } })
  t.match(await kernelsTable(), /rr +persistent 75000 FFFFFFFF/, '300 s of 250 ticks')
  const before = new Set(await fetch(vip, 6))
  t.equal(before.size, 1)
  const pinned = lan.reals[names.indexOf([...before][0] ?? '')] as Host
  await ipvs.setWeight(service, { address: pinned.ipv4, port: 80 }, 0)
  t.same(new Set(await fetch(vip, 3)), before, 'weight 0 keeps its clients')
  await ipvs.removeDestination(service, { address: pinned.ipv4, port: 80 })
  const after = new Set(await fetch(vip, 6))
  t.equal(after.size, 1)
  t.not([...after][0], [...before][0])
  await ipvs.flush()
})

t.test('counters and connections are those of the kernel', async (t) => {
  const ipvs = await openIn(t, director.namespace)
  const vip = direct.vip.ipv4
  const service = { protocol: 'tcp', address: vip, port: 80 } as const
  await balance(ipvs, service, 'ipv4', { forwarding: 'direct' })
  await fetch(vip, 6)
  const counted = async () => {
    const destinations = await ipvs.destinations(service)
    return destinations.reduce((sum, { connections }) => sum + connections.active + connections.inactive, 0)
  }
  t.ok((await counted()) >= 6, 'live')
  // The kernel copies totals every 2 s.
  const deadline = Date.now() + 10_000
  while (((await ipvs.service(service))?.stats.total.connections ?? 0n) < 6n && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const stats = (await ipvs.service(service))?.stats
  t.ok((stats?.total.connections ?? 0n) >= 6n)
  t.ok((stats?.total.bytesIn ?? 0n) > 0n)
  await ipvs.flush()
})
