/** Requests at random for the kernel and its double: few objects, so that they meet, and values of all kinds. */
import fc from 'fast-check'
import { parseAddress } from '../lib/address.js'
import { AF_INET6, Command, type DaemonRecord, type DestinationRecord } from '../lib/records.js'
import type { Request, ServiceRecord, TimeoutsRecord } from '../lib/records.js'

const uint32 = 0xffffffff
const int32 = 0x7fffffff

interface Endpoint {
  readonly family: number
  readonly address: Uint8Array
  readonly port: number
}

function endpoint(address: string, port: number): Endpoint {
  return { port, ...(parseAddress(address) ?? { family: 0, address: new Uint8Array(16) }) }
}

/** Mostly the first of these, now and then one of the others. */
function mostly<T>(usual: readonly T[], rare: readonly T[], usualWeight = 9): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: usualWeight, arbitrary: fc.constantFrom(...usual) },
    { weight: 1, arbitrary: fc.constantFrom(...rare) },
  )
}

const vip = { protocol: 6, firewallMark: 0, ...endpoint('192.0.2.1', 80) }
const vip6 = { ...vip, ...endpoint('2001:db8::1', 80) }
const marked = { ...vip, ...endpoint('0.0.0.0', 0), protocol: 0 }
type ServiceIdentity = Pick<ServiceRecord, 'family' | 'protocol' | 'address' | 'port' | 'firewallMark'>
const services: fc.Arbitrary<ServiceIdentity> = mostly(
  [vip, vip, vip, vip6, vip6, { ...vip, protocol: 17 }, { ...vip, port: 0 }, { ...marked, firewallMark: 1 }],
  [
    { ...marked, firewallMark: 1, family: AF_INET6 },
    { ...marked, firewallMark: uint32 },
    { ...marked, firewallMark: 1, family: 3 },
    { ...vip, protocol: 0 },
    { ...vip, protocol: 300 },
    { ...vip, family: 3 },
    { ...vip, family: 0 }, // none at all
    { ...vip, ...endpoint('0.0.0.0', 0) },
    { ...vip, ...endpoint('224.0.0.9', 80) },
    { ...vip6, protocol: 17 },
    { ...vip6, ...endpoint('::', 0) },
    { ...vip6, ...endpoint('::ffff:192.0.2.1', 80) },
  ],
  4,
)

const anyNumber = fc.integer({ min: 0, max: uint32 })

function serviceRecords(identity: fc.Arbitrary<ServiceIdentity>): fc.Arbitrary<ServiceRecord> {
  return identity.chain((service) =>
    fc.record<ServiceRecord>({
      ...constants(service),
      // The kernel looks for a module for each unknown name, and changes from one scheduler to another wait for RCU.
      scheduler: fc.oneof(
        { weight: 90, arbitrary: fc.constant('rr') },
        { weight: 8, arbitrary: fc.constantFrom('wlc', 'sh', 'mh', 'none') },
        { weight: 1, arbitrary: fc.constantFrom('abcdefghijklmnop', 'nosuch', '') },
      ),
      engine: fc.oneof(
        { weight: 180, arbitrary: fc.constant('') },
        { weight: 18, arbitrary: fc.constant('sip') },
        { weight: 1, arbitrary: fc.constant('nosuch') },
      ),
      flags: fc.oneof(fc.constantFrom(0, 1, 4, 3, uint32), anyNumber),
      timeout: fc.oneof(fc.constantFrom(0, 60, 17179869, 17179870, 20000000, uint32), anyNumber),
      netmask:
        service.family === AF_INET6
          ? mostly([128, 64, 1], [0, 129, uint32])
          : fc.oneof(fc.constantFrom(uint32, 0xffffff00, 0, 0x00ff00ff), anyNumber),
    }),
  )
}

const server = endpoint('10.0.0.1', 80)
const server6 = endpoint('2001:db8::a', 80)
const servers: fc.Arbitrary<Endpoint> = mostly(
  [server, server, server, server6, { ...server, port: 0 }, endpoint('10.0.0.2', 80), endpoint('127.0.0.1', 80)],
  [
    { ...server, family: 0 }, // that of the service
    { ...server, family: 3 },
    endpoint('0.0.0.0', 80),
    endpoint('255.255.255.255', 80),
    endpoint('224.0.0.1', 80),
    endpoint('240.0.0.1', 80),
    endpoint('127.255.255.255', 80),
    endpoint('::', 80),
    endpoint('::1', 80),
    endpoint('ff02::1', 80),
    endpoint('fe80::a', 80),
    endpoint('fec0::a', 80),
    endpoint('100::a', 80),
    endpoint('::ffff:10.0.0.1', 80),
  ],
  5,
)

/** Linux 6.1.176 takes more than that, 6.1.192 and 6.12 do not. */
const limit = fc.constantFrom(0, 0, 0, 1, 5, int32)
const destinations: fc.Arbitrary<DestinationRecord> = servers.chain((identity) =>
  fc.record<DestinationRecord>({
    ...constants(identity),
    forwarding: mostly([0, 2, 2, 2, 3], [1, 4, 5, 6, 7, 8, 10, uint32], 4),
    weight: mostly([0, 1, 5, int32], [-1, -int32 - 1]),
    upper: limit,
    lower: limit,
    tunnelType: mostly([0, 0, 2], [1, 9, 255]),
    tunnelPort: fc.constantFrom(0, 6080, 65535),
    tunnelFlags: fc.constantFrom(0, 1, 2, 65535),
  }),
)

/** A record whose fields are these, always. */
function constants<T extends object>(of: T): { [K in keyof T]: fc.Arbitrary<T[K]> } {
  const entries = Object.entries(of).map(([name, value]) => [name, fc.constant(value)])
  return Object.fromEntries(entries) as { [K in keyof T]: fc.Arbitrary<T[K]> }
}

const groups: fc.Arbitrary<Pick<DaemonRecord, 'groupFamily' | 'group'>> = mostly(
  ['224.0.0.81', '239.1.1.1', undefined],
  ['ff02::81', '192.0.2.1', '255.255.255.255', '2001:db8::1'],
  3,
).map((text) => {
  const { family, address } = endpoint(text ?? '', 0)
  return { groupFamily: family, group: address }
})
const daemons: fc.Arbitrary<DaemonRecord> = fc
  .tuple(
    groups,
    fc.record({
      role: mostly([1, 2], [0, 3]),
      interface: mostly(['eth0'], ['nosuch', '', 'abcdefghijklmnop'], 12),
      syncId: fc.constantFrom(0, 1, 255, 300, uint32),
      maxLength: fc.constantFrom(0, 0, 1, 1023, 1024, 1472, 65507, 65508, 65535),
      port: fc.constantFrom(0, 8848, 9000),
      ttl: fc.constantFrom(0, 1, 255),
    }),
  )
  .map(([group, rest]) => ({ ...rest, ...group }))

const most = Math.floor(int32 / 250)
const seconds = mostly([0, 0, 1, 900, most], [most + 1, int32, uint32], 15)
const timeouts: fc.Arbitrary<TimeoutsRecord> = fc.record({ tcp: seconds, tcpFin: seconds, udp: seconds })

const bare = (command: Command) => fc.constant<Request>({ command })
const list = (command: Command) => fc.constant<Request>({ command, dump: true })
const onService = (command: Command) => serviceRecords(services).map((service): Request => ({ command, service }))
const onDestination = (command: Command) =>
  fc
    .tuple(serviceRecords(services), destinations)
    .map(([service, destination]): Request => ({ command, service, destination }))
const listOf = (command: Command) =>
  serviceRecords(services).map((service): Request => ({ command, service, dump: true }))

/** Of the commands of the kernel, each about as often as it finds out something. */
export const requests: fc.Arbitrary<Request> = fc.oneof(
  { weight: 120, arbitrary: onService(Command.newService) },
  { weight: 60, arbitrary: onService(Command.setService) },
  { weight: 40, arbitrary: onService(Command.delService) },
  { weight: 70, arbitrary: onService(Command.getService) },
  { weight: 30, arbitrary: list(Command.getService) },
  { weight: 240, arbitrary: onDestination(Command.newDest) },
  { weight: 120, arbitrary: onDestination(Command.setDest) },
  { weight: 70, arbitrary: onDestination(Command.delDest) },
  { weight: 90, arbitrary: listOf(Command.getDest) },
  { weight: 20, arbitrary: daemons.map((daemon): Request => ({ command: Command.newDaemon, daemon })) },
  { weight: 30, arbitrary: daemons.map((daemon): Request => ({ command: Command.delDaemon, daemon })) },
  { weight: 25, arbitrary: list(Command.getDaemon) },
  { weight: 25, arbitrary: timeouts.map((timeouts): Request => ({ command: Command.setConfig, timeouts })) },
  { weight: 25, arbitrary: bare(Command.getConfig) },
  { weight: 10, arbitrary: bare(Command.getInfo) },
  { weight: 25, arbitrary: onService(Command.zero) },
  { weight: 5, arbitrary: bare(Command.zero) },
  { weight: 3, arbitrary: bare(Command.flush) },
  // Nothing that they can answer: a dump of what has none, none of what has only that, and no commands at all.
  { weight: 5, arbitrary: fc.constantFrom(Command.newService, Command.getInfo, Command.flush).chain(list) },
  {
    weight: 5,
    arbitrary: fc.constantFrom(Command.getDest, Command.getDaemon, 14 as Command, 18 as Command).chain(bare),
  },
)
