import t from 'tap'
import { Fitness } from '../src/fitness.js'
import { Lines } from '../src/ha/fifo.js'
import { roleOf } from '../src/ha/role.js'
import { bands, judge, noMemory } from '../src/ha/standing.js'
import type { Memory, Situation } from '../src/ha/standing.js'
import { syncSteps, wantedDaemon } from '../src/ha/sync-daemons.js'
import { fakeClock } from './fake-clock.js'

const well: Situation = {
  now: 0,
  role: 'backup',
  ailments: [],
  startedAt: 0,
  working: true,
  receiving: true,
  leaving: false,
}

/** Judges one situation after the other; each keeps what the one before had. */
function story(policy: { readonly preempt?: boolean; readonly graceMs?: number } = {}) {
  let situation = well
  let memory: Memory = noMemory
  return (change: Partial<Situation>) => {
    situation = { ...situation, ...change }
    const result = judge({ preempt: true, graceMs: 10_000, ...policy }, situation, memory)
    memory = result.memory
    return result.standing.word
  }
}

t.test('any fit director beats any sick one, and who is preferred beats who is willing', async (t) => {
  const announced = (priority: number, value: string) => priority + 50 * Number(value)
  t.ok(announced(101, bands.preferred) > announced(150, bands.willing))
  t.ok(announced(101, bands.willing) > announced(150, bands.sick))
  t.equal(announced(101, bands.sick), 1, 'and one that is sick is a director still: 0 would be none')
  t.ok(50 * Number(bands.leaving) < -253, 'which keepalived takes for FAULT')
})

t.test('a daemon that starts leaves what was there, until its first round', async (t) => {
  const at = story()
  t.equal(at({ working: false }), 'undecided')
  t.equal(at({ now: 29_999 }), 'undecided')
  t.equal(at({ now: 30_000 }), 'sick', 'which does not come')
  t.equal(at({ now: 31_000, working: true, role: 'master' }), 'preferred')
  t.equal(story()({ working: false, ailments: ['EPERM'] }), 'sick', 'unless it knows better')
})

t.test('a director that is told of connections waits for the grace time before it takes the VIPs back', async (t) => {
  const at = story()
  t.equal(at({ receiving: false }), 'willing')
  t.equal(at({ now: 60_000 }), 'willing', 'it has missed all of them')
  t.equal(at({ now: 60_000, receiving: true }), 'willing')
  t.equal(at({ now: 69_999 }), 'willing')
  t.equal(at({ now: 70_000 }), 'preferred')
  t.equal(at({ receiving: false }), 'willing', 'somebody stopped the sync daemon')
  t.equal(at({ receiving: true }), 'willing')
  t.equal(at({ now: 80_000 }), 'preferred')
})

t.test('who has the VIPs keeps them while it is well, and gives them up at once when it is not', async (t) => {
  const at = story()
  t.equal(at({ role: 'master', receiving: false }), 'preferred')
  t.equal(at({ ailments: ['the kernel is lost'] }), 'sick')
  t.equal(at({ role: 'backup', ailments: [], receiving: true }), 'willing', 'well again: the grace time begins')
  t.equal(at({ now: 10_000 }), 'preferred')
})

t.test('without preemption a backup is willing, and no more', async (t) => {
  const at = story({ preempt: false })
  t.equal(at({ now: 1_000_000 }), 'willing')
  t.equal(at({ role: 'master' }), 'preferred', 'it took over')
})

t.test('a link that was down, and keepalived that was gone, begin the grace time anew', async (t) => {
  for (const role of ['fault', 'unknown'] as const) {
    const at = story()
    at({})
    t.equal(at({ now: 20_000 }), 'preferred')
    t.equal(at({ role }), 'willing')
    t.equal(at({ role: 'backup' }), 'willing')
    t.equal(at({ now: 30_000 }), 'preferred')
  }
})

t.test('a handover is above all else, and the grace time comes after it', async (t) => {
  const at = story()
  t.equal(at({ role: 'master', leaving: true }), 'leaving')
  t.equal(at({ role: 'fault', leaving: false }), 'willing')
  t.equal(at({ role: 'backup' }), 'willing')
  t.equal(at({ now: 10_000 }), 'preferred')
})

t.test('the role is what keepalived said, and before it says anything where the VIPs are', async (t) => {
  t.equal(roleOf('MASTER', true, false), 'master')
  t.equal(roleOf('BACKUP', true, true), 'backup')
  t.equal(roleOf('FAULT', true, true), 'fault')
  t.equal(roleOf(undefined, true, true), 'master')
  t.equal(roleOf(undefined, true, false), 'backup')
  t.equal(roleOf(undefined, false, true), 'master', 'keepalived was killed, and left them')
  t.equal(roleOf(undefined, false, false), 'unknown')
  t.equal(roleOf('STOP', true, false), 'unknown')
})

t.test('lines of keepalived are read in whatever pieces they come, and nothing else is', async (t) => {
  const lines = new Lines()
  const read = (text: string) => [...lines.read(text)]
  t.strictSame(read('INSTANCE "ipvs_failover" MASTER 150\n'), ['MASTER'])
  t.strictSame(read('INSTANCE "ipvs_fail'), [])
  t.strictSame(read('over" BACKUP 100\nINSTANCE "ipvs_failover" FAULT 100\nINS'), ['BACKUP', 'FAULT'])
  t.strictSame(read('TANCE "ipvs_failover" STOP 100'), [])
  t.strictSame(read('\n'), ['STOP'])
  t.strictSame(read('INSTANCE "other" MASTER 150\nGROUP "ipvs_failover" MASTER 150\nVS [192.0.2.100]:tcp:80 UP\n'), [])
  t.strictSame(read('INSTANCE "ipvs_failover" MASTER_RX_LOWER_PRI 150\nINSTANCE "ipvs_failover" MASTER 150 x\n\n'), [])
  t.strictSame(read(`${'x'.repeat(100_000)}INSTANCE "ipvs_failover" MASTER 150\n`), [], 'a line without an end')
  t.strictSame(read('INSTANCE "ipvs_failover" MASTER 150\n'), ['MASTER'])
})

t.test('rounds that do not come, and a table that is lost, make sick', async (t) => {
  const clock = fakeClock()
  const fitness = new Fitness(clock)
  const kernel = (ok: boolean) => fitness.event({ type: 'kernel', at: 0, ok, detail: ok ? '' : 'EPERM' })
  const ailments = () => fitness.ailments(5000, 3000)
  t.notOk(fitness.working)
  t.strictSame(ailments(), [], 'who starts is not sick by that')
  kernel(false)
  t.strictSame(ailments(), ['EPERM'])
  kernel(true)
  fitness.round(false)
  t.ok(fitness.working)
  t.strictSame(ailments(), [])
  await clock.pass(8000)
  t.strictSame(ailments(), [])
  await clock.pass(1)
  t.strictSame(ailments(), ['no round for 8 s'])
  for (const expected of [false, false, true]) {
    fitness.round(false)
    t.equal(ailments().length > 0, expected, 'rounds come, but the kernel takes nothing')
    await clock.pass(8000)
  }
  fitness.round(true)
  t.strictSame(ailments(), [])
})

t.test('the sync daemon of the role runs, and no other of ours', async (t) => {
  const sync = { interface: 'eth0', id: 51 }
  const [master, backup] = [wantedDaemon(sync, 'master'), wantedDaemon(sync, 'backup')]
  t.strictSame(master, { role: 'master', interface: 'eth0', syncId: 51 })
  for (const role of ['fault', 'unknown'] as const) t.strictSame(wantedDaemon(sync, role), backup)
  t.strictSame(syncSteps(master, []), [{ start: master }])
  t.strictSame(syncSteps(master, [master]), [])
  t.strictSame(syncSteps(master, [backup]), [{ start: master }, { stop: 'backup' }], 'ours starts first')
  t.strictSame(syncSteps(backup, [master, backup]), [{ stop: 'master' }])
  for (const other of [
    { ...master, interface: 'eth1' },
    { ...master, syncId: 7 },
  ]) {
    t.strictSame(syncSteps(master, [other]), [{ stop: 'master' }, { start: master }], 'it is in the way')
    t.strictSame(syncSteps(backup, [other]), [{ start: backup }], "it is somebody else's")
  }
})
