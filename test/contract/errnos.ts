/**
 * What the kernel answers at the seam, also to what the API refuses. Each rule has its name here;
 * test/kernel/random.guest.ts holds the in-memory kernel against real ones with far more of this.
 *
 * Not here, because the records cannot say it: attributes that are left out, too long or too short (EINVAL, ERANGE), a mark
 * of 0 (makes TCP 0.0.0.0:0) or without a family (EINVAL): the addon sends each attribute in its length, and no mark of 0.
 * EPERM: test/kernel/refusals.guest.ts.
 */
import type { Test } from 'tap'
import { parseAddress } from '../../lib/address.js'
import { AF_INET, AF_INET6, Command, type DaemonRecord, type DestinationRecord } from '../../lib/records.js'
import type { Request, ServiceRecord, Session } from '../../lib/records.js'
import { destinationKey, serviceKey, serviceSpec } from '../../lib/validate.js'
import { ask, EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE, ESRCH } from './harness.js'
import { http, http6, missing, newDestination, newService, real2, send, type Behaviour } from './harness.js'

type Case = readonly [name: string, errno: number, request: Request]

const sixteen = 'abcdefghijklmnop'
const uint32 = 0xffffffff
const int32 = 0x7fffffff
/** Where nothing is, so that each case that succeeds makes something new. */
let port = 1000

function bytes(address: string): Uint8Array {
  return parseAddress(address)?.address ?? new Uint8Array(16)
}

function service(change: Partial<ServiceRecord> = {}): Request {
  return newService({ port: ++port, ...change })
}

function service6(change: Partial<ServiceRecord> = {}): Request {
  const record = serviceSpec({ ...http6, port: ++port, scheduler: 'rr' })
  return { command: Command.newService, service: { ...record, ...change } }
}

function mark(firewallMark: number, family: number): Request {
  return service({ firewallMark, family, netmask: family === AF_INET ? uint32 : 128 })
}

function destination(change: Partial<DestinationRecord> = {}): Request {
  return newDestination({ port: ++port, ...change })
}

function at(address: string, change: Partial<DestinationRecord> = {}): Request {
  return destination({ family: address.includes(':') ? AF_INET6 : AF_INET, address: bytes(address), ...change })
}

function daemon(command: Command, change: Partial<DaemonRecord> = {}): Request {
  const record = { role: 1, interface: 'eth0', syncId: 7, maxLength: 0, port: 0, ttl: 0, groupFamily: 0 }
  return { command, daemon: { ...record, group: new Uint8Array(16), ...change } }
}
const start = (change: Partial<DaemonRecord> = {}): Request => daemon(Command.newDaemon, change)
const stop = (role: number): Request => daemon(Command.delDaemon, { role })

function group(address: string): Request {
  return start({ groupFamily: address.includes(':') ? AF_INET6 : AF_INET, group: bytes(address) })
}

function timeouts(tcp: number, tcpFin = 0, udp = 0): Request {
  return { command: Command.setConfig, timeouts: { tcp, tcpFin, udp } }
}

const absent = serviceKey(missing)
const inHttp = serviceKey(http)
const elsewhere = destinationKey(real2)

const refusedServices: readonly Case[] = [
  ['a service twice', EEXIST, newService({})],
  ['a service twice, otherwise unlike', EEXIST, newService({ scheduler: 'wlc', flags: 1, timeout: 60 })],
  ['an unknown scheduler', ENOENT, service({ scheduler: 'nosuch' })],
  ['no scheduler', ENOENT, service({ scheduler: '' })],
  ['a scheduler of 16 letters', EINVAL, service({ scheduler: sixteen })],
  ['an unknown engine', ENOENT, service({ engine: 'nosuch' })],
  ['an engine of 16 letters', ENOENT, service({ engine: sixteen })],
  ['an unknown scheduler on update', ENOENT, { ...newService({ scheduler: 'nosuch' }), command: Command.setService }],
  ['an unknown engine on update', ENOENT, { ...newService({ engine: 'nosuch' }), command: Command.setService }],
  ['address family 3', EAFNOSUPPORT, service({ family: 3 })],
  ['a mark of address family 3', EAFNOSUPPORT, mark(9, 3)],
  ['address family 3 on reading', EAFNOSUPPORT, { command: Command.getService, service: { ...inHttp, family: 3 } }],
  ['IPv6 prefix 0', EINVAL, service6({ netmask: 0 })],
  ['IPv6 prefix 129', EINVAL, service6({ netmask: 129 })],
  [
    'IPv6 prefix 0 of a mark',
    EINVAL,
    { ...mark(9, AF_INET6), service: service6({ netmask: 0 }).service as ServiceRecord },
  ],
  ['a missing service on update', ESRCH, { ...service(), command: Command.setService }],
  ['a missing service on removal', ESRCH, { command: Command.delService, service: absent }],
  ['a missing service on reading', ESRCH, { command: Command.getService, service: absent }],
  ['a missing service on zeroing', ESRCH, { command: Command.zero, service: absent }],
  ['a missing service of a new destination', ESRCH, { ...destination(), service: absent }],
  [
    'a missing service on update of a destination',
    ESRCH,
    { ...destination(), command: Command.setDest, service: absent },
  ],
  [
    'a missing service on removal of a destination',
    ESRCH,
    { command: Command.delDest, service: absent, destination: elsewhere },
  ],
  ['no service to make', EINVAL, { command: Command.newService }],
  ['no service to read', EINVAL, { command: Command.getService }],
  ['no service to remove', EINVAL, { command: Command.delService }],
]

const acceptedServices: readonly (readonly [name: string, request: Request])[] = [
  ['port 0 without persistence', service({ port: 0 })],
  ['protocol 0', service({ protocol: 0 })],
  ['protocol 1', service({ protocol: 1 })],
  ['protocol 300', service({ protocol: 300 })],
  ['a multicast VIP', service({ address: bytes('224.0.0.9') })],
  ['the VIP 0.0.0.0', service({ address: bytes('0.0.0.0') })],
  ['the VIP ::', service6({ address: bytes('::') })],
  ['one-packet scheduling of TCP', service({ flags: 4 })],
  ['the engine sip on TCP', service({ flags: 1, timeout: 60, engine: 'sip' })],
  ['the engine sip without persistence', service({ engine: 'sip' })],
  ['all 32 bits of the flags', service({ flags: uint32 })],
  ['persistence of 0 s', service({ flags: 1, timeout: 0 })],
  ['a timeout without persistence', service({ timeout: 60 })],
  ['the mask 0.0.0.0', service({ flags: 1, timeout: 60, netmask: 0 })],
  ['the mask 0.255.0.255', service({ flags: 1, timeout: 60, netmask: 0x00ff00ff })],
  ['a mask without persistence', service({ netmask: 0xff000000 })],
  ['IPv6 prefix 1', service6({ netmask: 1 })],
  ['no scheduler at all', service({ scheduler: 'none' })],
  ['a mark for IPv4', mark(7, AF_INET)],
  ['the same mark for IPv6', mark(7, AF_INET6)],
  ['the highest mark', mark(uint32, AF_INET)],
]

const refusedDestinations: readonly Case[] = [
  ['a destination twice', EEXIST, newDestination({})],
  ['a destination twice, otherwise unlike', EEXIST, newDestination({ forwarding: 0, weight: 9 })],
  ['a missing destination on update', ENOENT, { ...destination(), command: Command.setDest }],
  ['a missing destination on removal', ENOENT, { command: Command.delDest, service: inHttp, destination: elsewhere }],
  ['address family 3', EAFNOSUPPORT, destination({ family: 3 })],
  ['weight below 0', ERANGE, destination({ weight: -1 })],
  ['weight below 0 on update', ERANGE, { ...newDestination({ weight: -1 }), command: Command.setDest }],
  ['lower limit above upper', ERANGE, destination({ upper: 1, lower: 2 })],
  ['lower limit without upper', ERANGE, destination({ lower: 2 })],
  ['upper limit beyond 2^31-1', EINVAL, destination({ upper: int32 + 1 })],
  ['0.0.0.0', EINVAL, at('0.0.0.0')],
  ['255.255.255.255', EINVAL, at('255.255.255.255')],
  ['127.255.255.255, the broadcast address of lo', EINVAL, at('127.255.255.255')],
  ['a multicast address', EINVAL, at('224.0.0.1')],
  ['GUE without a port', EINVAL, destination({ forwarding: 2, tunnelType: 1 })],
  ['GUE without a port, not by tunnel', EINVAL, destination({ forwarding: 0, tunnelType: 1 })],
  ['another family by direct routing', EINVAL, at('2001:db8::9')],
  ['another family by masquerading', EINVAL, at('2001:db8::9', { forwarding: 0 })],
  ['another family on this host', EINVAL, at('2001:db8::9', { forwarding: 1 })],
  ['::, by tunnel', EINVAL, at('::', { forwarding: 2 })],
  ['an IPv6 multicast address, by tunnel', EINVAL, at('ff02::1', { forwarding: 2 })],
  ['a link-local address that is not this host, by tunnel', EINVAL, at('fe80::1', { forwarding: 2 })],
  ['a mapped IPv4 address, by tunnel', EINVAL, at('::ffff:10.0.0.1', { forwarding: 2 })],
]

const acceptedDestinations: readonly (readonly [name: string, request: Request])[] = [
  ['weight 2^31-1', destination({ weight: int32 })],
  ['equal limits', destination({ upper: 2, lower: 2 })],
  ['limits of 2^31-1', destination({ upper: int32, lower: int32 })],
  ['127.0.0.1', at('127.0.0.1')],
  ['port 0', destination({ port: 0 })],
  ['forwarding 4', destination({ forwarding: 4 })],
  ['forwarding 7', destination({ forwarding: 7 })],
  ['tunnel type 9, flags 65535', destination({ forwarding: 2, tunnelType: 9, tunnelFlags: 0xffff })],
  ['masquerading with a tunnel type', destination({ forwarding: 0, tunnelType: 2, tunnelFlags: 1 })],
  ['GUE', destination({ forwarding: 2, tunnelType: 1, tunnelPort: 6080 })],
  ['another family by tunnel', at('2001:db8::9', { forwarding: 2 })],
  ['::1 by tunnel', at('::1', { forwarding: 2 })],
]

/** Expects these errnos one by one, and then the same of all in one batch. */
async function expectErrnos(t: Test, session: Session, cases: readonly Case[]): Promise<void> {
  for (const [name, errno, request] of cases) t.same(await send(session, [request]), [errno], name)
  const together = await send(
    session,
    cases.map(([, , request]) => request),
  )
  t.same(
    together,
    cases.map(([, errno]) => errno),
    'the same in one batch',
  )
}

export async function errnos(test: Behaviour): Promise<void> {
  await test('what is no service is refused, and changes nothing', async (t, { session }) => {
    t.same(await send(session, [newService({})]), [0])
    await expectErrnos(t, session, refusedServices)
    const [all] = await ask(session, [{ command: Command.getService, dump: true }])
    t.equal(all?.services.length, 1)
  })

  await test('what the kernel does not check makes a service that reads as it was written', async (t, { session }) => {
    for (const [name, request] of acceptedServices) {
      const { service } = request
      const [made, read] = await ask(session, [request, { ...request, command: Command.getService }])
      t.equal(made?.error, 0, name)
      // Of a mark, protocol, address and port are not kept; HASHED is the kernel's own.
      const expected = service && service.firewallMark === 0 ? service : { firewallMark: service?.firewallMark }
      t.match(read?.services[0]?.service, { ...expected, flags: ((service?.flags ?? 0) | 2) >>> 0 }, name)
    }
    const [all] = await ask(session, [{ command: Command.getService, dump: true }])
    t.equal(all?.services.length, acceptedServices.length)
  })

  await test('a persistence timeout wraps at 2^32 timer ticks, 250 a second', async (t, { session }) => {
    const read = async (timeout: number) => {
      const request = service({ flags: 1, timeout })
      const [, found] = await ask(session, [request, { ...request, command: Command.getService }])
      return found?.services[0]?.service.timeout
    }
    t.equal(await read(17179869), 17179869)
    t.equal(await read(17179870), 0)
    t.equal(await read(20000000), 2820130)
    t.equal(await read(uint32), 17179868)
  })

  await test('an update without an engine drops it, and keeps what the flags say', async (t, { session }) => {
    const request = service({ flags: 1, timeout: 60, engine: 'sip' })
    const changed = { ...(request.service as ServiceRecord), engine: '', flags: 4 }
    const update = { command: Command.setService, service: changed }
    const [, , found] = await ask(session, [request, update, { ...update, command: Command.getService }])
    t.match(found?.services[0]?.service, { engine: '', flags: 6 })
  })

  await test('what is no destination is refused, and changes nothing', async (t, { session }) => {
    t.same(await send(session, [newService({}), newDestination({})]), [0, 0])
    await expectErrnos(t, session, refusedDestinations)
    const [all] = await ask(session, [{ command: Command.getDest, dump: true, service: inHttp }])
    t.equal(all?.destinations.length, 1)
  })

  await test('what the kernel does not check makes a destination that reads as it was written', async (t, {
    session,
  }) => {
    await send(session, [newService({})])
    for (const [name, request] of acceptedDestinations) {
      const [made, read] = await ask(session, [request, { command: Command.getDest, dump: true, service: inHttp }])
      t.equal(made?.error, 0, name)
      t.match(read?.destinations[0]?.destination, request.destination, `${name}, newest first`)
    }
  })

  await test('of the forwarding method three bits are kept, and decide', async (t, { session }) => {
    await send(session, [newService({})])
    const cases = [
      destination({ forwarding: 8 }),
      at('2001:db8::9', { forwarding: 10 }),
      destination({ forwarding: 15 }),
    ]
    t.same(await send(session, cases), [0, 0, 0])
    const [all] = await ask(session, [{ command: Command.getDest, dump: true, service: inHttp }])
    t.same(
      all?.destinations.map(({ destination }) => destination.forwarding),
      [7, 2, 0],
    )
  })

  await test('a destination without a family is of that of its service', async (t, { session }) => {
    t.same(await send(session, [newService({}), destination({ family: 0 })]), [0, 0])
    const [all] = await ask(session, [{ command: Command.getDest, dump: true, service: inHttp }])
    t.equal(all?.destinations[0]?.destination.family, AF_INET)
  })

  await test('the destinations of no service are none', async (t, { session }) => {
    await send(session, [newService({}), newDestination({})])
    const list = (service?: ServiceRecord): Request => ({
      command: Command.getDest,
      dump: true,
      ...(service && { service }),
    })
    const replies = await ask(session, [list(absent), list({ ...inHttp, family: 3 }), list()])
    t.match(replies, [
      { error: 0, destinations: [] },
      { error: 0, destinations: [] },
      { error: 0, destinations: [] },
    ])
  })

  await test('sync daemons are refused as the kernel does', async (t, { session }) => {
    await expectErrnos(t, session, [
      ['a daemon that does not run, on stop', ESRCH, stop(1)],
      ['the other one', ESRCH, stop(2)],
      ['role 0 on stop', EINVAL, stop(0)],
      ['role 3 on stop', EINVAL, stop(3)],
      ['an unknown interface', ENODEV, start({ interface: 'nosuch' })],
      ['no interface', ENODEV, start({ interface: '' })],
      ['an interface of 16 letters', EINVAL, start({ interface: sixteen })],
      ['role 0', EINVAL, start({ role: 0 })],
      ['role 3', EINVAL, start({ role: 3 })],
      ['an unknown interface of role 3', ENODEV, start({ role: 3, interface: 'nosuch' })],
      ['a group that is none', EINVAL, group('192.0.2.1')],
      ['the broadcast address as group', EINVAL, group('255.255.255.255')],
      ['an IPv6 group that is none', EINVAL, group('2001:db8::1')],
    ])
    t.same(await send(session, [start({ syncId: 300 }), start({ role: 2 }), start(), start({ role: 2 })]), [
      0,
      0,
      EEXIST,
      EEXIST,
    ])
    const [running] = await ask(session, [{ command: Command.getDaemon, dump: true }])
    const chosen = { interface: 'eth0', maxLength: 1472, port: 8848, ttl: 1, group: bytes('224.0.0.81') }
    t.match(running?.daemons, [
      { ...chosen, role: 1, syncId: 300 },
      { ...chosen, role: 2, syncId: 7 },
    ])
    t.same(await send(session, [stop(1), stop(2), stop(1), stop(2)]), [0, 0, ESRCH, ESRCH])
  })

  await test('the messages of a sync daemon are cut to what it can take', async (t, { session }) => {
    const lengths = async (role: number, wanted: readonly number[]) => {
      const found: (number | undefined)[] = []
      for (const maxLength of wanted) {
        const [, read] = await ask(session, [
          start({ role, maxLength }),
          { command: Command.getDaemon, dump: true },
          stop(role),
        ])
        found.push(read?.daemons[0]?.maxLength)
      }
      return found
    }
    t.same(await lengths(1, [0, 1, 1023, 65507, 65535]), [1472, 1, 1023, 65507, 65507])
    t.same(await lengths(2, [0, 1, 1023, 65507, 65535]), [1472, 1024, 1024, 65507, 65507])
  })

  await test('sync daemons and destinations of another family exclude each other', async (t, { session }) => {
    const mixed = at('2001:db8::9', { forwarding: 2 })
    t.same(await send(session, [newService({}), start(), mixed]), [0, 0, EINVAL])
    t.same(await send(session, [stop(1), mixed, start(), start({ role: 2 })]), [0, 0, EINVAL, EINVAL])
    const gone = { command: Command.delDest, service: inHttp, destination: mixed.destination as DestinationRecord }
    t.same(await send(session, [gone, start(), stop(1)]), [0, 0, 0])
    t.same(await send(session, [mixed, { command: Command.delService, service: inHttp }, start()]), [0, 0, 0])
    t.same(await send(session, [stop(1), newService({}), mixed, { command: Command.flush }, start()]), [0, 0, 0, 0, 0])
  })

  await test('timeouts fit into 2^31-1 timer ticks, 250 a second; 0 keeps what is', async (t, { session }) => {
    const most = Math.floor(int32 / 250)
    t.same(
      await send(session, [timeouts(900, 120, 300), timeouts(most), timeouts(0, most), timeouts(0, 0, most)]),
      [0, 0, 0, 0],
    )
    const tooLong = [timeouts(most + 1), timeouts(1, most + 1), timeouts(1, 1, most + 1), timeouts(-1 >>> 0, 1, 1)]
    t.same(await send(session, tooLong), [EINVAL, EINVAL, EINVAL, EINVAL])
    const [read] = await ask(session, [{ command: Command.getConfig }])
    t.same(read?.timeouts, [{ tcp: most, tcpFin: most, udp: most }])
  })

  await test('what works without an object works on an empty table', async (t, { session }) => {
    t.same(await send(session, [{ command: Command.flush }, { command: Command.zero }, timeouts(0)]), [0, 0, 0])
  })

  await test('a command without a dump refuses one, and one that only dumps needs it', async (t, { session }) => {
    await send(session, [newService({}), newDestination({})])
    const { newService: make, delService, newDest, delDest, getInfo, getConfig, flush } = Command
    for (const command of [make, delService, newDest, delDest, getInfo, getConfig, flush]) {
      const request = { command, dump: true, service: inHttp, destination: elsewhere }
      t.same(await send(session, [request]), [EOPNOTSUPP], `command ${command}`)
    }
    t.same(await send(session, [{ command: Command.getDest, service: inHttp }]), [EOPNOTSUPP])
    t.same(await send(session, [{ command: Command.getDaemon }]), [EOPNOTSUPP])
    const unknown = [14, 18].map((command) => ({ command: command as Command }))
    t.same(await send(session, unknown), [EOPNOTSUPP, EOPNOTSUPP], 'commands that are none')
  })
}
