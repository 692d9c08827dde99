import t from 'tap'
import { ServiceManager, summary } from '../src/service-manager.js'
import { directorBench } from './director-bench.js'
import { recordingLog } from './recording-log.js'
import { config } from './tables.js'

t.test('ready with the first round, alive with each, and how it is in one line', async (t) => {
  const told: string[] = []
  const manager = new ServiceManager((state) => told.push(state) > 0, recordingLog())
  const bench = directorBench()
  const director = await bench.start(config(['192.0.2.11', '192.0.2.12']), {
    onRound: (status) => manager.round(status, 5000),
  })
  t.strictSame(told, ['READY=1\nWATCHDOG=1\nSTATUS=1 service, 0 of 2 servers online'])
  await director.find('up', '192.0.2.11:80', '192.0.2.12:80')
  t.equal(told.length, 1, 'a change of health alone is no sign of life')
  await director.round()
  t.strictSame(told.slice(1), ['WATCHDOG=1\nSTATUS=1 service, 2 of 2 servers online'])
  await director.find('down', '192.0.2.11:80', '192.0.2.12:80')
  t.match(
    summary(director.director.status()),
    /^1 service, 0 of 2 servers online; tcp 192\.0\.2\.100:80 below its quorum$/,
  )
  await director.stop()
  manager.stopping()
  t.match(told.at(-1), /^STOPPING=1\n/)
})

t.test('a change that needed no write is told with the next round, too', async (t) => {
  let last = ''
  const bench = directorBench()
  const director = await bench.start(config(['192.0.2.11'], { whenAllDown: 'keep' }), {
    onRound: (status) => (last = summary(status)),
  })
  await director.find('up', '192.0.2.11:80')
  for (let i = 0; i < 3; i++) await director.round()
  t.equal(last, '1 service, 1 of 1 servers online')
  const { writes } = bench.kernel
  await director.find('down', '192.0.2.11:80')
  await director.round()
  t.equal(bench.kernel.writes, writes)
  t.match(last, /^1 service, 0 of 1 servers online; /)
  await director.stop()
})

t.test('servers beside those of the configuration are not counted', async (t) => {
  const bench = directorBench()
  const first = await bench.start(config(['192.0.2.11', '192.0.2.12']))
  await first.find('up', '192.0.2.11:80', '192.0.2.12:80')
  await first.stop()
  bench.clients['192.0.2.12:80'] = 1
  const director = await bench.start(config(['192.0.2.11']), { ledger: first.ledger })
  const status = director.director.status()
  t.equal(status.services[0]?.servers.length, 2, 'one leaves')
  t.equal(summary(status), '1 service, 1 of 1 servers online')
  await director.stop()
})

t.test('a round whose table cannot be read is no sign of life', async (t) => {
  let rounds = 0
  const bench = directorBench()
  const director = await bench.start(config(['192.0.2.11']), {
    through: (ipvs) =>
      new Proxy(ipvs, {
        get: (target, name) =>
          name === 'table' ? () => Promise.reject(new Error('stuck')) : (Reflect.get(target, name) as unknown),
      }),
    onRound: () => rounds++,
  })
  await director.round()
  t.equal(rounds, 0)
  await director.stop()
})

t.test('the watchdog waits for four rounds, or as long as its unit says; without one it is not woken', async (t) => {
  const told: string[] = []
  const notify = (state: string) => told.push(state.replace(/^STATUS=.*/m, '').trim()) > 0
  const bench = directorBench()
  const director = await bench.start(config(['192.0.2.11']), {})
  const status = director.director.status()
  const manager = new ServiceManager(notify, recordingLog(), 30_000_000)
  manager.round(status, 60_000)
  manager.round(status, 60_000)
  manager.paced(5000)
  manager.paced(7000)
  manager.round(status, 7000)
  t.strictSame(told.splice(0), [
    'READY=1\nWATCHDOG_USEC=240000000\nWATCHDOG=1',
    'WATCHDOG=1',
    'WATCHDOG_USEC=30000000',
    'WATCHDOG=1',
  ])
  new ServiceManager(notify, recordingLog(), 0).round(status, 60_000)
  t.strictSame(told, ['READY=1\nWATCHDOG=1'])
  await director.stop()
})

t.test('a service manager that takes nothing is told once, and ends nothing', async (t) => {
  const log = recordingLog()
  const manager = new ServiceManager(() => {
    throw new Error('EAGAIN')
  }, log)
  manager.stopping()
  manager.stopping()
  t.match(log.lines, [
    { level: 'error', message: 'telling the service manager failed', fields: { error: 'Error: EAGAIN' } },
  ])
  t.equal(log.lines.length, 1)
})
