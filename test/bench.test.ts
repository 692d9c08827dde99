import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { pictures } from '../bench/growth.js'
import { plansOf } from '../bench/guest.js'
import { judge } from '../bench/judge.js'
import { optionsOf } from '../bench/options.js'
import { withTable } from '../bench/readme.js'
import { readResults } from '../bench/results.js'
import { seriesOf, type Sample, type Series } from '../bench/samples.js'
import { differences, median, quantile, ratios } from '../bench/statistics.js'
import { tableOf } from '../bench/table.js'
import { targets } from '../bench/targets.js'
import { linesOf, verify } from '../bench/verify.js'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

t.test("README's table is what bench/results.json says", async (t) => {
  t.equal(withTable(read('README.md'), readResults(root)), read('README.md'))
})

t.test('the pictures of docs/speed.md are what bench/results.json says', async (t) => {
  for (const [name, svg] of Object.entries(pictures(readResults(root)))) t.equal(read(`docs/${name}`), svg, name)
})

t.test('every target was measured by the run that bench/results.json is of', async (t) => {
  const judged = judge(readResults(root).series)
  t.equal(judged.length, targets.length)
  for (const { name, met } of judged) t.ok(met, name)
})

const size = { services: 1, destinations: 2 }
const shown = (rows: string) => `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A010000:0050 rr \n${rows}`
const first = '  -> 0A020000:0050      Route   1      0          0         \n'
const second = '  -> 0A020001:0050      Route   1      0          0         \n'

t.test('a round counts only when exactly the table stands there that was told', async (t) => {
  const check = (rows: string) => () => verify('W1', linesOf(shown(rows)), tableOf(size))
  t.doesNotThrow(check(second + first))
  t.throws(check(first), /expected 3 rows, found 2; .* missing: .*0A020001:0050/, 'one is missing')
  t.throws(check(first + second + second.replace('20001', '20002')), /found 4/, 'one is too much')
  t.throws(check(first + second.replace('1      0', '2      0')), /missing/, 'one has another weight')
})

const sample = (round: number, value: number, of: Partial<Sample> = {}): Sample => ({
  workload: 'W4',
  case: '1,000 × 10',
  measure: 'add',
  contestant: 'ours',
  round,
  value,
  ...of,
})

t.test('ratios and differences are of values of the same round', async (t) => {
  t.same(ratios([2, null, 9], [1, 5, 3]), [2, 3])
  t.same(differences([2, 4], [1, null]), [1])
  t.same(seriesOf([sample(0, 5), sample(2, 7)])[0]?.rounds, [5, null, 7])
  t.equal(median([3, 1, 2]), 2)
  t.equal(median([4, 1, 2, 3]), 2.5)
  t.equal(
    quantile(
      Array.from({ length: 100 }, (_, i) => i),
      0.99,
    ),
    99,
  )
})

t.test('a target is met at its aim, at its floor or not at all, and not judged when it was not measured', async (t) => {
  const name = 'applied from nothing, against C on libnl'
  const metBy = (series: readonly Series[]) => judge(series).find((one) => one.name === name)?.met
  const beside = (ours: number) => seriesOf([sample(0, ours), sample(0, 14, { contestant: 'libnl' })])
  t.equal(metBy(beside(10)), 'aim')
  t.equal(metBy(beside(14)), 'floor')
  t.equal(metBy(beside(15)), 'no')
  t.equal(metBy(seriesOf([sample(0, 10)])), undefined)
})

t.test('options leave workloads and contestants out, and refuse words that they do not know', async (t) => {
  const options = optionsOf(['--only', 'W4', '--contestants', 'ours,d', '--rounds', '3'])
  if (options === 'help') return t.fail('help')
  const [plan, ...others] = plansOf(options)
  t.same(others, [])
  t.same(
    plan?.jobs.map((job) => [job.workload, job.contestants]),
    [['W4', ['ours', 'd']]],
  )
  t.equal(plan?.rounds, 3)
  t.throws(() => optionsOf(['--only', 'W9']), /--only: expected W1, .*, found 'W9'/)
  t.throws(() => optionsOf(['--rounds', '0']), /--rounds: expected a whole number from 1 on, found '0'/)
  t.throws(() => optionsOf(['--write', '--only', 'W1']), /--write: expected a whole run/)
  t.equal(optionsOf(['--help']), 'help')
})
