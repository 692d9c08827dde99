import t from 'tap'
import { Episodes } from '../src/episodes.js'
import { serverName } from '../src/names.js'
import { Resolver } from '../src/resolver.js'
import { followed, noneKnown, parseNodes, resolved } from '../src/sources.js'
import { handClock } from './director-bench.js'
import { parseConfig } from './judged-config.js'
import { recordingLog } from './recording-log.js'

const file = (servers: string, more = '') =>
  parseConfig(
    `services:
  - { virtual: 192.0.2.100:80, forwarding: masquerade, servers: [${servers}], check: { type: tcp } ${more} }
`,
    'f.yaml',
  )
const known = {
  names: new Map([
    ['web1', ['192.0.2.11']],
    ['web2', ['192.0.2.12', '2001:db8::12']],
  ]),
  files: new Map([['/nodes', parseNodes('web1 # the first\n\n192.0.2.13:8080\nweb2:81\n')]]),
}
const servers = (config: ReturnType<typeof file>) => config.services[0]?.servers.map(serverName)

t.test('a node list has one node a line; a mistake in it is told by its line', async (t) => {
  t.match(parseNodes('web1\n  192.0.2.1\n[2001:db8::1]:80\r\n#x\n'), [
    { name: 'web1' },
    { address: '192.0.2.1' },
    { address: '2001:db8::1', port: 80 },
  ])
  t.throws(() => parseNodes('web1\nweb 2\n'), /^line 2: expected an address or a host's name, found "web 2"$/)
  t.throws(() => parseNodes('10.0.0.256'), /^line 1:/, 'a mistyped address is no name')
  t.throws(() => parseNodes('# none\n'), /expected at least one node/)
  t.throws(() => parseNodes('a\n'.repeat(5000)), /expected at most 4096 nodes, found 5000/)
})

t.test('names and lists become servers once they are known', async (t) => {
  const config = file('{ file: /nodes, weight: 3 }, web1:8080, 192.0.2.9')
  t.strictSame(followed(config, noneKnown), { files: ['/nodes'], names: ['web1'] })
  t.strictSame(followed(config, known), { files: ['/nodes'], names: ['web1', 'web2'] })
  t.match(resolved(config, noneKnown).services[0], { complete: false, servers: [{ address: '192.0.2.9' }] })
  const all = resolved(config, known)
  t.strictSame(servers(all), ['192.0.2.11:80', '192.0.2.13:8080', '192.0.2.12:81', '192.0.2.11:8080', '192.0.2.9:80'])
  t.match(all.services[0], { complete: true, servers: [{ weight: 3 }, { weight: 3 }, { weight: 3 }, { weight: 1 }] })
  t.equal(all.services[0]?.about.get('192.0.2.12:81')?.name, 'web2')
})

t.test('one unknown name of a list leaves the others known', async (t) => {
  const some = { ...known, names: new Map([['web1', ['192.0.2.11']]]) }
  const config = resolved(file('{ file: /nodes }'), some)
  t.strictSame(servers(config), ['192.0.2.11:80', '192.0.2.13:8080'])
  t.equal(config.services[0]?.complete, false)
})

t.test("of a name's addresses those of the service's family count; the same server twice is one", async (t) => {
  t.strictSame(servers(resolved(file('web2, 192.0.2.12'), known)), ['192.0.2.12:80'])
  const odd = { ...known, names: new Map([['web1', ['127.0.0.1', '0.0.0.0', '224.0.0.1']]]) }
  t.strictSame(servers(resolved(file('web1'), odd)), ['127.0.0.1:80'], 'what no host can have is left out')
})

// ── following them ──

function resolver(servers: string, answers: { names?: Record<string, string[]>; files?: Record<string, string> }) {
  const clock = handClock()
  const log = recordingLog()
  let changes = 0
  const asked: string[] = []
  const following = new Resolver(
    {
      addresses(name) {
        asked.push(name)
        const addresses = answers.names?.[name]
        return addresses === undefined ? Promise.reject(new Error(`ENOTFOUND ${name}`)) : Promise.resolve(addresses)
      },
      text(path) {
        const text = answers.files?.[path]
        return text === undefined ? Promise.reject(new Error(`ENOENT ${path}`)) : Promise.resolve(text)
      },
      watch: () => () => {},
    },
    clock,
    new Episodes(log),
    () => changes++,
  )
  following.follow(file(servers))
  const settled = () => new Promise((resolve) => setImmediate(resolve))
  return {
    following,
    log,
    asked,
    get changes() {
      return changes
    },
    pass: async (ms: number) => {
      clock.pass(ms)
      await settled()
    },
  }
}

t.test('a changed answer is believed when it is seen twice', async (t) => {
  const answers = { names: { web1: ['192.0.2.11'] } }
  const r = resolver('web1', answers)
  await r.following.refresh()
  t.strictSame(r.following.known.names.get('web1'), ['192.0.2.11'], 'the first is believed at once')
  answers.names.web1 = ['192.0.2.99']
  await r.pass(30_000)
  await r.following.refresh()
  t.strictSame(r.following.known.names.get('web1'), ['192.0.2.11'])
  await r.pass(1000)
  t.strictSame(r.following.known.names.get('web1'), ['192.0.2.99'])
  t.equal(r.changes, 2)
})

t.test('what cannot be read, or is empty, keeps its last good answer, and is told once', async (t) => {
  const answers: { names: Record<string, string[]>; files: Record<string, string> } = {
    names: { web1: ['192.0.2.11'], a: ['192.0.2.1'] },
    files: { '/nodes': 'a\n' },
  }
  const r = resolver('web1, { file: /nodes }', answers)
  await r.following.refresh()
  t.strictSame([...r.following.known.names.keys()].sort(), ['a', 'web1'], 'names in a list are looked up at once')
  answers.names = { web1: [] }
  answers.files = { '/nodes': '' }
  for (let i = 0; i < 3; i++) {
    await r.pass(30_000)
    await r.following.refresh()
  }
  t.match([...r.following.known.names.values()], [['192.0.2.11'], ['192.0.2.1']])
  t.strictSame(r.log.lines.map(({ message }) => message).sort(), [
    'looking up a failed',
    'looking up web1 failed',
    'reading /nodes failed',
  ])
})

t.test('a name is looked up again no sooner than its interval', async (t) => {
  const r = resolver('web1', { names: { web1: ['192.0.2.11'] } })
  for (let i = 0; i < 4; i++) {
    await r.following.refresh()
    await r.pass(10_000)
  }
  t.equal(r.asked.length, 2)
})
