/** What the daemon makes of Debian's bird: routes of its file, what bird refuses, and what becomes of both when one of them ends. */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { Announcer } from '../../examples/failover-daemon/src/announce/announcer.js'
import { talkToBird } from '../../examples/failover-daemon/src/announce/conversation.js'
import { recordingLog } from '../../examples/failover-daemon/test/recording-log.js'
import { startBird } from '../../rig/bird.js'
import { makeNamespace } from './namespace.js'

const vip = '192.0.2.100'
const vip6 = '2001:db8:0:2::100'
const namespace = await makeNamespace(t)
const folder = await mkdtemp(join(tmpdir(), 'bird-'))
const include = join(folder, 'announced.conf')
const configuration = `router id 192.0.2.1;\nprotocol device {}\ninclude "${folder}/announced*.conf";\n`
const lan = {
  spawn: (of: string, command: string, args: readonly string[], options = {}) =>
    spawn('ip', ['netns', 'exec', of, command, ...args], options),
}
const start = (text = configuration) => startBird(lan, namespace, folder, 'bird', text)
let bird = await start()
t.teardown(() => bird.kill())

let wanted: readonly string[] = []
let before: ReadonlySet<string> = new Set()
const log = recordingLog()
const make = () =>
  new Announcer(
    { include, controlSocket: bird.controlSocket },
    { log, wanted: (were) => ((before = were), wanted), onChange: () => {} },
  )
let announcer = make()

/** What is announced, and what is wrong, once it has looked. */
async function looked(): Promise<readonly [announced: readonly string[] | undefined, problems: readonly string[]]> {
  announcer.look()
  await announcer.end()
  return [announcer.announced && [...announcer.announced], announcer.problems]
}
const routes = (family: 4 | 6) =>
  talkToBird(bird.controlSocket, AbortSignal.timeout(5000), async (ask) => {
    return (await ask(`show route protocol ipvs_failover${family}`)).text
  })
const says = (command: string) =>
  talkToBird(bird.controlSocket, AbortSignal.timeout(5000), async (ask) => (await ask(command)).text)

t.test('where nothing is to be announced, nobody is told', async (t) => {
  t.strictSame(await looked(), [undefined, []])
  await t.rejects(readFile(include), { code: 'ENOENT' })
})

t.test('an address gets its route, and loses it', async (t) => {
  wanted = [vip, vip6]
  t.strictSame(await looked(), [[vip, vip6], []])
  t.match(await routes(4), /192\.0\.2\.100\/32 +blackhole/)
  t.match(await routes(6), /2001:db8:0:2::100\/128 +blackhole/)
  wanted = [vip6]
  t.strictSame(await looked(), [[vip6], []])
  t.notMatch(await routes(4), /192\.0\.2\.100/)
  wanted = [vip]
  t.strictSame(await looked(), [[vip], []])
})

t.test('who looks again reconfigures nothing', async (t) => {
  const last = async () => /Last reconfiguration on .*/.exec(await says('show status'))?.[0]
  const before = await last()
  t.match(before, /^Last reconfiguration on \d/)
  t.strictSame(await looked(), [[vip], []])
  t.equal(await last(), before)
})

t.test('a daemon that starts again finds what was announced', async (t) => {
  announcer = make()
  t.strictSame(await looked(), [[vip], []])
  t.strictSame(before, new Set([vip]))
})

t.test('a bird that is gone is told of, and has the routes when it is back', async (t) => {
  await bird.kill()
  t.match((await looked())[1], [/^bird does not answer at .*\/bird\.ctl: .*ECONNREFUSED/])
  bird = await start()
  t.match(await routes(4), /192\.0\.2\.100\/32/, 'from the file, by itself')
  t.strictSame(await looked(), [[vip], []])
})

t.test('what changes meanwhile is announced when bird is back', async (t) => {
  await bird.kill()
  wanted = []
  t.match((await looked())[1], [/does not answer/])
  bird = await start()
  t.strictSame(await looked(), [[], []])
  wanted = [vip]
  await looked()
})

t.test('an operator that disables the protocol is told otherwise', async (t) => {
  await says('disable ipvs_failover4')
  t.strictSame(await looked(), [[vip], []])
})

t.test('what bird refuses is told in its words, and the routes stay', async (t) => {
  await writeFile(bird.file, `${configuration}protocol nonsense {}\n`)
  wanted = [vip, vip6]
  const [announced, problems] = await looked()
  t.strictSame(announced, [vip])
  t.match(problems, [/^bird refuses its configuration: .*bird\.conf:4:.* syntax error/])
  t.match(await routes(4), /192\.0\.2\.100/)
  await writeFile(bird.file, configuration)
  t.strictSame(await looked(), [[vip, vip6], []])
})

t.test('a bird that does not include the file is told of', async (t) => {
  await bird.kill()
  bird = await start('router id 192.0.2.1;\nprotocol device {}\n')
  t.match((await looked())[1], [`bird does not know ipvs_failover4: its configuration has to include ${include}`])
})

t.test('a bird that is stopped is silent, and holds nobody up', async (t) => {
  process.kill(bird.pid, 'SIGSTOP')
  t.match((await looked())[1], [/^bird does not answer at .*: it is silent/])
  process.kill(bird.pid, 'SIGCONT')
})
