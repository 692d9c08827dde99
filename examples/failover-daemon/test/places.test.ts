import fc from 'fast-check'
import t from 'tap'
import type { Config } from '../src/config.js'
import { directorBench, memoryLedger, onRequest } from './director-bench.js'
import { config, service } from './tables.js'

const addresses = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14', '192.0.2.15']
const at = (address: string) => `${address}:80`

/** Servers behind a service of mh that keep their places. */
function hashing(servers: readonly string[]): Config {
  const made = config(servers, { onFailure: 'quiesce' })
  return { ...made, services: made.services.map((one) => ({ ...one, spec: { ...one.spec, scheduler: 'mh' } })) }
}

type Bench = ReturnType<typeof directorBench>

/** The last part of each address, and its weight, as they were inserted. */
async function inserted({ outside }: Bench): Promise<string> {
  const [entry] = await outside.table()
  const listed = (entry?.destinations ?? []).map(({ address, weight }) => `${address.split('.')[3]}:${weight}`)
  return listed.reverse().join(' ')
}

t.test('each server has its place from the first round on, and keeps it while it is out', async (t) => {
  const bench = directorBench()
  const director = await bench.start(hashing(['192.0.2.13', '192.0.2.11', '192.0.2.12']))
  t.equal(await inserted(bench), '11:0 12:0 13:0', 'in the order of the addresses')
  await director.find('up', '192.0.2.12:80', '192.0.2.11:80')
  t.equal(await inserted(bench), '11:1 12:1 13:0')
  await director.find('down', '192.0.2.11:80')
  t.equal(await inserted(bench), '11:0 12:1 13:0')
  await director.director.order(['tcp 192.0.2.100:80 > 192.0.2.12:80'], 'drain')
  await director.round()
  await director.round()
  t.equal(await inserted(bench), '11:0 12:0 13:0', 'nor does one go that was drained')
  const { writes } = bench.kernel
  await director.round()
  t.equal(bench.kernel.writes, writes)
  await director.stop()
})

t.test(
  'who joins in the middle is followed by those after it, of which each is missing for no longer than it takes',
  async (t) => {
    const bench = directorBench()
    const director = await bench.start(hashing(['192.0.2.11', '192.0.2.13', '192.0.2.14']))
    await director.find('up', ...['192.0.2.11', '192.0.2.13'].map(at))
    const commands: string[] = []
    onRequest(t, ({ command, write, destination }) => {
      if (write && destination !== '') commands.push(`${command} ${destination.slice(-5, -3)}`)
    })
    await director.director.reload(hashing(['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14']))
    t.equal(await inserted(bench), '11:1 12:0 13:1 14:0')
    t.strictSame(commands, [
      'NEW_DEST 12',
      'SET_DEST 12',
      'DEL_DEST 13',
      'NEW_DEST 13',
      'DEL_DEST 14',
      'NEW_DEST 14',
      'SET_DEST 14',
    ])
    t.match(director.log.lines.at(-1)?.message, /put into their places/)
    await director.stop()
  },
)

type Step =
  | { readonly kind: 'up' | 'down' | 'gone' | 'drain' | 'enable'; readonly servers: readonly string[] }
  | { readonly kind: 'reload'; readonly servers: readonly string[] }
  | { readonly kind: 'round' }
  | { readonly kind: 'restart' }

const some = fc.subarray(addresses, { minLength: 1 })
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constantFrom('up', 'down', 'gone', 'drain', 'enable'), servers: some }),
  fc.record({ kind: fc.constant('reload' as const), servers: fc.tuple(some, fc.nat()).map(shuffled) }),
  fc.constantFrom<Step>({ kind: 'round' }, { kind: 'restart' }),
)
const history = fc.record({ first: some, steps: fc.array(step, { maxLength: 8 }) })

function shuffled([servers, seed]: readonly [readonly string[], number]): readonly string[] {
  return [...servers].sort(
    (a, b) => ((Number(a.slice(-2)) * (seed % 97)) % 7) - ((Number(b.slice(-2)) * (seed % 97)) % 7),
  )
}

/** A director that went through all that, and has the final configuration now, in which all servers are up. */
async function lived({ first, steps }: { first: readonly string[]; steps: readonly Step[] }, last: readonly string[]) {
  const bench = directorBench()
  const ledger = memoryLedger()
  let servers = first
  let director = await bench.start(hashing(servers), { ledger })
  const known = (some: readonly string[]) => some.filter((address) => servers.includes(address))
  for (const step of steps) {
    if (step.kind === 'up' || step.kind === 'down') await director.find(step.kind, ...known(step.servers).map(at))
    else if (step.kind === 'round') await director.round()
    else if (step.kind === 'reload') {
      servers = step.servers
      await director.director.reload(hashing(servers), { force: true })
    } else if (step.kind === 'restart') {
      await director.stop()
      director = await bench.start(hashing(servers), { ledger })
    } else if (step.kind === 'gone') {
      for (const address of step.servers)
        await bench.outside.removeDestination(service, { address, port: 80 }).catch(() => {})
    } else {
      const names = known(step.servers).map((address) => `tcp 192.0.2.100:80 > ${at(address)}`)
      await director.director.order(names, step.kind === 'drain' ? 'drain' : undefined)
    }
  }
  await director.director.order(
    last.map((address) => `tcp 192.0.2.100:80 > ${at(address)}`),
    undefined,
  )
  await director.director.reload(hashing(last), { force: true })
  await director.find('up', ...last.map(at))
  // Those that have left get weight 0, and then go.
  for (let i = 0; i < 3; i++) await director.round()
  await director.stop()
  return inserted(bench)
}

t.test(
  'whatever happened to two directors: with the same configuration their tables are in the same order',
  async (t) => {
    await fc.assert(
      fc.asyncProperty(history, history, some, async (one, other, last) => {
        const expected = [...last]
          .sort()
          .map((address) => `${address.split('.')[3]}:1`)
          .join(' ')
        const [first, second] = await Promise.all([lived(one, last), lived(other, [...last].reverse())])
        if (first !== expected || second !== expected) throw new Error(`${first} and ${second}, expected ${expected}`)
      }),
      { numRuns: 60 },
    )
    t.pass()
  },
)

t.test('none is ever inserted with weight 0, which would be no place at all', async (t) => {
  const bench = directorBench()
  const weights: number[] = []
  const director = await bench.start(hashing(addresses), {
    through: (ipvs) =>
      new Proxy(ipvs, {
        get(target, name, receiver) {
          if (name !== 'addDestination') return Reflect.get(target, name, receiver) as unknown
          return (...[of, spec]: Parameters<typeof ipvs.addDestination>) => {
            weights.push(spec.weight ?? 1)
            return target.addDestination(of, spec)
          }
        },
      }),
  })
  t.strictSame(weights, [1, 1, 1, 1, 1])
  await director.stop()
})

t.test(
  'a round without a service of mh writes nothing in places, nor does one whose servers are removed',
  async (t) => {
    const removing = hashing(addresses)
    const bench = directorBench()
    const director = await bench.start({
      ...removing,
      services: removing.services.map((one) => ({ ...one, policy: { ...one.policy, onFailure: 'remove' } })),
    })
    t.equal(await inserted(bench), '')
    await director.stop()
  },
)
