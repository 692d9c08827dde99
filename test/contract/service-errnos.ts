/**
 * What the kernel answers at the seam to services, also to those that the API refuses. Each rule has its name here and in
 * destination-errnos.ts and director-errnos.ts; test/kernel/random.guest.ts holds the in-memory kernel against real ones with
 * far more of this.
 *
 * Not here, because the records cannot say it: attributes that are left out, too long or too short (EINVAL, ERANGE), a mark
 * of 0 (makes TCP 0.0.0.0:0) or without a family (EINVAL): the addon sends each attribute in its length, and no mark of 0.
 * EPERM: test/kernel/refusals.guest.ts.
 */
import { AF_INET, AF_INET6, Command, type Request, type ServiceRecord } from '../../lib/records.js'
import { destinationKey, serviceKey, serviceSpec } from '../../lib/validate.js'
import { ask, bytes, EAFNOSUPPORT, EEXIST, EINVAL, ENOENT, ESRCH, expectErrnos, http6, missing } from './harness.js'
import { newDestination, newService, real1, send, type Behaviour, type Case } from './harness.js'

const sixteen = 'abcdefghijklmnop'
const uint32 = 0xffffffff
/** Where nothing is, so that each case that succeeds makes something new. */
let port = 1000

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

const absent = serviceKey(missing)
const elsewhere = destinationKey(real1)

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
  ['address family 3 on reading', EAFNOSUPPORT, { command: Command.getService, service: { ...absent, family: 3 } }],
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
  ['a missing service of a new destination', ESRCH, { ...newDestination({}), service: absent }],
  [
    'a missing service on update of a destination',
    ESRCH,
    { ...newDestination({}), command: Command.setDest, service: absent },
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

export async function serviceErrnos(test: Behaviour): Promise<void> {
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
}
