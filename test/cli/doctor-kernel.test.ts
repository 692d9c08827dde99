import t from 'tap'
import { diagnose } from '../../lib/cli/doctor/diagnose.js'
import { isBefore } from '../../lib/cli/doctor/release.js'
import { about, direct, entry, right, troubles, web, withDirector } from './doctor-facts.js'
import type { Facts, Refusal } from '../../lib/cli/doctor/facts.js'

const unavailable: Refusal = { code: 'IPVS_UNAVAILABLE', message: 'open: this kernel has no IPVS' }
const notPermitted: Refusal = { code: 'IPVS_NOT_PERMITTED', message: 'open: needs CAP_NET_ADMIN' }
const refused = (director: Refusal, more: Partial<Facts> = {}): Facts => ({ ...right, director, ...more })
const all = 0x1ffffffffffn
const without = (bit: bigint) => ({ capabilities: all & ~(1n << bit), isInitialUser: true })

t.test('a director that is right has nothing wrong', async (t) => {
  t.same(troubles(diagnose(right)), [])
  t.same(about(right, 'ip_vs'), ['ok'])
  t.same(about(right, 'CAP_NET_ADMIN'), ['ok'])
  t.same(about(right, 'schedulers'), ['ok'])
  t.same(about(right, 'services'), ['ok'])
  t.same(about(right, 'addresses'), ['ok'])
})

t.test('another system than Linux is the only finding', async (t) => {
  t.match(diagnose(refused(unavailable, { platform: 'darwin' })), [{ level: 'fail', about: 'system', text: /darwin/ }])
})

t.test('a module that is there is to be loaded, one that is not is to be got', async (t) => {
  t.same(about(refused(unavailable), 'ip_vs'), ['fail modprobe ip_vs'])
  const bare = refused(unavailable, { modules: { shipped: ['ip_vs_ftp'], loaded: [] } })
  t.same(about(bare, 'ip_vs'), ['fail'], 'not in this kernel')
  t.same(about(bare, 'schedulers'), [], 'which says all')
  const container = refused(unavailable, { modules: { loaded: [] } })
  t.same(about(container, 'ip_vs'), ['fail modprobe ip_vs'])
  t.match(diagnose(container), [{ text: /on the host/ }])
})

t.test('what cannot be asked says why, in the words of the library', async (t) => {
  const unusable = refused({
    code: 'IPVS_ADDON_UNUSABLE',
    message: 'open: the native addon cannot be loaded; build it',
  })
  t.match(diagnose(unusable), [{ level: 'fail', about: 'ip_vs', text: /addon cannot be loaded; build it/ }])
  const nowhere = refused({ code: 'IPVS_NAMESPACE_NOT_FOUND', message: 'open x: there is no such network namespace' })
  t.match(diagnose(nowhere), [{ level: 'fail', about: 'namespace', text: /no such network namespace/ }])
})

t.test('a missing capability is told once', async (t) => {
  const plain = refused(notPermitted, { process: without(12n) })
  t.same(troubles(diagnose(plain)), ['CAP_NET_ADMIN: fail'])
  const entering = refused(notPermitted, { process: without(21n), namespace: 'blue' })
  t.same(troubles(diagnose(entering)), ['CAP_SYS_ADMIN: fail'])
  t.same(
    troubles(diagnose({ ...entering, namespace: undefined })),
    ['ip_vs: fail'],
    'not needed there: the refusal itself',
  )
})

t.test('the capability of a user namespace is not enough', async (t) => {
  const rootless = refused(notPermitted, { process: { capabilities: all, isInitialUser: false } })
  t.same(troubles(diagnose(rootless)), ['CAP_NET_ADMIN: fail'])
  t.match(diagnose(rootless), [{ text: /user namespace/ }])
})

t.test('capabilities that cannot be read are neither there nor missing', async (t) => {
  t.same(about(refused(unavailable, { process: {} }), 'CAP_NET_ADMIN'), ['info'])
  t.same(about({ ...right, process: {} }, 'CAP_NET_ADMIN'), ['ok'], 'but IPVS has answered')
})

t.test('schedulers are those of the modules, or only those that are loaded', async (t) => {
  const some = { ...right, modules: { shipped: ['ip_vs', 'ip_vs_rr', 'ip_vs_ftp'], loaded: ['ip_vs', 'ip_vs_wlc'] } }
  t.match(textOf(some), /here: rr, wlc; this kernel is without wrr, .*twos$/)
  t.same(about(some, 'schedulers'), ['info'])
  const container = { ...right, modules: { loaded: ['ip_vs', 'ip_vs_wlc'] } }
  t.match(textOf(container), /not known, without \/lib\/modules\/6\.1\.0-50-amd64; loaded: wlc$/)
  t.match(textOf({ ...right, modules: { loaded: [] } }), /none is loaded$/)

  function textOf(facts: Facts): string | undefined {
    return diagnose(facts).find(({ about }) => about === 'schedulers')?.text
  }
})

t.test('a table with long chains is to be larger', async (t) => {
  const open = (active: number) => [entry(web, [{ ...direct, connections: { active, inactive: 0, persistent: 0 } }])]
  t.same(about(withDirector({ table: open(8 * 4096) }), 'connections'), [])
  t.same(about(withDirector({ table: open(8 * 4096 + 1) }), 'connections'), [
    "info echo 'options ip_vs conn_tab_bits=16' >/etc/modprobe.d/ip_vs.conf",
  ])
  const huge = withDirector({ table: open(2 ** 24) })
  t.match(about(huge, 'connections'), [/conn_tab_bits=20'/])
  t.same(about({ ...huge, release: '7.1.0' }, 'connections'), [], 'it grows by itself')
})

t.test('releases are compared by number', async (t) => {
  t.ok(isBefore('5.4.0-150-generic', 5, 9))
  t.ok(isBefore('4.19.0', 5, 9))
  t.notOk(isBefore('5.10.0', 5, 9))
  t.notOk(isBefore('5.9.0', 5, 9))
  t.notOk(isBefore('6.1', 5, 9))
  t.notOk(isBefore('unknown', 5, 9))
})
