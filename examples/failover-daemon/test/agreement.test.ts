/** A server goes when most directors find it down. */
import t from 'tap'
import { alone, isOutvoted, tally } from '../src/agreement.js'
import type { Opinion, Votes } from '../src/agreement.js'
import type { Config } from '../src/config.js'
import { parseConfig } from '../src/parse-config.js'
import { verdictsOf, verdictsText } from '../src/etcd/verdicts.js'
import { objectName } from '../src/names.js'
import { directorBench } from './director-bench.js'
import { config, server, service } from './tables.js'

const [a, b] = ['192.0.2.11:80', '192.0.2.12:80'] as const
const web = 'tcp 192.0.2.100:80'
const objectB = objectName(service, server('192.0.2.12'))
const opinion = (verdict?: 'up' | 'down'): Opinion =>
  new Map(verdict === undefined ? [] : [[objectB, verdict] as const])
/** Others of these opinions about .12, that are believed for 10 s. */
const votes = (...each: ('up' | 'down' | undefined)[]): Votes => ({
  others: new Map(each.map((verdict, i) => [`lb${i}`, opinion(verdict)])),
  until: 10_000,
})

t.test('a majority of those who have an opinion, ours included', async (t) => {
  const table: readonly (readonly [Votes, boolean, string])[] = [
    [alone, false, 'there is nobody else'],
    [votes(), false, 'nobody else is alive'],
    [votes(undefined), false, 'nobody else has an opinion'],
    [votes('up'), true, 'of two, both have to'],
    [votes('down'), false, 'both'],
    [votes('up', 'up'), true, 'one of three'],
    [votes('up', 'down'), false, 'two of three'],
    [votes('up', 'down', undefined), false, 'two of three that have one'],
    [votes('up', 'up', 'down'), true, 'two of four'],
    [votes('up', 'up', 'down', 'down'), false, 'three of five'],
    [{ others: undefined, until: 10_000 }, true, 'it is not known yet'],
  ]
  for (const [votes, expected, why] of table) t.equal(isOutvoted(votes, objectB, 9999), expected, why)
  for (const [votes, , why] of table.slice(1)) t.equal(isOutvoted(votes, objectB, 10_000), false, `too old: ${why}`)
  t.strictSame(tally(votes('up', 'down', 'down', undefined), objectB), { up: 1, down: 2 })
})

/** A director of two servers that are up, with others. */
async function running(conf: Config, before: Votes) {
  const bench = directorBench()
  const others = {
    votes: before,
    told: [] as string[],
    publish: (config: Config, facts: Parameters<typeof verdictsText>[1]) =>
      void others.told.push(verdictsText(config, facts, 'i')),
  }
  const run = await bench.start(conf, { others })
  await run.find('up', a, b)
  return {
    bench,
    run,
    others,
    /** Others find something else. */
    hear: (votes: Votes) => {
      others.votes = votes
      run.director.look()
      return run.pass(0)
    },
  }
}
const both = { [web]: { [a]: 1, [b]: 1 } }
const first = { [web]: { [a]: 1 } }
const majority = config(['192.0.2.11', '192.0.2.12'], { agree: 'majority' })

t.test('what we alone find down stays in, until others find so, too', async (t) => {
  const { bench, run, hear } = await running(majority, votes('up'))
  await run.find('down', b)
  t.strictSame(await bench.weights(), both)
  t.match(run.director.status(), {
    services: [{ servers: [{}, { state: 'failed', weight: 1, others: { up: 1, down: 0 } }] }],
  })
  await hear(votes('down'))
  t.strictSame(await bench.weights(), first)
  await hear(votes('up'))
  t.strictSame(await bench.weights(), first, 'it is not put in on the word of others')
  await run.find('up', b)
  t.strictSame(await bench.weights(), both)
  await run.stop()
})

t.test('our own verdict counts when nothing was heard for too long', async (t) => {
  for (const before of [votes('up'), { others: undefined, until: 10_000 }]) {
    const { bench, run } = await running(majority, before)
    await run.find('down', b)
    await run.pass(9999)
    t.strictSame(await bench.weights(), both)
    await run.pass(1)
    t.strictSame(await bench.weights(), first)
    await run.stop()
  }
})

t.test('where our own verdict is enough, others change nothing', async (t) => {
  const { bench, run } = await running(config(['192.0.2.11', '192.0.2.12'], { agree: 'own' }), votes('up', 'up'))
  await run.find('down', b)
  t.strictSame(await bench.weights(), first)
  await run.stop()
})

t.test('what others find down is no matter while we find it up', async (t) => {
  const { bench, run, hear } = await running(majority, votes('up'))
  await hear(votes('down', 'down'))
  t.strictSame(await bench.weights(), both)
  await run.stop()
})

t.test('below the quorum, a server that others find up still counts', async (t) => {
  const { bench, run } = await running(
    config(['192.0.2.11', '192.0.2.12'], { agree: 'majority', quorum: { up: 1, hysteresis: 0 } }),
    {
      others: new Map([
        [
          'lb2',
          new Map([
            [objectB, 'up' as const],
            [objectName(service, server('192.0.2.11')), 'up' as const],
          ]),
        ],
      ]),
      until: Infinity,
    },
  )
  await run.find('down', a, b)
  t.strictSame(await bench.weights(), both)
  t.match(run.director.status(), { services: [{ short: false }] })
  await run.stop()
})

t.test('what is told is what is understood; what is not to be understood is no opinion', async (t) => {
  const { run, others } = await running(majority, votes())
  await run.find('down', b)
  const text = others.told.at(-1) ?? ''
  t.equal(text, `{"version":1,"instance":"i","services":{"${web}":{"up":["${a}"],"down":["${b}"]}}}`)
  const entries = [
    { key: '/ipvs/verdicts/lb1', value: text },
    { key: '/ipvs/verdicts/lb2', value: 'no JSON' },
    { key: '/ipvs/verdicts/lb3', value: '{"version":2}' },
    { key: '/ipvs/verdicts/lb4', value: '{"version":1,"instance":"j","services":{"x":{"down":[1]}}}' },
  ]
  const told = verdictsOf({ revision: '1', entries }, '/ipvs/verdicts/')
  t.strictSame([...told.keys()], ['lb1'])
  t.strictSame(
    [...(told.get('lb1')?.opinion ?? [])],
    [
      [`${web} > ${a}`, 'up'],
      [objectB, 'down'],
    ],
  )
  await run.stop()
})

t.test('the file says so', async (t) => {
  const { services } = parseConfig(
    'config: etcd://a\nservices: [{ virtual: 192.0.2.100:80, forwarding: direct, servers: [192.0.2.11], check: { type: tcp }, agree: majority }]\n',
    'f.yaml',
  )
  t.equal(services[0]?.policy.agree, 'majority')
})
