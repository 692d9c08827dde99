import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../src/cli.js'
import { commands } from '../src/command-line.js'

// Nothing here gets as far as opening IPVS: that is for namespaces of the rig.
// Tests run bundled, in the root: a path relative to this file would not hold.
const folder = join(process.cwd(), 'examples/failover-daemon')
const main = join(folder, 'bin/ipvs-failover.js')
const example = join(folder, 'failover.yaml')

async function command(...args: string[]) {
  let [stdout, stderr] = ['', '']
  const status = await cli(args, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  })
  return { status, stdout, stderr }
}

t.test('check-config says what a good file holds', async (t) => {
  const stdout = `${example}: ok, 2 services, 5 servers\n`
  t.strictSame(await command('check-config', '-c', example), { status: 0, stdout, stderr: '' })
})

t.test('README has every command, and no other', async (t) => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  const shown = [...readme.matchAll(/^ipvs-failover ([a-z][\w-]*)/gm)].map(([, word]) => word)
  t.strictSame([...new Set(shown)].sort(), commands.map(({ name }) => name).sort())
})

t.test('a wrong file: every mistake on stderr, status 2, for check-config and for run', async (t) => {
  const directory = t.testdir({
    'bad.yaml': readFileSync(example, 'utf8').replace('interval: 2s', 'interval: 2').replace('direct\n', 'drect\n'),
    'latin1.yaml': Buffer.from([0xe4]),
  })
  for (const name of ['check-config', 'run']) {
    const { status, stdout, stderr } = await command(name, '--config', `${directory}/bad.yaml`)
    t.match({ status, stdout }, { status: 2, stdout: '' })
    t.match(
      stderr,
      /^\S+bad\.yaml:\d+:\d+: services\[0\]\.forwarding: expected .*\n\S+bad\.yaml:\d+:\d+: \S+interval: .*\n$/,
    )
  }
  for (const file of ['latin1.yaml', 'missing.yaml', '.'])
    t.match(
      await command('check-config', '-c', `${directory}/${file}`),
      { status: 2, stdout: '', stderr: /^\S+:1:1: file: .*\n$/ },
      file,
    )
  t.match(await command('check-config', '-c', '/dev/zero'), {
    status: 2,
    stderr: /^\/dev\/zero:1:1: file: expected at most 262144 bytes/,
  })
})

t.test('checks by ICMP that this process may not make end it at its start', async (t) => {
  const file = join(
    t.testdir({ 'icmp.yaml': readFileSync(example, 'utf8').replace('type: tcp', 'type: icmp') }),
    'icmp.yaml',
  )
  // In a network namespace of its own, whose net.ipv4.ping_group_range lets nobody in.
  const inside = ['-rn', 'setpriv', '--bounding-set=-net_raw', '--inh-caps=-net_raw', process.execPath, main]
  t.match(spawnSync('unshare', [...inside, 'run', '-c', file], { encoding: 'utf8' }), {
    status: 1,
    stdout: '',
    stderr: /^ipvs-failover: openPing EPERM: .*ping_group_range.*CAP_NET_RAW\n$/,
  })
})

t.test('wrong arguments: one sentence, with what was perhaps meant and where help is, status 2', async (t) => {
  for (const [args, sentence] of [
    [['start'], 'expected a command, found "start"; see ipvs-failover --help'],
    [[''], 'expected a command, found ""; see ipvs-failover --help'],
    [['chekc-config'], 'expected a command, perhaps check-config, found "chekc-config"; see ipvs-failover --help'],
    [['help', 'drian'], 'expected a command, perhaps drain, found "drian"; see ipvs-failover --help'],
    [['-c', example], 'expected a command first, found "-c"; see ipvs-failover --help'],
    [['run'], 'run: expected -c FILE, found nothing; see ipvs-failover run --help'],
    [['run', '-c'], 'run: -c: expected FILE, found nothing; see ipvs-failover run --help'],
    [['run', '-c', example, 'x'], 'run: expected options only, found "x"; see ipvs-failover run --help'],
    [
      ['run', '--confg', 'x'],
      'run: expected an option, perhaps --config, found "--confg"; see ipvs-failover run --help',
    ],
    [['drain'], 'drain: expected SERVER, found nothing; see ipvs-failover drain --help'],
    [
      ['status', '--watch', '--interval', '2'],
      'status: --interval: expected a duration with a unit, such as 2s or 500ms, up to 24h, found "2"; see ipvs-failover status --help',
    ],
    [
      ['status', '-w', '-i', '0ms'],
      'status: --interval: expected a duration with a unit, such as 2s or 500ms, up to 24h, found "0ms"; see ipvs-failover status --help',
    ],
    [['status', '--namespace'], 'status: expected an option, found "--namespace"; see ipvs-failover status --help'],
  ] as const)
    t.strictSame(
      await command(...args),
      { status: 2, stdout: '', stderr: `ipvs-failover: ${sentence}\n` },
      args.join(' '),
    )
})

t.test('status --watch of no daemon: status 1 and the sentence of status', async (t) => {
  const status = await command('status', '--socket', '/nowhere/control.sock')
  t.match(status, { status: 1, stdout: '', stderr: /^ipvs-failover: no daemon answers at \/nowhere\/control\.sock: / })
  t.strictSame(await command('status', '--watch', '--socket', '/nowhere/control.sock'), status)
})

t.test('--help and --version', async (t) => {
  const all = await command('--help')
  t.match(all, { status: 0, stdout: /^Usage: ipvs-failover COMMAND /, stderr: '' })
  t.strictSame(await command(), { status: 2, stdout: '', stderr: all.stdout }, 'nothing is wanted')
  t.match(await command('--version'), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
  for (const { name } of commands) {
    const help = await command(name, '--help')
    t.match(help, { status: 0, stdout: new RegExp(`^Usage: ipvs-failover ${name} `), stderr: '' })
    t.strictSame(await command('help', name), help)
    t.strictSame(await command(name, '--frobnicate', '-h'), help, 'whatever else is wrong')
  }
})

t.test('the executable passes on status and words', async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'check-config'], {
    encoding: 'utf8',
  })
  t.match(
    { status, stdout, stderr },
    { status: 2, stdout: '', stderr: /^ipvs-failover: check-config: expected -c FILE, found nothing/ },
  )
})
