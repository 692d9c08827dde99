/** How attempts to connect end: with their process, worker thread, last reference, or close(). */
import t from 'tap'
import { bundleProgram, oneSilent, run, well } from './system/run.js'

t.setTimeout(200_000)
await bundleProgram()

t.test('an idle connector does not keep the process alive', async (t) => {
  t.match(await run('ends with an idle connector'), { ...well, output: 'idle\n' })
})

t.test('an attempt in flight keeps the process alive until its deadline, and no longer', async (t) => {
  t.match(await run('an attempt lives until its deadline', 'raw', oneSilent), {
    ...well,
    output: 'TimeoutError\nnothing to wait for\n',
  })
})

t.test('close() ends what is in flight, and the process', async (t) => {
  t.match(await run('closes attempts in flight', 'raw', oneSilent), { ...well, output: 'ended\n' })
})

t.test('a thousand connectors opened and closed in flight leave no descriptor', async (t) => {
  t.match(await run('opens and closes connectors', 'raw', oneSilent), well)
})

t.test('process.exit() in flight', async (t) => {
  t.match(await run('exits with attempts in flight', 'raw', oneSilent), { ...well, status: 7 })
})

t.test('worker.terminate() of fifty workers in flight', async (t) => {
  t.match(await run('terminates workers with attempts in flight', 'raw', oneSilent), well)
})

t.test('garbage collection of an idle connector closes its descriptor', async (t) => {
  t.match(await run('collects connectors that nobody closed'), well)
})
