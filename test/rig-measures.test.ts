/** What the rig's own instruments make of what they see. */
import t from 'tap'
import { silenceOf } from '../rig/probe.js'
import { parseVipEvent } from '../rig/vip.js'

t.test('a silence is the longest time between two answers, whichever connection they were to', async (t) => {
  const to = '192.0.2.100'
  const attempts = [
    { to, at: 900, tookMs: 5 },
    { to, at: 1000, tookMs: 10 },
    { to, at: 1020, error: 'no answer' },
    { to, at: 1040, tookMs: 300 },
    { to: '2001:db8:0:2::100', at: 1100, tookMs: 1 },
    { to, at: 1320, tookMs: 10 },
  ]
  t.strictSame(silenceOf(attempts, to, 1000), { longestMs: 320, failed: 1, attempts: 4 })
  t.strictSame(
    silenceOf(attempts, to, 1025),
    { longestMs: 305, failed: 0, attempts: 2 },
    'it begins when it is asked for',
  )
  t.strictSame(silenceOf([], to, 0), { longestMs: 0, failed: 0, attempts: 0 })
})

t.test('lines of ip monitor tell who has an address, and who is thought to have it', async (t) => {
  const at = Date.parse('2026-11-30T20:23:34.847Z')
  const line = (text: string) => parseVipEvent(`[2026-11-30T20:23:34.847086] ${text}`)
  t.strictSame(line('2: eth0    inet 192.0.2.100/32 scope global eth0\\       valid_lft forever'), {
    at,
    address: '192.0.2.100',
    has: true,
  })
  t.strictSame(line('Deleted 2: eth0    inet6 2001:db8:0:2::100/128 scope global nodad \\       valid_lft forever'), {
    at,
    address: '2001:db8:0:2::100',
    has: false,
  })
  t.strictSame(line('2001:db8:0:2::100 dev eth0 lladdr 5a:bf:f0:d1:c6:09 router REACHABLE '), {
    at,
    address: '2001:db8:0:2::100',
    link: '5a:bf:f0:d1:c6:09',
  })
  for (const other of ['192.0.2.1 dev eth0 FAILED ', 'Deleted 192.0.2.1 dev eth0 lladdr 5a:bf:f0:d1:c6:09 STALE '])
    t.equal(line(other), undefined, other)
})
