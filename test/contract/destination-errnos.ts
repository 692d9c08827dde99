/** What the kernel answers at the seam to destinations, also to those that the API refuses. */
import { AF_INET, AF_INET6, Command } from '../../lib/records.js'
import type { DestinationRecord, Request, ServiceRecord } from '../../lib/records.js'
import { destinationKey, serviceKey } from '../../lib/validate.js'
import { ask, bytes, EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, ERANGE, expectErrnos, http, missing } from './harness.js'
import { newDestination, newService, real2, send, type Behaviour, type Case } from './harness.js'

const int32 = 0x7fffffff
const absent = serviceKey(missing)
const inHttp = serviceKey(http)
const elsewhere = destinationKey(real2)
/** Where nothing is, so that each case that succeeds makes something new. */
let port = 1000

function destination(change: Partial<DestinationRecord> = {}): Request {
  return newDestination({ port: ++port, ...change })
}

function at(address: string, change: Partial<DestinationRecord> = {}): Request {
  return destination({ family: address.includes(':') ? AF_INET6 : AF_INET, address: bytes(address), ...change })
}

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

export async function destinationErrnos(test: Behaviour): Promise<void> {
  await test('what is no destination is refused, and changes nothing', async (t, { session }) => {
    t.same(await send(session, [newService({}), newDestination({})]), [0, 0])
    await expectErrnos(t, session, refusedDestinations)
    const [all] = await ask(session, [{ command: Command.getDest, dump: true, service: inHttp }])
    t.equal(all?.destinations.length, 1)
  })

  await test('a limit beyond 2^31-1 is refused, but by old builds of Linux 6.1', async (t, { session }) => {
    const [made, refused] = await send(session, [newService({}), destination({ upper: int32 + 1 })])
    // 6.1.176 takes it, 6.1.192 and 6.12 do not.
    t.equal(made, 0)
    t.ok(refused === EINVAL || refused === 0, String(refused))
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
}
