/** Live connections and counters: Debian's ipvsadm and ours show the same namespace alike, in every form of list. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import t, { type Test } from 'tap'
import { comparable } from '../ipvsadm/deviations.js'
import { ipvsadmIn, makeNamespace, openIn, run } from './namespace.js'
import { list } from './ipvsadm.js'

/** Client, director and real servers at once; the server answers and keeps what connects. */
const server = `
  const net = require('net'), dgram = require('dgram')
  for (const [host, port] of [['192.0.2.1', 9090], ['192.0.2.1', 9091], ['2001:db8::1', 9090]])
    net.createServer((socket) => socket.on('data', (data) => socket.write(data)).on('error', () => {})).listen(port, host)
  const held = []
  const talk = (host, port, times) => { for (let i = 0; i < times; i++) held.push(net.connect(port, host, function () { this.write('hello '.repeat(i + 1)) }).on('error', () => {})) }
  const udp = dgram.createSocket('udp4'), udp6 = dgram.createSocket('udp6')
  setTimeout(() => {
    talk('192.0.2.10', 80, 5); talk('192.0.2.11', 80, 3); talk('2001:db8::10', 80, 2)
    udp.send('x', 53, '192.0.2.10'); udp6.send('x', 53, '2001:db8::10'); udp.send('x', 5070, '192.0.2.10')
    udp.send('INVITE sip:a@b SIP/2.0\\r\\nCall-ID: 4711@client.example\\r\\n\\r\\n', 5060, '192.0.2.10')
  }, 500)
  setInterval(() => {}, 1000)`

const rules = `-A -t 192.0.2.10:80 -s rr -p 300
-a -t 192.0.2.10:80 -r 192.0.2.1:9090 -m -w 3
-a -t 192.0.2.10:80 -r 192.0.2.1:9091 -m -x 100 -y 50
-A -t 192.0.2.11:80 -s wlc
-a -t 192.0.2.11:80 -r 192.0.2.1:9090 -m
-a -t 192.0.2.11:80 -r 192.0.2.1:9091 -m
-A -t [2001:db8::10]:80 -s rr -p 60 -M 64
-a -t [2001:db8::10]:80 -r [2001:db8::1]:9090 -m
-A -u 192.0.2.10:53 -s rr
-a -u 192.0.2.10:53 -r 192.0.2.1:9053 -m
-A -u 192.0.2.10:5060 -s rr -p 90 --pe sip
-a -u 192.0.2.10:5060 -r 192.0.2.1:5060 -m
-A -u [2001:db8::10]:53 -s rr
-a -u [2001:db8::10]:53 -r [2001:db8::1]:9053 -m
-A -f 7 -s rr -p 120
-a -f 7 -r 192.0.2.1:9054 -m
`

async function makeTraffic(t: Test): Promise<string> {
  const namespace = await makeNamespace(t)
  const script = `
    for address in 192.0.2.1/32 192.0.2.10/32 192.0.2.11/32; do ip addr add $address dev lo; done
    for address in 2001:db8::1/128 2001:db8::10/128; do ip addr add $address dev lo nodad; done
    nft 'add table ip marks; add chain ip marks out { type route hook output priority mangle; }
         add rule ip marks out ip daddr 192.0.2.10 udp dport 5070 meta mark set 7'`
  await run('ip', ['netns', 'exec', namespace, 'bash', '-euc', script])
  t.strictSame(await ipvsadmIn(namespace, ['-R'], rules), { status: 0, stdout: '', stderr: '' }, 'restored')
  const traffic = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', server], { stdio: 'ignore' })
  t.teardown(async () => {
    const end = once(traffic, 'exit')
    traffic.kill('SIGKILL')
    await end
  })
  return namespace
}

/** Until two looks, as far apart as the kernel counts, show the same numbers, and connections with them. */
async function settled(t: Test, namespace: string): Promise<void> {
  const ipvs = await openIn(t, namespace)
  const look = async () => (await list(namespace, '-Ln', '--stats', '--exact')) + (await list(namespace, '-Ln'))
  const deadline = performance.now() + 120_000
  let last = ''
  for (;;) {
    const now = await look()
    const served = (await ipvs.services()).every(({ stats }) => stats.total.connections > 0n)
    if (served && now === last) return
    if (performance.now() > deadline) throw new Error(`expected steady counters of all services, found ${now}`)
    last = now
    await new Promise((resolve) => setTimeout(resolve, 2500))
  }
}

/** Seconds of `04:57`. */
const secondsOf = (expire: string) => expire.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)

/** Rows of the connection table by what they are, with their seconds. */
function connectionsOf(text: string): Map<string, number> {
  return new Map(
    text.split('\n').map((line) => {
      const [, protocol, expire, rest] = /^(\S+) +(\d+:\d\d) +(.*)$/.exec(line) ?? []
      return expire === undefined ? [line, 0] : [`${protocol} ${rest}`, secondsOf(expire)]
    }),
  )
}

const formats = [[], ['--stats'], ['--stats', '--exact'], ['--thresholds'], ['--persistent-conn'], ['--tun-info']]

t.test('lists with live connections, and the connection table, are the same', async (t) => {
  const namespace = await makeTraffic(t)
  await settled(t, namespace)
  const plain = await list(namespace, '-Ln')
  t.match(plain, /Masq +\d+ +[1-9]/, 'there are active connections')
  for (const names of [['-L', '-n'], ['-L']]) {
    for (const format of formats) {
      const words = [...names, ...format]
      // Rates fall by themselves; all else is as it was before and after.
      for (let attempt = 1; ; attempt++) {
        const before = await list(namespace, ...words)
        const ours = await ipvsadmIn(namespace, words)
        const after = await list(namespace, ...words)
        if (before !== after && attempt < 20) continue
        t.equal(after, before, `${words.join(' ')}: steady`)
        t.equal(ours.status, 0)
        t.strictSame(comparable('ours', ours.stdout), comparable('theirs', before), words.join(' '))
        break
      }
    }
    for (const format of [['-c'], ['-c', '--persistent-conn']]) {
      const words = [...names, ...format]
      const before = connectionsOf(await list(namespace, ...words))
      const ours = connectionsOf((await ipvsadmIn(namespace, words)).stdout)
      const after = connectionsOf(await list(namespace, ...words))
      t.strictSame([...ours.keys()].sort(), [...before.keys()].sort(), `${words.join(' ')}: the same entries`)
      t.strictSame([...after.keys()].sort(), [...before.keys()].sort(), `${words.join(' ')}: steady`)
      const isBetween = [...ours].every(
        ([key, seconds]) => seconds <= (before.get(key) ?? 0) + 1 && seconds >= (after.get(key) ?? 0) - 1,
      )
      t.ok(isBetween, `${words.join(' ')}: and the same time left, to a second`)
      t.ok(ours.size > 12, `${ours.size} entries`)
    }
  }
  const rates = await ipvsadmIn(namespace, ['-Ln', '--rate'])
  const theirs = await list(namespace, '-Ln', '--rate')
  const rows = (text: string) => text.split('\n').map((line) => line.slice(0, 33))
  t.strictSame(rows(rates.stdout).sort(), rows(theirs).sort(), '--rate: the same rows')
})

t.test('rates under way are the same, between two looks that agree', async (t) => {
  const namespace = await makeTraffic(t)
  let seen = 0
  for (let attempt = 0; attempt < 60 && seen < 3; attempt++) {
    const before = await list(namespace, '-Ln', '--rate')
    const ours = await ipvsadmIn(namespace, ['-Ln', '--rate'])
    const after = await list(namespace, '-Ln', '--rate')
    const isMoving = /[1-9]/.test(
      before
        .split('\n')
        .slice(3)
        .map((line) => line.slice(33))
        .join(''),
    )
    if (before !== after || !isMoving) continue
    t.strictSame(comparable('ours', ours.stdout), comparable('theirs', before))
    seen++
  }
  t.ok(seen > 0, 'rates that are not 0 were seen')
})
