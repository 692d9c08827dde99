/** What the kernel answers at the seam to what is about the director: sync daemons, timeouts, commands as such. */
import { AF_INET, AF_INET6, Command, type DaemonRecord, type DestinationRecord } from '../../lib/records.js'
import type { Request } from '../../lib/records.js'
import { destinationKey, serviceKey } from '../../lib/validate.js'
import { ask, bytes, EEXIST, EINVAL, ENODEV, EOPNOTSUPP, ESRCH, expectErrnos, http } from './harness.js'
import { newDestination, newService, real2, send, type Behaviour } from './harness.js'

const int32 = 0x7fffffff
const inHttp = serviceKey(http)
const elsewhere = destinationKey(real2)
/** By tunnel. */
const mixed = newDestination({ family: AF_INET6, address: bytes('2001:db8::9'), forwarding: 2 })

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

export async function directorErrnos(test: Behaviour): Promise<void> {
  await test('sync daemons are refused as the kernel does', async (t, { session }) => {
    await expectErrnos(t, session, [
      ['a daemon that does not run, on stop', ESRCH, stop(1)],
      ['the other one', ESRCH, stop(2)],
      ['role 0 on stop', EINVAL, stop(0)],
      ['role 3 on stop', EINVAL, stop(3)],
      ['an unknown interface', ENODEV, start({ interface: 'nosuch' })],
      ['no interface', ENODEV, start({ interface: '' })],
      ['an interface of 16 letters', EINVAL, start({ interface: 'abcdefghijklmnop' })],
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

  await test('a sync daemon that is stopped at once is stopped', async (t, { session }) => {
    // Its thread has not run by then, and the kernel answers nothing at all to that.
    t.same(await send(session, [start(), stop(1)]), [0, 0])
    t.same(await send(session, [start({ role: 2 }), stop(2), stop(2)]), [0, 0, ESRCH])
  })

  await test('sync daemons and destinations of another family exclude each other', async (t, { session }) => {
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
