/** Maglev hashing (mh): what makes two directors' tables the same, and that the daemon's order of servers does. */
import t from 'tap'
import { insertions } from '../../examples/failover-daemon/src/places.js'
import { Writer } from '../../examples/failover-daemon/src/writes.js'
import { config } from '../../examples/failover-daemon/test/tables.js'
import type { Ipvs } from '../../lib/index.js'
import { makeNamespace, openIn, run } from './namespace.js'

const service = { protocol: 'udp', address: '198.51.100.100', port: 53 } as const
const addresses = ['11', '12', '13', '14', '15'].map((last) => `198.51.100.${last}`)
const flows = 800

/** The configuration of a service whose servers keep their places. */
function hashing(servers: readonly string[]) {
  const made = config(servers, { onFailure: 'quiesce' })
  const spec = { ...service, scheduler: 'mh', schedulerFlags: ['flag-1', 'flag-2'] } as const
  return {
    ...made,
    services: made.services.map((one) => ({
      ...one,
      spec,
      servers: servers.map((address) => ({ address, port: 53, weight: 1, forwarding: 'masquerade' as const })),
    })),
  }
}
const configured = hashing(addresses)

interface Director {
  readonly namespace: string
  readonly ipvs: Ipvs
  readonly weigh: (last: number, weight: number) => Promise<void>
  /** What a full round of the daemon does. */
  readonly inPlaces: (of?: typeof configured) => Promise<void>
}

/** A director with the service, its real servers on an interface of its own. */
async function makeDirector(t: Parameters<typeof makeNamespace>[0]): Promise<Director> {
  const namespace = await makeNamespace(t)
  const ip = run('ip', ['-n', namespace, '-batch', '-'])
  ip.child.stdin?.end([service.address, ...addresses].map((address) => `address add ${address}/32 dev lo\n`).join(''))
  await ip
  const ipvs = await openIn(t, namespace)
  await ipvs.addService({ ...service, scheduler: 'mh', schedulerFlags: ['flag-1', 'flag-2'] })
  const silent = { info: () => {}, warn: () => {}, error: () => {}, debug: () => {} }
  const writer = new Writer({
    ipvs,
    log: silent,
    episodes: { report: (_: string, failures: readonly object[]) => t.same(failures, []) } as never,
    configured: () => new Set(),
  })
  return {
    namespace,
    ipvs,
    weigh: (last, weight) => ipvs.setWeight(service, { address: `198.51.100.${last}`, port: 53 }, weight),
    inPlaces: async (of = configured) => void (await writer.insert(insertions(of, await ipvs.table()))),
  }
}

/** Where each flow went, by the client's port. */
async function serversOf({ namespace, ipvs }: Director): Promise<ReadonlyMap<number, string>> {
  const program = ['rig/udp-flows.mjs', service.address, '53', '20000', String(flows)]
  await run('ip', ['netns', 'exec', namespace, process.execPath, ...program])
  const servers = new Map<number, string>()
  for await (const { client, destination } of ipvs.connections()) servers.set(client.port, destination.address)
  return servers
}

const moved = (one: ReadonlyMap<number, string>, other: ReadonlyMap<number, string>) =>
  [...one].filter(([port, server]) => other.get(port) !== server).length

const add = (ipvs: Ipvs, last: number, weight = 1) =>
  ipvs.addDestination(service, { address: `198.51.100.${last}`, port: 53, forwarding: 'masquerade', weight })

/** All of them get clients. */
const allUp = async (director: Director) => {
  for (const last of [11, 12, 13, 14, 15]) await director.weigh(last, 1)
}

t.test('directors with other histories send the same flows to the same servers', async (t) => {
  const fresh = await makeDirector(t)
  await fresh.inPlaces()
  await allUp(fresh)
  const expected = await serversOf(fresh)
  t.equal(expected.size, flows)
  t.equal(new Set(expected.values()).size, 5, 'spread over all servers, by the port')

  const lived = await makeDirector(t)
  for (const last of [14, 12, 15, 11]) await add(lived.ipvs, last)
  await lived.inPlaces(hashing(['198.51.100.14', '198.51.100.12', '198.51.100.15', '198.51.100.11']))
  await lived.weigh(12, 0)
  await lived.ipvs.removeDestination(service, { address: '198.51.100.14', port: 53 })
  await lived.inPlaces()
  t.same(
    (await lived.ipvs.table())[0]?.destinations
      .map(({ address, weight }) => `${address.slice(-2)}:${weight}`)
      .reverse(),
    ['11:1', '12:0', '13:0', '14:0', '15:1'],
  )
  await allUp(lived)
  t.equal(moved(expected, await serversOf(lived)), 0)
})

t.test('without that order some flows find another server', async (t) => {
  const director = await makeDirector(t)
  for (const last of [15, 14, 13, 12, 11]) await add(director.ipvs, last)
  const ordered = await makeDirector(t)
  await ordered.inPlaces()
  await allUp(ordered)
  const count = moved(await serversOf(ordered), await serversOf(director))
  t.ok(count > 0 && count < flows / 20, `${count} of ${flows} flows`)
})

t.test('weight 0 moves the flows of that server alone, and a director that started meanwhile agrees', async (t) => {
  const all = await makeDirector(t)
  await all.inPlaces()
  await allUp(all)
  const before = await serversOf(all)

  const failing = await makeDirector(t)
  await failing.inPlaces()
  await allUp(failing)
  await failing.weigh(13, 0)
  const during = await serversOf(failing)
  const others = [...before].filter(([, server]) => !server.endsWith('.13'))
  t.equal(during.size, flows, 'none is dropped')
  t.equal(moved(new Map(others), during), 0)

  const started = await makeDirector(t)
  await started.inPlaces()
  for (const last of [11, 12, 14, 15]) await started.weigh(last, 1)
  t.equal(
    moved(during, await serversOf(started)),
    0,
    'it has inserted a server that is down at its weight, and then at 0',
  )

  const without = await makeDirector(t)
  for (const last of [11, 12, 13, 14, 15]) await add(without.ipvs, last, last === 13 ? 0 : 1)
  t.ok(moved(during, await serversOf(without)) > flows / 10, 'inserted at weight 0, it would have no place')
})
