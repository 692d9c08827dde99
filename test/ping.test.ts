/** ICMP echo by this machine's own kernel, in network namespaces made for it. */
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { bundleProgram, nowhere, run, well } from './system/run.js'

t.setTimeout(200_000)
await bundleProgram()

const has = (...command: string[]) => spawnSync(command[0] as string, command.slice(1)).status === 0
const silent = 'sysctl -qw net.ipv4.icmp_echo_ignore_all=1 net.ipv6.icmp.echo_ignore_all=1'
const firewall = `nft '
  add table inet t
  add chain inet t i { type filter hook input priority 0; }
  add chain inet t o { type filter hook output priority 0; }
  add rule inet t i ip daddr 127.0.0.5 icmp type echo-request reject with icmp type host-unreachable
  add rule inet t i ip daddr 127.0.0.6 icmp type echo-request reject
  add rule inet t o ip daddr 127.0.0.7 drop'`

for (const kind of ['datagram', 'raw'] as const) {
  t.test(`by sockets of the kind ${kind}`, async (t) => {
    t.test('loopback answers, over IPv4 and IPv6', async (t) => {
      t.match(await run('loopback answers', kind), well)
    })

    t.test('a thousand at once are all answered', async (t) => {
      t.match(await run('a thousand at once', kind), well)
    })

    t.test('no answer is a timeout', async (t) => {
      t.match(await run('no answer', kind, silent), well)
    })

    t.test(
      'an unreachable host is told from trouble on this side, and from its neighbours on the socket',
      async (t) => {
        t.match(await run('unreachable and answering side by side', kind, nowhere), well)
      },
    )

    const withNft = { skip: has('nft', '--version') ? false : 'nft is missing' }
    t.test('firewalls', withNft, async (t) => {
      t.match(await run('a firewall on this host, and one on the target', kind, firewall), well)
    })

    const withPython = { skip: has('python3', '--version') ? false : 'python3 is missing' }
    t.test('forged answers and errors are nobody’s', withPython, async (t) => {
      t.match(await run('forged answers', kind, silent), well)
    })
  })
}

t.test('without CAP_NET_RAW and outside net.ipv4.ping_group_range the error names both', async (t) => {
  t.match(await run('not permitted', 'nothing'), well)
})

t.test('what is no address or no signal is refused', async (t) => {
  t.match(await run('wrong arguments'), well)
})
