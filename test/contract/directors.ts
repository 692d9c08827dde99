/** What belongs to the director rather than to a service: timeouts, sync daemons, counters, sysctls. */
import { http, http6, missing, real1, refuses, type Behaviour } from './harness.js'

/** The interface that every table of the contract has: 1500 bytes, fit for multicast. */
export const syncInterface = 'eth0'
const master = { role: 'master', interface: syncInterface, syncId: 5 } as const
const backup = { role: 'backup', interface: syncInterface, syncId: 0 } as const
/** What the kernel chooses. */
const chosen = { maxLength: 1472, multicast: { group: '224.0.0.81', port: 8848, ttl: 1 } } as const

export async function directors(test: Behaviour): Promise<void> {
  await test('timeouts are set one by one; the others stay', async (t, { ipvs, stranger }) => {
    t.same(await ipvs.timeouts(), { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 })
    await ipvs.setTimeouts({ udpSeconds: 60 })
    t.same(await stranger.timeouts(), { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 60 })
    await ipvs.setTimeouts({ tcpSeconds: 1, tcpFinSeconds: 2147483, udpSeconds: undefined })
    t.same(await ipvs.timeouts(), { tcpSeconds: 1, tcpFinSeconds: 2147483, udpSeconds: 60 })
    await ipvs.setTimeouts({})
    await ipvs.setTimeouts(await ipvs.timeouts())
    t.same(await ipvs.timeouts(), { tcpSeconds: 1, tcpFinSeconds: 2147483, udpSeconds: 60 })
  })

  await test('a timeout that the kernel cannot hold is refused, and with it the others', async (t, { ipvs }) => {
    await refuses(t, 'IPVS_REJECTED', ipvs.setTimeouts({ tcpSeconds: 60, udpSeconds: 8589935 }))
    t.same(await ipvs.timeouts(), { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 })
  })

  await test('sync daemons run one of each role, with what the kernel chooses', async (t, { ipvs, stranger }) => {
    t.same(await ipvs.syncDaemons(), [])
    await ipvs.startSyncDaemon(master)
    t.same(await stranger.syncDaemons(), [{ ...master, ...chosen }])
    await ipvs.startSyncDaemon(backup)
    t.same(await ipvs.syncDaemons(), [
      { ...master, ...chosen },
      { ...backup, ...chosen },
    ])
    await ipvs.stopSyncDaemon('master')
    t.same(await ipvs.syncDaemons(), [{ ...backup, ...chosen }])
    await ipvs.stopSyncDaemon('backup')
    t.same(await ipvs.syncDaemons(), [])
  })

  await test('a sync daemon comes back as it was started, and can be started as it was read', async (t, { ipvs }) => {
    const multicast = { group: '224.0.0.99', port: 9000, ttl: 7 }
    const daemon = { ...master, syncId: 255, maxLength: 1200, multicast }
    await ipvs.startSyncDaemon(daemon)
    const read = await ipvs.syncDaemons()
    t.same(read, [daemon])
    await ipvs.stopSyncDaemon('master')
    for (const one of read) await ipvs.startSyncDaemon(one)
    t.same(await ipvs.syncDaemons(), [daemon])
    await ipvs.stopSyncDaemon('master')
    const group6 = { ...master, multicast: { group: 'ff05::99', port: 9000, ttl: 1 } }
    await ipvs.startSyncDaemon(group6)
    t.same(await ipvs.syncDaemons(), [{ ...group6, maxLength: 1452 }])
    await ipvs.stopSyncDaemon('master')
  })

  await test('each refusal of a sync daemon has its own code', async (t, { ipvs }) => {
    await refuses(t, 'IPVS_INTERFACE_NOT_FOUND', ipvs.startSyncDaemon({ ...master, interface: 'eth9' }))
    await refuses(t, 'IPVS_SYNC_DAEMON_NOT_FOUND', ipvs.stopSyncDaemon('master'))
    await ipvs.startSyncDaemon(master)
    await refuses(t, 'IPVS_SYNC_DAEMON_EXISTS', ipvs.startSyncDaemon({ ...master, syncId: 6 }))
    await refuses(t, 'IPVS_SYNC_DAEMON_NOT_FOUND', ipvs.stopSyncDaemon('backup'))
    await ipvs.addService({ ...http, scheduler: 'rr' })
    const otherFamily = { address: '2001:db8::5', port: 80, forwarding: 'tunnel' } as const
    await refuses(t, 'IPVS_REJECTED', ipvs.addDestination(http, otherFamily))
    await ipvs.stopSyncDaemon('master')
    await ipvs.addDestination(http, otherFamily)
    await refuses(t, 'IPVS_REJECTED', ipvs.startSyncDaemon(master))
    t.same(await ipvs.syncDaemons(), [])
  })

  await test('zero() is refused for a missing service only', async (t, { ipvs }) => {
    await ipvs.zeroAll()
    await ipvs.addService({ ...http6, scheduler: 'rr' })
    await ipvs.zero(http6)
    await refuses(t, 'IPVS_SERVICE_NOT_FOUND', ipvs.zero(missing))
    t.match(await ipvs.service(http6), { stats: { total: { connections: 0n } } })
  })

  await test('sysctls are read by the names that the kernel gives them', async (t, { ipvs }) => {
    const sysctls = await ipvs.sysctls()
    t.match(sysctls, { conntrack: '0', expire_quiescent_template: '0', sync_threshold: /^3\s50$/, sync_version: '1' })
    t.ok(Object.keys(sysctls).length >= 27)
  })

  await test('the table is streamed entry by entry, and read exactly', async (t, { ipvs }) => {
    const ports = Array.from({ length: 150 }, (_, i) => 2000 + i)
    await Promise.all(ports.map((port) => ipvs.addService({ ...http, port, scheduler: 'rr' })))
    await ipvs.addDestination({ ...http, port: 2000 }, { ...real1, port: 2000, forwarding: 'direct' })
    const streamed = []
    for await (const entry of ipvs.entries()) streamed.push(entry)
    const table = await ipvs.table()
    t.same(streamed, table)
    t.same(await ipvs.table({ exact: true }), table)
    t.same(table.map(({ service }) => service.port).sort(), ports)
    for await (const entry of ipvs.entries()) {
      t.ok(entry.service)
      break
    }
    t.same(await ipvs.table({ exact: false }), table, 'also after a stream that was left')
  })
}
