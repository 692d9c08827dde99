import t from 'tap'
import { createTestKernel } from '../lib/testing/index.js'
import type { Ipvs } from '../lib/handle.js'
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../lib/types.js'

const key = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
const key6 = { protocol: 'udp', address: '2001:db8::100', port: 53 } as const
const spec = { ...key, scheduler: 'wlc' } as const
const mark = { firewallMark: 7, family: 'ipv4' } as const
const server = { address: '10.0.0.1', port: 80 } as const
const direct = { ...server, forwarding: 'direct' } as const
const tunnel = { ...server, forwarding: 'tunnel' } as const

const TYPE = 'ERR_INVALID_ARG_TYPE'
const VALUE = 'ERR_INVALID_ARG_VALUE'
const RANGE = 'ERR_OUT_OF_RANGE'

/** A wrong value in one place, the code, and the start of the message: `field: expected ..., found value`. */
type Case = readonly [wrong: unknown, code: string, message: RegExp]

const wrongKeys: readonly Case[] = [
  [undefined, TYPE, /^service: expected an object, found undefined$/],
  [null, TYPE, /^service: expected an object, found null$/],
  ['tcp 192.0.2.100:80', TYPE, /^service: expected an object, found 'tcp 192/],
  [[key], TYPE, /^service: expected an object, found \[/],
  [{}, TYPE, /^service\.address: expected an IPv4 or IPv6 address .*, found undefined$/],
  [{ ...key, adress: '192.0.2.1' }, VALUE, /^service: expected one of the fields protocol, .*, found 'adress'$/],
  [{ ...key, protocol: undefined }, TYPE, /^service\.protocol: expected one of tcp, udp, sctp, found undefined$/],
  [{ ...key, protocol: 'TCP' }, VALUE, /^service\.protocol: expected one of tcp, udp, sctp, found 'TCP'$/],
  [{ ...key, protocol: 6 }, TYPE, /^service\.protocol: .*, found 6$/],
  [{ ...key, protocol: 'protocol-65536' }, VALUE, /^service\.protocol: .*, found 'protocol-65536'$/],
  [{ ...key, protocol: 'protocol-06' }, VALUE, /^service\.protocol: .*, found 'protocol-06'$/],
  [{ ...key, protocol: '__proto__' }, VALUE, /^service\.protocol: .*, found '__proto__'$/],
  [{ ...key, address: 3221225985 }, TYPE, /^service\.address: .*, found 3221225985$/],
  [{ ...key, address: '192.0.2.0/24' }, VALUE, /^service\.address: .*, found '192\.0\.2\.0\/24'$/],
  [{ ...key, address: '[2001:db8::1]' }, VALUE, /^service\.address: .* without brackets or zone, found '\[2001/],
  [{ ...key, address: 'fe80::1%eth0' }, VALUE, /^service\.address: .*, found 'fe80::1%eth0'$/],
  [{ ...key, address: 'x'.repeat(200) }, VALUE, /^service\.address: .{0,150}$/],
  [{ ...key, port: undefined }, TYPE, /^service\.port: expected an integer from 0 to 65535, found undefined$/],
  [{ ...key, port: '80' }, TYPE, /^service\.port: .*, found '80'$/],
  [{ ...key, port: 80n }, TYPE, /^service\.port: .*, found 80n$/],
  [{ ...key, port: 65536 }, RANGE, /^service\.port: .*, found 65536$/],
  [{ ...key, port: -1 }, RANGE, /^service\.port: .*, found -1$/],
  [{ ...key, port: 80.5 }, RANGE, /^service\.port: .*, found 80\.5$/],
  [{ ...key, port: NaN }, RANGE, /^service\.port: .*, found NaN$/],
  [{ ...key, port: Infinity }, RANGE, /^service\.port: .*, found Infinity$/],
  [{ ...key, family: 'ipv4' }, VALUE, /^service\.family: expected nothing beside an address, .*, found 'ipv4'$/],
  [{ ...mark, firewallMark: 0 }, RANGE, /^service\.firewallMark: expected an integer from 1 to 4294967295, found 0$/],
  [{ ...mark, firewallMark: 2 ** 32 }, RANGE, /^service\.firewallMark: .*, found 4294967296$/],
  [{ ...mark, firewallMark: '7' }, TYPE, /^service\.firewallMark: .*, found '7'$/],
  [{ firewallMark: 7 }, TYPE, /^service\.family: expected "ipv4" or "ipv6" beside firewallMark, found undefined$/],
  [{ ...mark, family: 4 }, TYPE, /^service\.family: .*, found 4$/],
  [{ ...mark, family: 'inet' }, VALUE, /^service\.family: .*, found 'inet'$/],
  [{ ...mark, ...key }, VALUE, /^service\.protocol: expected nothing beside firewallMark, found 'tcp'$/],
  [{ ...mark, port: 80 }, VALUE, /^service\.port: expected nothing beside firewallMark, found 80$/],
]

const wrongServices: readonly Case[] = [
  [key, TYPE, /^service\.scheduler: expected the name of a scheduler, such as "wlc", found undefined$/],
  [{ ...spec, scheduler: 1 }, TYPE, /^service\.scheduler: .*, found 1$/],
  [{ ...spec, scheduler: '' }, VALUE, /^service\.scheduler: .*, found ''$/],
  [{ ...spec, scheduler: 'a'.repeat(16) }, VALUE, /^service\.scheduler: .* at most 15 bytes, found 'a{16}'$/],
  [{ ...spec, scheduler: 'r\0r' }, VALUE, /^service\.scheduler: .*, found 'r\\x00r'$/],
  [{ ...spec, scheduler: 'r\u{142}' }, VALUE, /^service\.scheduler: .*, found 'r\u{142}'$/u],
  [{ ...spec, schedulerFlags: 'flag-1' }, TYPE, /^service\.schedulerFlags: expected an array of .*, found 'flag-1'$/],
  [{ ...spec, schedulerFlags: ['flag-1', 'flag-4'] }, VALUE, /^service\.schedulerFlags\[1\]: .*, found 'flag-4'$/],
  [{ ...spec, schedulerFlags: ['toString'] }, VALUE, /^service\.schedulerFlags\[0\]: .*, found 'toString'$/],
  [{ ...spec, onePacket: 'yes' }, TYPE, /^service\.onePacket: expected true or false, found 'yes'$/],
  [{ ...spec, persistence: true }, TYPE, /^service\.persistence: expected an object, found true$/],
  [{ ...spec, persistence: { timeout: 5 } }, VALUE, /^service\.persistence: expected one of the fields .*'timeout'$/],
  [{ ...spec, persistence: { timeoutSeconds: '5' } }, TYPE, /^service\.persistence\.timeoutSeconds: .*, found '5'$/],
  [{ ...spec, persistence: { timeoutSeconds: -1 } }, RANGE, /^service\.persistence\.timeoutSeconds: .*, found -1$/],
  [{ ...spec, persistence: { prefixLength: 33 } }, RANGE, /^service\.persistence\.prefixLength: .* to 32, found 33$/],
  [
    { ...key6, scheduler: 'rr', persistence: { prefixLength: 0 } },
    RANGE,
    /^service\.persistence\.prefixLength: expected an integer from 1 to 128, found 0$/,
  ],
  [{ ...key6, scheduler: 'rr', persistence: { prefixLength: 129 } }, RANGE, /prefixLength: .* to 128, found 129$/],
  [
    { ...spec, persistence: { prefixLength: 24, netmask: '255.255.255.0' } },
    VALUE,
    /^service\.persistence\.netmask: expected nothing beside prefixLength, found '255\.255\.255\.0'$/,
  ],
  [{ ...spec, persistence: { netmask: 24 } }, TYPE, /^service\.persistence\.netmask: .*, found 24$/],
  [{ ...spec, persistence: { netmask: '/24' } }, VALUE, /^service\.persistence\.netmask: .*, found '\/24'$/],
  [{ ...spec, persistence: { netmask: '::1' } }, VALUE, /^service\.persistence\.netmask: .*, found '::1'$/],
  [
    { ...key6, scheduler: 'rr', persistence: { netmask: '255.0.0.0' } },
    VALUE,
    /^service\.persistence\.netmask: expected prefixLength instead, for IPv6, found '255\.0\.0\.0'$/,
  ],
  [{ ...spec, persistence: { engine: '' } }, VALUE, /^service\.persistence\.engine: .*, found ''$/],
]

/** The kernel may hold such services: only their creation is refused. */
const notToBeCreated: readonly Case[] = [
  [{ ...spec, protocol: 'protocol-47' }, VALUE, /^service\.protocol: expected one of tcp, udp, sctp, found 'protoc/],
  [{ ...spec, protocol: 'protocol-0' }, VALUE, /^service\.protocol: .*, found 'protocol-0'$/],
  [{ ...spec, protocol: 'protocol-300' }, VALUE, /^service\.protocol: .*, found 'protocol-300'$/],
  [{ ...spec, address: '::ffff:192.0.2.1' }, VALUE, /^service\.address: expected the IPv4 address itself, found '::f/],
  [{ ...spec, port: 0 }, VALUE, /^service\.port: expected 1 to 65535 \(0, every port, needs persistence\), found 0$/],
  [{ ...spec, ...key6, port: 0 }, VALUE, /^service\.port: .* needs persistence\), found 0$/],
  [{ ...spec, scheduler: 'My LB' }, VALUE, /^service\.scheduler: expected a name of a-z, 0-9, _ and -, found 'My LB'$/],
  [{ ...spec, persistence: { timeoutSeconds: 0 } }, RANGE, /^service\.persistence\.timeoutSeconds: .* 1 .*, found 0$/],
  [
    { ...spec, persistence: { timeoutSeconds: 4294968 } },
    RANGE,
    /^service\.persistence\.timeoutSeconds: expected an integer from 1 to 4294967, found 4294968$/,
  ],
  [{ ...spec, persistence: { prefixLength: 0 } }, RANGE, /^service\.persistence: expected a prefixLength from 1 to 32/],
  [
    { ...spec, persistence: { netmask: '0.0.0.0' } },
    RANGE,
    /^service\.persistence: .* a netmask that is not 0\.0\.0\.0/,
  ],
  [{ ...spec, persistence: { engine: 'SIP' } }, VALUE, /^service\.persistence\.engine: .*, found 'SIP'$/],
  [{ ...spec, persistence: { engine: 'sip' } }, VALUE, /^service\.persistence\.engine: expected sip with UDP only/],
  [{ ...spec, address: '0.0.0.0' }, VALUE, /^service\.address: expected the address of one host, found '0\.0\.0\.0'$/],
  [{ ...spec, address: 'ff02::1' }, VALUE, /^service\.address: expected the address of one host, found 'ff02::1'$/],
  [
    { ...spec, onePacket: true },
    VALUE,
    /^service\.onePacket: expected nothing unless the protocol is udp, found true$/,
  ],
  [
    { ...spec, schedulerFlags: ['flag-1', 'bit-31'], persistence: {} },
    VALUE,
    /^service\.schedulerFlags: .*, found 'bit-31'$/,
  ],
  [
    { ...spec, schedulerFlags: ['bit-7'] },
    VALUE,
    /^service\.schedulerFlags: expected only flag-1, flag-2, flag-3, found 'bit-7'$/,
  ],
  [{ ...spec, idlePersistence: {} }, VALUE, /^service\.idlePersistence: expected nothing where a service is made/],
]

const wrongServerKeys: readonly Case[] = [
  [undefined, TYPE, /^destination: expected an object, found undefined$/],
  [{ ...server, host: 'a' }, VALUE, /^destination: expected one of the fields address, .*, found 'host'$/],
  [{ port: 80 }, TYPE, /^destination\.address: .*, found undefined$/],
  [{ ...server, address: 'web1' }, VALUE, /^destination\.address: .*, found 'web1'$/],
  [{ ...server, port: undefined }, TYPE, /^destination\.port: .*, found undefined$/],
  [{ ...server, port: 70000 }, RANGE, /^destination\.port: expected an integer from 0 to 65535, found 70000$/],
]

const wrongServers: readonly Case[] = [
  [server, TYPE, /^destination\.forwarding: expected one of masquerade, local, .*, found undefined$/],
  [{ ...server, forwarding: 'dr' }, VALUE, /^destination\.forwarding: .*, found 'dr'$/],
  [{ ...server, forwarding: 'method-8' }, VALUE, /^destination\.forwarding: .*, found 'method-8'$/],
  [{ ...direct, weight: null }, TYPE, /^destination\.weight: .*, found null$/],
  [{ ...direct, weight: -1 }, RANGE, /^destination\.weight: expected an integer from 0 to 2147483647, found -1$/],
  [{ ...direct, weight: 2 ** 31 }, RANGE, /^destination\.weight: .*, found 2147483648$/],
  [{ ...direct, limits: 5 }, TYPE, /^destination\.limits: expected an object, found 5$/],
  [{ ...direct, limits: {} }, TYPE, /^destination\.limits\.upper: .*, found undefined$/],
  [{ ...direct, limits: { upper: 0 } }, RANGE, /^destination\.limits\.upper: expected an integer from 1 .*, found 0$/],
  [{ ...direct, limits: { upper: 5, lower: 0 } }, RANGE, /^destination\.limits\.lower: .* from 1 .*, found 0$/],
  [{ ...direct, limits: { upper: 2 ** 32 } }, RANGE, /^destination\.limits\.upper: .*, found 4294967296$/],
  [{ ...direct, limits: { upper: 5, max: 6 } }, VALUE, /^destination\.limits: .* upper, lower, found 'max'$/],
  [
    { ...direct, encapsulation: { type: 'ipip' } },
    VALUE,
    /^destination\.encapsulation: expected nothing unless forwarding is tunnel, found \{ type: 'ipip' \}$/,
  ],
  [{ ...tunnel, encapsulation: 'gue' }, TYPE, /^destination\.encapsulation: expected an object, found 'gue'$/],
  [{ ...tunnel, encapsulation: {} }, TYPE, /^destination\.encapsulation\.type: .* ipip, gue, gre, found undefined$/],
  [{ ...tunnel, encapsulation: { type: 'vxlan' } }, VALUE, /^destination\.encapsulation\.type: .*, found 'vxlan'$/],
  [
    { ...tunnel, encapsulation: { type: 'gue', port: 65536 } },
    RANGE,
    /^destination\.encapsulation\.port: .*, found 65536$/,
  ],
  [
    { ...tunnel, encapsulation: { type: 'gre', checksum: true } },
    TYPE,
    /^destination\.encapsulation\.checksum: expected one of none, full, remote, found true$/,
  ],
]

const serversNotToBeAdded: readonly Case[] = [
  [{ ...direct, address: '0.0.0.0' }, VALUE, /^destination\.address: expected the address of one host, found '0\.0/],
  [{ ...direct, address: '224.0.0.1' }, VALUE, /^destination\.address: .*, found '224\.0\.0\.1'$/],
  [{ ...direct, address: '255.255.255.255' }, VALUE, /^destination\.address: .*, found '255/],
  [{ ...tunnel, address: '::' }, VALUE, /^destination\.address: .*, found '::'$/],
  [
    { ...tunnel, address: '::ffff:10.0.0.1' },
    VALUE,
    /^destination\.address: expected the IPv4 address itself, found '::/,
  ],
  [{ ...direct, address: '2001:db8::1' }, VALUE, /^destination\.address: expected the service's address family/],
  [{ ...direct, port: 8080 }, VALUE, /^destination\.port: expected the service's port 80 with direct .*, found 8080$/],
  [{ ...tunnel, port: 8080 }, VALUE, /^destination\.port: expected the service's port 80 with tunnel .*, found 8080$/],
  [{ ...server, forwarding: 'method-5' }, VALUE, /^destination\.forwarding: .*, found 'method-5'$/],
  [{ ...server, forwarding: 'method-6' }, VALUE, /^destination\.forwarding: .*, found 'method-6'$/],
  [{ ...server, forwarding: 'method-7' }, VALUE, /^destination\.forwarding: .*, found 'method-7'$/],
  [{ ...direct, limits: { upper: 2 ** 31 } }, RANGE, /^destination\.limits\.upper: .* 2147483647, found 2147483648$/],
  [{ ...direct, limits: { upper: 5, lower: 6 } }, RANGE, /^destination\.limits\.lower: .* at most upper, 5, found 6$/],
  [{ ...tunnel, encapsulation: { type: 'type-9' } }, VALUE, /^destination\.encapsulation\.type: .*, found 'type-9'$/],
  [{ ...tunnel, encapsulation: { type: 'gue' } }, VALUE, /^destination\.encapsulation\.port: .* with gue, found 0$/],
  [
    { ...tunnel, encapsulation: { type: 'gre', port: 6080 } },
    VALUE,
    /^destination\.encapsulation\.port: expected nothing with gre, found 6080$/,
  ],
  [
    { ...tunnel, encapsulation: { type: 'gre', checksum: 'remote' } },
    VALUE,
    /^destination\.encapsulation\.checksum: expected none, full with gre, found 'remote'$/,
  ],
  [
    { ...tunnel, encapsulation: { type: 'ipip', checksum: 'full' } },
    VALUE,
    /^destination\.encapsulation\.checksum: expected none with ipip, found 'full'$/,
  ],
  [
    { ...direct, idleEncapsulation: { type: 'gre' } },
    VALUE,
    /^destination\.idleEncapsulation: expected nothing where a destination is made/,
  ],
]

const wrongWeights: readonly Case[] = [
  [undefined, TYPE, /^weight: expected an integer from 0 to 2147483647, found undefined$/],
  ['1', TYPE, /^weight: .*, found '1'$/],
  [-1, RANGE, /^weight: .*, found -1$/],
  [0.5, RANGE, /^weight: .*, found 0\.5$/],
]

const wrongOptions: readonly Case[] = [
  [null, TYPE, /^options: expected an object, found null$/],
  [5, TYPE, /^options: expected an object, found 5$/],
  [new AbortController().signal, TYPE, /^options: expected an object such as \{ signal \}, found AbortSignal/],
  [{ singal: AbortSignal.abort() }, VALUE, /^options: expected one of the fields signal, found 'singal'$/],
  [{ signal: null }, TYPE, /^signal: expected an AbortSignal, found null$/],
  [{ signal: new AbortController() }, TYPE, /^signal: expected an AbortSignal, found AbortController/],
]

// Of calls that take more than a signal: the first one names more fields.
const wrongMoreOptions = wrongOptions.filter(([, , message]) => !message.source.includes('one of the fields'))
const wrongTableOptions: readonly Case[] = [
  ...wrongMoreOptions,
  [{ exakt: true }, VALUE, /^options: expected one of the fields signal, exact, found 'exakt'$/],
  [{ exact: 1 }, TYPE, /^exact: expected true or false, found 1$/],
]
const wrongConnectionsOptions: readonly Case[] = [
  ...wrongMoreOptions,
  [{ limit: -1 }, RANGE, /^limit: expected an integer from 0 to \d+, found -1$/],
  [{ limit: '10' }, TYPE, /^limit: expected an integer/],
]

const wrongTimeouts: readonly Case[] = [
  [null, TYPE, /^timeouts: expected an object, found null$/],
  [{ tcp: 1 }, VALUE, /^timeouts: expected one of the fields tcpSeconds, tcpFinSeconds, udpSeconds, found 'tcp'$/],
  [{ tcpSeconds: 0 }, RANGE, /^timeouts\.tcpSeconds: expected an integer from 1 to 21474836, found 0$/],
  [{ tcpFinSeconds: 1.5 }, RANGE, /^timeouts\.tcpFinSeconds: /],
  [{ udpSeconds: 21474837 }, RANGE, /^timeouts\.udpSeconds: /],
  [{ udpSeconds: '300' }, TYPE, /^timeouts\.udpSeconds: /],
]

const daemon = { role: 'master', interface: 'eth0', syncId: 1 } as const
const wrongRoles: readonly Case[] = [
  [undefined, TYPE, /: expected master or backup, found undefined$/],
  ['slave', VALUE, /: expected master or backup, found 'slave'$/],
  ['role-3', VALUE, /: expected master or backup, found 'role-3'$/],
  ['role-1', VALUE, /: expected master or backup, found 'role-1'$/],
]
const wrongDaemons: readonly Case[] = [
  [undefined, TYPE, /^daemon: expected an object/],
  [{ ...daemon, id: 1 }, VALUE, /^daemon: expected one of the fields role, interface, .*, found 'id'$/],
  ...wrongRoles.map(([role, code, message]): Case => [{ ...daemon, role }, code, message]),
  [{ ...daemon, interface: '' }, VALUE, /^daemon\.interface: expected the name of a network interface/],
  [{ ...daemon, interface: 'x'.repeat(16) }, VALUE, /^daemon\.interface: .* at most 15 bytes/],
  [{ ...daemon, interface: 'eth0/x' }, VALUE, /^daemon\.interface: /],
  [{ ...daemon, interface: '..' }, VALUE, /^daemon\.interface: /],
  [{ ...daemon, syncId: 256 }, RANGE, /^daemon\.syncId: expected an integer from 0 to 255, found 256$/],
  [{ ...daemon, syncId: undefined }, TYPE, /^daemon\.syncId: /],
  [{ ...daemon, maxLength: 0 }, RANGE, /^daemon\.maxLength: expected an integer from 1 to 65507, found 0$/],
  [{ ...daemon, multicast: 8848 }, TYPE, /^daemon\.multicast: expected an object/],
  [{ ...daemon, multicast: { group: '192.0.2.1' } }, VALUE, /^daemon\.multicast\.group: expected a multicast address/],
  [{ ...daemon, multicast: { group: '255.255.255.255' } }, VALUE, /^daemon\.multicast\.group: /],
  [{ ...daemon, multicast: { group: 'ff02::1%eth0' } }, VALUE, /^daemon\.multicast\.group: /],
  [{ ...daemon, multicast: { port: 65536 } }, RANGE, /^daemon\.multicast\.port: expected an integer from 1 to 65535/],
  [{ ...daemon, multicast: { ttl: 0 } }, RANGE, /^daemon\.multicast\.ttl: expected an integer from 1 to 255, found 0$/],
]

async function all(of: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const found: unknown[] = []
  for await (const one of of) found.push(one)
  return found
}

type Call = (ipvs: Ipvs, wrong: never) => Promise<unknown>
const methods: readonly (readonly [name: string, call: Call, cases: readonly Case[]])[] = [
  ['service', (ipvs, wrong) => ipvs.service(wrong), wrongKeys],
  ['addService', (ipvs, wrong) => ipvs.addService(wrong), [...wrongKeys, ...wrongServices, ...notToBeCreated]],
  ['updateService', (ipvs, wrong) => ipvs.updateService(wrong), [...wrongKeys, ...wrongServices]],
  ['removeService', (ipvs, wrong) => ipvs.removeService(wrong), wrongKeys],
  ['destinations', (ipvs, wrong) => ipvs.destinations(wrong), wrongKeys],
  ['addDestination, service', (ipvs, wrong) => ipvs.addDestination(wrong, direct), wrongKeys],
  [
    'addDestination',
    (ipvs, wrong) => ipvs.addDestination(key, wrong),
    [...wrongServerKeys, ...wrongServers, ...serversNotToBeAdded],
  ],
  ['updateDestination, service', (ipvs, wrong) => ipvs.updateDestination(wrong, direct), wrongKeys],
  ['updateDestination', (ipvs, wrong) => ipvs.updateDestination(key, wrong), [...wrongServerKeys, ...wrongServers]],
  ['removeDestination, service', (ipvs, wrong) => ipvs.removeDestination(wrong, server), wrongKeys],
  ['removeDestination', (ipvs, wrong) => ipvs.removeDestination(key, wrong), wrongServerKeys],
  ['setWeight, service', (ipvs, wrong) => ipvs.setWeight(wrong, server, 1), wrongKeys],
  ['setWeight, destination', (ipvs, wrong) => ipvs.setWeight(key, wrong, 1), wrongServerKeys],
  ['setWeight', (ipvs, wrong) => ipvs.setWeight(key, server, wrong), wrongWeights],
  ['services, options', (ipvs, wrong) => ipvs.services(wrong), wrongOptions],
  ['service, options', (ipvs, wrong) => ipvs.service(key, wrong), wrongOptions],
  ['addService, options', (ipvs, wrong) => ipvs.addService(spec, wrong), wrongOptions],
  ['updateService, options', (ipvs, wrong) => ipvs.updateService(spec, wrong), wrongOptions],
  ['removeService, options', (ipvs, wrong) => ipvs.removeService(key, wrong), wrongOptions],
  ['destinations, options', (ipvs, wrong) => ipvs.destinations(key, wrong), wrongOptions],
  ['addDestination, options', (ipvs, wrong) => ipvs.addDestination(key, direct, wrong), wrongOptions],
  ['updateDestination, options', (ipvs, wrong) => ipvs.updateDestination(key, direct, wrong), wrongOptions],
  ['removeDestination, options', (ipvs, wrong) => ipvs.removeDestination(key, server, wrong), wrongOptions],
  ['setWeight, options', (ipvs, wrong) => ipvs.setWeight(key, server, 1, wrong), wrongOptions],
  ['table, options', (ipvs, wrong) => ipvs.table(wrong), wrongTableOptions],
  ['entries, options', (ipvs, wrong) => all(ipvs.entries(wrong)), wrongOptions],
  ['zero', (ipvs, wrong) => ipvs.zero(wrong), wrongKeys],
  ['zero, options', (ipvs, wrong) => ipvs.zero(key, wrong), wrongOptions],
  ['zeroAll, options', (ipvs, wrong) => ipvs.zeroAll(wrong), wrongOptions],
  ['timeouts, options', (ipvs, wrong) => ipvs.timeouts(wrong), wrongOptions],
  ['setTimeouts', (ipvs, wrong) => ipvs.setTimeouts(wrong), wrongTimeouts],
  ['setTimeouts, options', (ipvs, wrong) => ipvs.setTimeouts({}, wrong), wrongOptions],
  ['syncDaemons, options', (ipvs, wrong) => ipvs.syncDaemons(wrong), wrongOptions],
  ['startSyncDaemon', (ipvs, wrong) => ipvs.startSyncDaemon(wrong), wrongDaemons],
  ['startSyncDaemon, options', (ipvs, wrong) => ipvs.startSyncDaemon(daemon, wrong), wrongOptions],
  ['stopSyncDaemon', (ipvs, wrong) => ipvs.stopSyncDaemon(wrong), wrongRoles],
  ['stopSyncDaemon, options', (ipvs, wrong) => ipvs.stopSyncDaemon('master', wrong), wrongOptions],
  ['connections, options', (ipvs, wrong) => all(ipvs.connections(wrong)), wrongConnectionsOptions],
  ['sysctls, options', (ipvs, wrong) => ipvs.sysctls(wrong), wrongOptions],
  ['flush, options', (ipvs, wrong) => ipvs.flush(wrong), wrongOptions],
  ['info, options', (ipvs, wrong) => ipvs.info(wrong), wrongOptions],
]

t.test('a wrong argument is refused before anything is sent', async (t) => {
  for (const [name, call, cases] of methods) {
    await t.test(name, async (t) => {
      const kernel = createTestKernel()
      for (const [wrong, code, message] of cases) {
        const error: unknown = await call(kernel.open(), wrong as never).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        t.match(error, { name: code === RANGE ? 'RangeError' : 'TypeError', code, message })
      }
      t.equal(kernel.writes, 0)
    })
  }
})

t.test('what another program may have made is no wrong argument to update, remove and read', async (t) => {
  const ipvs = createTestKernel().open()
  for (const [service] of notToBeCreated) {
    const odd = service as ServiceSpec
    t.equal(await ipvs.service(odd), undefined)
    for (const call of [() => ipvs.updateService(odd), () => ipvs.removeService(odd)])
      await t.rejects(call, { code: 'IPVS_SERVICE_NOT_FOUND' })
  }
  for (const [destination] of serversNotToBeAdded) {
    const odd = destination as DestinationSpec
    for (const call of [() => ipvs.updateDestination(key, odd), () => ipvs.removeDestination(key, odd)])
      await t.rejects(call, { code: 'IPVS_SERVICE_NOT_FOUND' })
  }
})

t.test('an optional field may be undefined', async (t) => {
  const ipvs = createTestKernel().open()
  const open = { schedulerFlags: undefined, persistence: undefined, onePacket: undefined }
  await ipvs.addService({ ...spec, ...open, firewallMark: undefined, family: undefined }, { signal: undefined })
  const persistence = { timeoutSeconds: undefined, prefixLength: undefined, netmask: undefined, engine: undefined }
  await ipvs.updateService({ ...spec, persistence }, {})
  await ipvs.addDestination(key, { ...direct, encapsulation: undefined, weight: undefined, limits: undefined })
  const encapsulation = { type: 'ipip', port: undefined, checksum: undefined } as const
  await ipvs.updateDestination(key, { ...tunnel, encapsulation, limits: { upper: 1, lower: undefined } })
  t.match(await ipvs.table(undefined), [{ service: spec, destinations: [tunnel] }])
})

/** The object behind getters, each counted and none to be read twice. */
function counted<T extends object>(fields: T, reads: Map<string, number>, path = ''): T {
  const object = {}
  for (const [name, value] of Object.entries(fields)) {
    const at = `${path}${name}`
    const shown: unknown = isRecord(value) ? counted(value, reads, `${at}.`) : value
    const get = () => {
      reads.set(at, (reads.get(at) ?? 0) + 1)
      return shown
    }
    Object.defineProperty(object, name, { get, enumerable: true })
  }
  return Object.freeze(object) as T
}

function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

t.test('each field is read once: a getter cannot show the check one value and the kernel another', async (t) => {
  const ipvs = createTestKernel().open()
  const service = { ...spec, schedulerFlags: ['flag-1'], persistence: { timeoutSeconds: 9 }, onePacket: false } as const
  const destination = {
    ...tunnel,
    encapsulation: { type: 'gue', port: 6080 },
    weight: 3,
    limits: { upper: 9 },
  } as const
  const once = async (what: string, call: (of: ServiceKey & ServiceSpec, to: DestinationSpec) => Promise<unknown>) => {
    const reads = new Map<string, number>()
    await call(counted(service, reads, 'service.'), counted(destination, reads, 'destination.'))
    t.same(
      [...reads].filter(([, times]) => times !== 1),
      [],
      what,
    )
    t.ok(reads.size > 0)
  }
  await once('addService', (of) => ipvs.addService(of))
  await once('updateService', (of) => ipvs.updateService(of))
  await once('service', (of) => ipvs.service(of))
  await once('addDestination', (of, to) => ipvs.addDestination(of, to))
  await once('updateDestination', (of, to) => ipvs.updateDestination(of, to))
  await once('setWeight', (of, to) => ipvs.setWeight(of, to, 0))
  await once('destinations', (of) => ipvs.destinations(of))
  await once('removeDestination', (of, to) => ipvs.removeDestination(of, to))
  await once('removeService', (of) => ipvs.removeService(of))
})

function deepFreeze<T>(value: T): T {
  if (isRecord(value) || Array.isArray(value)) Object.values(value as object).forEach(deepFreeze)
  return Object.freeze(value)
}

t.test("the caller's objects are never touched, and changing them after the call changes nothing", async (t) => {
  const ipvs = createTestKernel().open()
  const frozen = deepFreeze({ ...spec, schedulerFlags: ['flag-1'], persistence: {} } as const)
  await ipvs.addService(frozen)
  await ipvs.addDestination(frozen, deepFreeze({ ...tunnel, encapsulation: { type: 'ipip' }, limits: { upper: 3 } }))
  const changing = { ...spec, scheduler: 'rr' as string, persistence: { timeoutSeconds: 5 } }
  const update = ipvs.updateService(changing)
  changing.scheduler = 'nonsense'
  changing.persistence.timeoutSeconds = -1
  await update
  t.match(await ipvs.service(key), { scheduler: 'rr', persistence: { timeoutSeconds: 5 } })
})

t.test('what somebody put on Object.prototype is no field', async (t) => {
  const ipvs = createTestKernel().open()
  const polluted = Object.prototype as { persistence?: object }
  polluted.persistence = {}
  try {
    await ipvs.addService(spec)
  } finally {
    delete polluted.persistence
  }
  t.equal((await ipvs.service(key))?.persistence, undefined)
})

t.test('the options of a test kernel are checked', async (t) => {
  t.throws(() => createTestKernel({ schedulers: 3 } as never), { code: 'ERR_INVALID_ARG_TYPE' })
  t.throws(() => createTestKernel({ scheduler: ['rr'] } as never), { code: 'ERR_INVALID_ARG_VALUE' })
  const ipvs = createTestKernel({ schedulers: ['rr'] }).open()
  await t.rejects(ipvs.addService({ ...spec, scheduler: 'wlc' }), { code: 'IPVS_MODULE_NOT_FOUND' })
})
