import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { cli } from '../src/cli.js'

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

t.test('README has every command of --help, and no other', async (t) => {
  const { stdout } = await command('--help')
  const words = (text: string) =>
    [...new Set([...text.matchAll(/^(?:Usage:)? *ipvs-failover ([a-z][\w-]*)/gm)].map(([, word]) => word))].sort()
  const readme = readFileSync(join(folder, 'README.md'), 'utf8')
  t.ok(words(stdout).length > 8)
  t.strictSame(words(readme), words(stdout))
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

t.test('wrong arguments: one sentence, status 2', async (t) => {
  for (const [args, words] of [
    [[], 'one of run, check-config, real-server-script, import, status'],
    [['start'], '"start"'],
    [['run'], '-c FILE'],
    [['run', '-c'], "'-c, --config <value>'"],
    [['run', '-c', example, 'more'], '"more"'],
    [['run', '--namespace', 'x'], "'--namespace'"],
  ] as const) {
    const { status, stdout, stderr } = await command(...args)
    t.match({ status, stdout }, { status: 2, stdout: '' }, args.join(' '))
    t.match(stderr, /^ipvs-failover: [^\n]+; see ipvs-failover --help\n$/)
    t.match(stderr, words)
  }
})

t.test('--help and --version', async (t) => {
  t.match(await command('--help'), { status: 0, stdout: /^Usage: ipvs-failover run -c FILE/, stderr: '' })
  t.match(await command('--version'), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/ })
})

t.test('the executable passes on status and words', async (t) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, 'check-config'], {
    encoding: 'utf8',
  })
  t.match(
    { status, stdout, stderr },
    { status: 2, stdout: '', stderr: /^ipvs-failover: check-config needs a configuration/ },
  )
})
