/** Beside the original: names of hosts and ports, the executable under the names of ipvsadm and its scripts. Atomic restores. */
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { comparable, comparison, type Outcome } from '../ipvsadm/deviations.js'
import { ipvsadm } from './ipvsadm.js'
import { ipvsadmIn, makeNamespace } from './namespace.js'

// The executable as it is built: this runs bundled, a folder below the package's root.
const executable = join(import.meta.dirname, '..', 'bin/ipvs.cjs')

const hosts = `127.0.0.1 localhost
::1 localhost ip6-localhost
192.0.2.10 vip.example vip
2001:db8::10 vip6.example
10.0.0.1 node1
10.0.0.2 node2 Node2.example # the second
10.0.0.9 several
10.0.0.3 several
192.168.0.3 several
10.0.0.77 a-very-long-name-of-a-real-server.in.a-very-long-domain.example
`

/** A namespace with a hosts file and a resolver that nobody answers for. */
async function makeNamedNamespace(t: Test): Promise<string> {
  const namespace = await makeNamespace(t)
  const folder = `/etc/netns/${namespace}`
  await mkdir(folder, { recursive: true })
  t.teardown(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'hosts'), hosts)
  await writeFile(join(folder, 'nsswitch.conf'), 'hosts: files\nservices: files\n')
  return namespace
}

function inNamespace(namespace: string, command: readonly string[], stdin = ''): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile('ip', ['netns', 'exec', namespace, ...command], (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code) : 0, stdout, stderr })
    })
    child.stdin?.end(stdin)
  })
}

async function makeLinks(t: Test): Promise<(name: string) => string> {
  const folder = await mkdtemp(join(tmpdir(), 'ipvsadm-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const name of ['ipvsadm', 'ipvsadm-save', 'ipvsadm-restore']) await symlink(executable, join(folder, name))
  return (name) => join(folder, name)
}

t.test('names: what they stand for, and where they are shown', async (t) => {
  const [theirs, ours] = [await makeNamedNamespace(t), await makeNamedNamespace(t)]
  const lines = [
    '-A -t vip.example:http -s wlc -p 300',
    '-a -t VIP:www -r node1 -g',
    '-a -t vip:80 -r Node2.example -g -w 7',
    '-a -t vip:http -r several -i',
    '-a -t vip:http -r node2:http-alt -m',
    '-a -t vip:80 -r a-very-long-name-of-a-real-server.in.a-very-long-domain.example -g',
    '-A -u vip:domain -s rr',
    '-a -u vip:domain -r localhost -m',
    '-A --sctp-service vip:36412 -s rr',
    '-A -t [2001:db8::10]:https -s rr',
    '-a -t [2001:db8::10]:https -r [::1]:https -m',
    '-A -t vip:nosuch -s rr',
    '-A -t nosuch.example:80 -s rr',
    '-A -t vip6.example:80 -s rr',
    '-A -t [vip]:80 -s rr -p',
    '-A -t node1:80 -s rr -p -M vip',
    '-a -t vip:http -r nosuch.example -g',
    '-D -t node1:http',
    '-L',
    '-L --stats',
    '-L -t vip:http --tun-info',
    '-S',
  ]
  // In one process: each start takes a second or more here.
  const program = join(import.meta.dirname, 'test-kernel-ipvsadm.program.mjs')
  const { stdout } = await inNamespace(ours, [process.execPath, program, ...lines])
  const outcomes = JSON.parse(stdout) as Outcome[]
  for (const [i, line] of lines.entries()) {
    const words = line.split(' ')
    const their = await inNamespace(theirs, ['ipvsadm', ...words])
    const our = outcomes[i] as Outcome
    const told = comparison(words, their, our)
    if (line !== '-S') t.strictSame(told.ours, told.theirs, line)
    else {
      // Two names that ipvsadm saves and cannot read: IPv6 hosts, and what it cuts off.
      const readable = (text: string) =>
        text.replaceAll('[vip6.example]', '[2001:db8::10]').replaceAll('[localhost]', '[::1]')
      const cut = /a-very-long-name\S*/g
      t.strictSame(
        comparable('ours', our.stdout.replace(cut, 'long')),
        comparable('theirs', readable(their.stdout).replace(cut, 'long')),
        line,
      )
      t.match(our.stdout, ' -r a-very-long-name-of-a-real-server.in.a-very-long-domain.example:http -g')
    }
  }
})

t.test('scripts run unchanged with a symbolic link named ipvsadm', async (t) => {
  const link = await makeLinks(t)
  const [theirs, ours] = [await makeNamedNamespace(t), await makeNamedNamespace(t)]
  // As the cluster's scripts have it.
  const script = (ipvsadm: string) => `set -e
    VIP=192.0.2.10 SCHED=wlc
    ${ipvsadm} -A -t $VIP:80 -p 300 -s $SCHED
    for i in node1 node2; do ${ipvsadm} -a -t $VIP:80 -r $i -g; done
    ${ipvsadm} -d -t $VIP:80 -r node1
    ${ipvsadm} -d -t $VIP:80 -r node1 || echo "status $?"
    ${ipvsadm} -A -t $VIP:80 -s rr || echo "status $?"
    ${ipvsadm} -Ln
    ${ipvsadm}`
  const [their, our] = [
    await inNamespace(theirs, ['bash', '-c', script('ipvsadm')]),
    await inNamespace(ours, ['bash', '-c', script(link('ipvsadm'))]),
  ]
  t.strictSame(our, their)
  t.match(their.stdout, /^status 255\nstatus 255\n/)

  const saved = await inNamespace(ours, [link('ipvsadm-save'), '-n'])
  t.strictSame(saved, await inNamespace(theirs, ['ipvsadm-save', '-n']), 'ipvsadm-save')
  const more = `# a comment\n${saved.stdout}-A -u 192.0.2.10:53 -s rr\n`
  const [theirRestore, ourRestore] = [
    await inNamespace(theirs, ['ipvsadm-restore'], more),
    await inNamespace(ours, [link('ipvsadm-restore')], more),
  ]
  t.strictSame(ourRestore, theirRestore, 'ipvsadm-restore')
  t.strictSame(
    comparable('ours', (await inNamespace(ours, ['ipvsadm', '-Ln'])).stdout),
    comparable('theirs', (await inNamespace(theirs, ['ipvsadm', '-Ln'])).stdout),
  )
  const bad = await inNamespace(ours, [link('ipvsadm-restore')], '-A -t 192.0.2.10:80 -s rr\n-a -t 192.0.2.10:80\n')
  t.match(bad, { status: 2, stdout: '', stderr: /^line 2: You need to supply .*; nothing was changed\n$/ })
})

t.test('ipvs adm is the same', async (t) => {
  const ours = await makeNamedNamespace(t)
  const adm = (...words: string[]) => inNamespace(ours, [executable, 'adm', ...words])
  t.strictSame(await adm('-A', '-t', 'vip:http'), { status: 0, stdout: '', stderr: '' })
  t.match(await adm('-Ln'), { status: 0, stdout: /^TCP {2}192\.0\.2\.10:80 wlc$/m })
  t.match(await adm('-A', '-t', 'vip:http'), { status: 255, stderr: 'Service already exists\n' })
  t.match(await adm('--help'), { status: 0, stdout: /^ipvsadm v1\.31 / })
})

t.test(
  'an atomic restore: nothing before all lines are right, then the difference, and that undone on a refusal',
  async (t) => {
    const namespace = await makeNamespace(t)
    const ours = (words: string, stdin = '') => ipvsadmIn(namespace, words.split(' '), stdin)
    const saved = async () => (await ours('-S -n')).stdout
    await ipvsadm(namespace, ['-A -t 192.0.2.10:80 -s wlc -p 300', '-a -t 192.0.2.10:80 -r 10.0.0.1 -g -x 10 -y 5'])
    const before = await saved()
    t.match(before, / -x 10 -y 5\n/)

    t.match(await ours('-R --atomic', '-C\n-A -t 192.0.2.11:80\n-A -t 192.0.2.11:80\n'), {
      status: 255,
      stderr: 'line 3: Service already exists: -A -t 192.0.2.11:80; nothing was changed\n',
    })
    t.equal(await saved(), before)
    t.match(await ours('-R --atomic', '-A -t 192.0.2.11:80\n-A -t 192.0.2.12:80 -s nosuch\n'), {
      status: 255,
      stderr: /ip_vs_nosuch.*\nnothing was changed: what had been done before is undone\n$/,
    })
    t.equal(await saved(), before)

    const wanted = '-A -t 192.0.2.10:80 -s wlc -p 300\n-a -t 192.0.2.10:80 -r 10.0.0.2:80 -m -w 3\n-A -f 7 -s rr\n'
    t.strictSame(await ours('-R --atomic', `-C\n${wanted}`), { status: 0, stdout: '', stderr: '' })
    t.equal(await saved(), wanted, 'what was there and is not in the file is gone')
    t.strictSame(await ours('-R --atomic', '-a -f 7 -r 10.0.0.9 -g\n-D -t 192.0.2.10:80\n'), {
      status: 0,
      stdout: '',
      stderr: '',
    })
    t.equal(await saved(), '-A -f 7 -s rr\n-a -f 7 -r 10.0.0.9:0 -g -w 1\n')
  },
)
