import t from 'tap'
import { Pulse } from '../src/pulse.js'

t.test('the daemon is well while rounds are complete', (t) => {
  let now = 0
  const pulse = new Pulse(() => now)
  t.match(pulse.ailments(5000), [/not read yet/])
  pulse.round()
  now = 20_000
  t.strictSame(pulse.ailments(5000), [], 'three may be missing')
  now = 21_000
  t.match(pulse.ailments(5000), [/for 21 s/])
  t.strictSame(pulse.ailments(60_000), [], 'where rounds are rare, it takes longer')
  pulse.round()
  t.strictSame(pulse.ailments(5000), [])
  t.end()
})
