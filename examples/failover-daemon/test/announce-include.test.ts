import t from 'tap'
import { birdInclude, routesIn } from '../src/announce/include.js'

t.test('the file has a static protocol for each family, whether it announces something or not', async (t) => {
  t.equal(
    birdInclude(['192.0.2.100', '2001:db8::100']),
    `# Written by ipvs-failover: the virtual addresses that are announced now.
protocol static ipvs_failover4 {
  ipv4;
  route 192.0.2.100/32 blackhole;
}
protocol static ipvs_failover6 {
  ipv6;
  route 2001:db8::100/128 blackhole;
}
`,
  )
  t.strictSame(routesIn(birdInclude([])), new Set())
  t.strictSame(routesIn(birdInclude(['192.0.2.100', '2001:db8::100'])), new Set(['192.0.2.100', '2001:db8::100']))
})

t.test('what is no address is refused: bird would read it', async (t) => {
  for (const wrong of ['192.0.2.100/24', '192.0.2.100; }', 'fe80::1%eth0', '', '192.0.2.100\n'])
    t.throws(() => birdInclude([wrong]), RangeError, wrong)
})

t.test('what bird tells of its routes', async (t) => {
  const told =
    '1007-Table master4:\n 192.0.2.100/32       blackhole [ipvs_failover4 20:52:08.978] * (200)\n 192.0.2.0/24 via 192.0.2.1 on eth0\n0000 \n'
  t.strictSame(routesIn(told), new Set(['192.0.2.100']))
  t.strictSame(routesIn('0000 \n'), new Set())
})
