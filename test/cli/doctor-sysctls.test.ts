import t from 'tap'
import { diagnose } from '../../lib/cli/doctor/diagnose.js'
import {
  about,
  direct,
  dns,
  entry,
  masquerade,
  right,
  troubles,
  web,
  web6,
  withDirector,
  withSysctls,
} from './doctor-facts.js'
import type { Facts } from '../../lib/cli/doctor/facts.js'
import type { SyncDaemon } from '../../lib/index.js'

const set = (name: string, to = 1) => `sysctl -w net.ipv4.vs.${name}=${to}`
const on = (release: string, facts: Facts): Facts => ({ ...facts, release })
const drained = { ...direct, address: '192.0.2.14', weight: 0 }
const master = { role: 'master', interface: 'eth0', syncId: 1 } as const
const backup = { ...master, role: 'backup' } as const

t.test('defaults are left alone where they do no harm', async (t) => {
  const calm = withSysctls({ expire_nodest_conn: '1' }, { table: [entry(web, [direct])] })
  t.same(about(calm, 'net.ipv4.vs'), ['ok'])
  t.same(about(withDirector({ table: [] }), 'net.ipv4.vs'), ['ok'], 'nothing is served')
})

t.test('settings that are hidden are not judged', async (t) => {
  for (const sysctls of [undefined, {}]) t.same(about(withDirector({ sysctls }), 'net.ipv4.vs'), ['info'])
  const one = withDirector({ sysctls: { expire_nodest_conn: '0' } })
  t.same(
    about(one, 'expire_nodest_conn'),
    [`info ${set('expire_nodest_conn')}`],
    'and others are, where a kernel lacks some',
  )
})

t.test('counters that stand still are told', async (t) => {
  t.same(about(withSysctls({ run_estimation: '0' }), 'run_estimation'), [`warn ${set('run_estimation')}`])
  t.same(about(withSysctls({ run_estimation: '0' }, { table: [] }), 'run_estimation'), [])
})

t.test('reuse of ports costs a second before Linux 5.9 with conntrack, and is right since', async (t) => {
  const tracked = withSysctls({ conntrack: '1' })
  t.same(about(on('5.4.0-150-generic', tracked), 'conn_reuse_mode'), [`warn ${set('conn_reuse_mode', 0)}`])
  t.same(about(on('5.4.0-150-generic', right), 'conn_reuse_mode'), [], 'without conntrack')
  t.same(about(on('5.9.0', tracked), 'conn_reuse_mode'), [])
  const off = withSysctls({ conn_reuse_mode: '0', conntrack: '1' })
  t.same(about(on('5.4.0', off), 'conn_reuse_mode'), [])
  t.same(about(on('6.12.1', off), 'conn_reuse_mode'), [`info ${set('conn_reuse_mode')}`])
  const udp = withSysctls({ conn_reuse_mode: '0' }, { table: [entry(dns, [{ ...direct, port: 53 }])] })
  t.same(about(udp, 'conn_reuse_mode'), [], 'only TCP looks at it')
})

t.test('reuse of ports keeps a drain from its end', async (t) => {
  const table = [entry(web, [direct, drained])]
  const values = (conn_reuse_mode: string, expire_nodest_conn: string) =>
    withSysctls({ conn_reuse_mode, expire_nodest_conn }, { table })
  t.same(about(values('1', '0'), 'expire_nodest_conn'), [`warn ${set('expire_nodest_conn')}`])
  t.same(troubles(diagnose(values('1', '1'))), [])
  t.same(about(on('5.15.0', values('0', '1')), 'conn_reuse_mode'), [`warn ${set('conn_reuse_mode')}`])
  t.same(about(on('5.16.0', values('0', '1')), 'conn_reuse_mode'), [`info ${set('conn_reuse_mode')}`])
  const masqueraded = [entry(web, [masquerade, { ...masquerade, address: '192.0.2.14', weight: 0 }])]
  t.match(about(withDirector({ table: masqueraded }), 'expire_nodest_conn'), [/^info/], 'which sees when one is over')
  t.match(about(withSysctls({ conn_reuse_mode: '0' }, { table: masqueraded }), 'expire_nodest_conn'), [/^warn/])
})

t.test('UDP clients are stuck to a removed server without expire_nodest_conn', async (t) => {
  const of = (onePacket: boolean) => withDirector({ table: [entry({ ...dns, onePacket }, [{ ...direct, port: 53 }])] })
  t.same(about(of(false), 'expire_nodest_conn'), [`warn ${set('expire_nodest_conn')}`])
  t.same(about(of(true), 'expire_nodest_conn'), [], 'every packet is on its own')
})

t.test('persistence keeps clients on servers of weight 0', async (t) => {
  const persistent = { ...web, persistence: { timeoutSeconds: 300 } }
  const name = 'expire_quiescent_template'
  t.same(about(withDirector({ table: [entry(persistent, [direct])] }), name), [`info ${set(name)}`])
  t.same(about(withDirector({ table: [entry(persistent, [direct, drained])] }), name), [`warn ${set(name)}`])
  t.same(about(withDirector({ table: [entry(web, [direct, drained])] }), name), [])
  t.same(about(withSysctls({ [name]: '1' }, { table: [entry(persistent, [drained])] }), name), [])
})

t.test('rules of the firewall miss masqueraded packets without conntrack', async (t) => {
  t.same(about(right, 'conntrack'), [`info ${set('conntrack')}`])
  t.same(about(withSysctls({ conntrack: '1' }), 'conntrack'), [])
  t.same(about(withDirector({ table: [entry(web, [direct])] }), 'conntrack'), [])
  const local = { ...masquerade, address: '192.0.2.1' }
  t.same(about(withDirector({ table: [entry(web, [local])] }), 'conntrack'), [], 'this host itself')
})

t.test('defenses that act are told, those that wait are not', async (t) => {
  for (const name of ['drop_entry', 'drop_packet', 'secure_tcp']) {
    t.same(about(withSysctls({ [name]: '1' }), name), [])
    t.same(about(withSysctls({ [name]: '2' }), name), ['warn'], 'the kernel has begun it')
    t.same(about(withSysctls({ [name]: '3' }), name), [`warn ${set(name, 0)}`])
  }
})

t.test('sloppy_tcp matters where another director may have begun, and the server can be found', async (t) => {
  const by = (scheduler: string) => [entry({ ...web, scheduler }, [direct])]
  const name = 'sloppy_tcp'
  t.same(about(withDirector({ table: by('mh') }), name), [`info ${set(name)}`])
  t.same(about(withDirector({ table: by('sh') }), name), [])
  t.same(about(withDirector({ table: by('sh'), daemons: [backup] }), name), [`info ${set(name)}`])
  t.same(about(withDirector({ table: by('rr'), daemons: [master] }), name), [])
  const persistent = [entry({ ...web, persistence: {} }, [direct])]
  t.same(about(withDirector({ table: persistent, daemons: [backup] }), name), [`info ${set(name)}`])
  const templates = withSysctls({ sync_persist_mode: '1' }, { table: persistent, daemons: [backup] })
  t.same(about(templates, name), [`warn ${set(name)}`], 'nothing else is synchronized')
  t.same(about(withSysctls({ sloppy_tcp: '1' }, { table: by('mh') }), name), [])
})

t.test('a master that tells of connections late loses them', async (t) => {
  const late = (value: string, daemons: readonly SyncDaemon[]) =>
    about(withSysctls({ sync_threshold: value }, { daemons }), 'sync_threshold')
  t.same(late('7\t50', [master]), ["warn sysctl -w net.ipv4.vs.sync_threshold='3 50'"])
  t.same(late('3\t50', [master]), [])
  t.same(late('7\t50', [backup]), [], 'it is the one that sends who decides')
})

t.test('the old protocol of sync daemons leaves IPv6 out', async (t) => {
  const old = (daemons: readonly SyncDaemon[], key: typeof web | typeof web6 = web6) =>
    withSysctls({ sync_version: '0' }, { table: [entry(key, [])], daemons })
  t.same(about(old([master]), 'sync_version'), [`warn ${set('sync_version')}`])
  t.same(about(old([backup]), 'sync_version'), [])
  t.same(about(old([master], web), 'sync_version'), [])
})

t.test('a backup daemon makes a director idle if backup_only says so', async (t) => {
  const only = (...daemons: (typeof master | typeof backup)[]) => withSysctls({ backup_only: '1' }, { daemons })
  t.same(about(only(backup), 'backup_only'), ['info'])
  t.same(about(only(master), 'backup_only'), [])
  t.same(about(only(master, backup), 'backup_only'), [`fail ${set('backup_only', 0)}`])
})

t.test('a backup that is a real server balances again what the master sends it', async (t) => {
  const table = [entry(web, [{ ...direct, address: '192.0.2.1' }, direct])]
  t.same(about(withDirector({ table, daemons: [backup] }), 'backup_only'), [`warn ${set('backup_only')}`])
  t.same(about(withDirector({ table, daemons: [master, backup] }), 'backup_only'), [])
  t.same(about(withDirector({ daemons: [backup] }), 'backup_only'), [])
})

t.test('in another namespace the command is for there', async (t) => {
  const facts = (namespace: string): Facts => ({ ...withSysctls({ drop_packet: '3' }), namespace })
  t.same(about(facts('blue'), 'drop_packet'), [`warn ip netns exec blue ${set('drop_packet', 0)}`])
  t.same(about(facts('/proc/7/ns/net'), 'drop_packet'), [`warn nsenter --net=/proc/7/ns/net ${set('drop_packet', 0)}`])
})

t.test('clients of a server at weight 0 are dropped by mh, unless its flag says otherwise', async (t) => {
  const quiet = { ...direct, weight: 0 }
  const other = { ...direct, address: '192.0.2.14' }
  const told = (flags: readonly 'flag-1'[], ...servers: (typeof quiet | typeof other)[]) =>
    about(
      withDirector({ table: [entry({ ...web, scheduler: 'mh', schedulerFlags: flags }, servers)] }),
      'tcp/192.0.2.100:80',
    )
  t.match(told([], quiet, other), [/^fail/])
  t.same(told(['flag-1'], quiet, other), [])
  t.same(told([], other), [])
  t.same(
    about(withDirector({ table: [entry(web, [quiet, other])] }), 'tcp/192.0.2.100:80'),
    [],
    'another scheduler skips it',
  )
})
