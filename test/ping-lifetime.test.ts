/** How pings end: with their process, worker thread, last reference, or close(), with echoes in flight. */
import t from 'tap'
import { bundleProgram, oneSilent, run, well } from './system/run.js'

t.setTimeout(200_000)
await bundleProgram()

const silent = 'sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1'

t.test('an idle ping does not keep the process alive', async (t) => {
  t.match(await run('ends with an idle ping'), { ...well, output: 'idle\n' })
})

t.test('an echo in flight keeps the process alive until its deadline, and no longer', async (t) => {
  t.match(await run('lives until the deadline', 'raw', silent), {
    ...well,
    output: 'TimeoutError\nnothing to wait for\n',
  })
})

t.test('close() rejects what is in flight, and the process ends', async (t) => {
  t.match(await run('closes in flight', 'raw', silent), { ...well, output: 'ended\n' })
})

for (const kind of ['datagram', 'raw'] as const) {
  t.test(`a thousand pings opened and closed in flight leave no descriptor (${kind})`, async (t) => {
    t.match(await run('opens and closes', kind, oneSilent), well)
  })

  t.test(`process.exit() in flight (${kind})`, async (t) => {
    t.match(await run('exits in flight', kind, oneSilent), { ...well, status: 7 })
  })

  t.test(`worker.terminate() of fifty workers in flight (${kind})`, async (t) => {
    t.match(await run('terminates fifty workers in flight', kind, oneSilent), well)
  })
}

t.test('garbage collection of an idle ping closes its descriptors', async (t) => {
  t.match(await run('collects what nobody closed'), well)
})
