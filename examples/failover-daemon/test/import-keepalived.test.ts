import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import t from 'tap'
import type { Test } from 'tap'
import { fixtures, importing, parsed } from './import-run.js'

const SAMPLES = '/usr/share/doc/keepalived/samples'

/** Imports a keepalived.conf of this text, and what lies beside it. */
async function conf(t: Test, text: string, beside: Record<string, string> = {}, ...more: string[]) {
  const directory = t.testdir({ 'keepalived.conf': text, ...beside })
  const { status, stdout, stderr } = await importing('--keepalived', `${directory}/keepalived.conf`, ...more)
  return { status, stdout, stderr: stderr.replaceAll(`${directory}/`, '') }
}

/** A service with one server, and these settings in each. */
const service = (settings: string, server = '', checker = 'TCP_CHECK {\n}') => `virtual_server 192.0.2.100 80 {
lb_algo rr
lb_kind NAT
protocol TCP
${settings}
real_server 192.0.2.11 80 {
${server}
${checker}
}
}
`

const noKeepalived = spawnSync('keepalived', ['--version']).error !== undefined && 'no keepalived on this machine'
t.test('the real keepalived accepts these fixtures', { skip: noKeepalived }, async (t) => {
  const args = ['-C', '-t', '-f', `${fixtures}/keepalived/keepalived.conf`]
  const { status, stderr } = spawnSync('keepalived', args, { encoding: 'utf8' })
  t.strictSame({ status, stderr }, { status: 0, stderr: '' })
})

const noSamples = !existsSync(SAMPLES) && 'no samples of keepalived on this machine'
t.test("every sample of Debian's keepalived is imported, or has no virtual server", { skip: noSamples }, async (t) => {
  for (const name of readdirSync(SAMPLES).filter((name) => name.startsWith('keepalived.conf.'))) {
    const { status, stdout, stderr } = await importing('--keepalived', `${SAMPLES}/${name}`)
    if (status === 2) t.match(stderr, /expected (a virtual_server|at least one virtual service)/, name)
    else t.ok(parsed(stdout).services.length > 0, name)
  }
})

t.test('defaults are those of keepalived 2.2.7', async (t) => {
  const { stdout, stderr } = await conf(
    t,
    'virtual_server 192.0.2.100 53 {\nreal_server 192.0.2.11 {\nDNS_CHECK {\n}\n}\n}\n',
  )
  t.match(stdout, /protocol: udp\n {4}scheduler: wlc\n {4}forwarding: masquerade\n/)
  t.match(
    stdout,
    /name: \.\n {6}record: SOA\n {6}interval: 1m\n {6}fastInterval: 1m\n {6}timeout: 5s\n {6}rise: 1\n {6}fall: 4\n/,
  )
  t.match(stderr, 'it has no protocol: UDP for keepalived 2, TCP for 1')
})

t.test('settings of a checker win over those of its server, and these over those of the service', async (t) => {
  const text = service(
    'delay_loop 10\nretry 5\nconnect_timeout 4',
    'retry 3\nconnect_timeout 3',
    'TCP_CHECK {\nconnect_timeout 2\n}',
  )
  t.match(
    (await conf(t, text)).stdout,
    /interval: 10s\n {6}fastInterval: 1s\n {6}timeout: 2s\n {6}rise: 1\n {6}fall: 4\n/,
  )
})

t.test('comments, quotes, definitions and sequences are read as keepalived does', async (t) => {
  const text = `$A=192.0.2.\${B} # comment
$B=\${C}00
! comment
$C=1
$RS= \\
  real_server 192.0.2.\${N} 80 { \\
    weight \${N} \\
    HTTP_GET { \\
      url { \\
        path "/a#b!c d" \\
        path "/a\${_HASH}b" \\
      } \\
    } \\
  }
virtual_server $A 80 { # here
  lb_algo rr ! there
  lb_kind DR
  protocol TCP
  ~SEQ(N, 11, 2, 15) $RS
  ~LST(N, 31, 32) $RS
}
`
  const { stdout, stderr } = await conf(t, text)
  t.match(stdout, /virtual: 192\.0\.2\.100:80/)
  t.strictSame(
    [...stdout.matchAll(/address: 192\.0\.2\.(\d+), weight: (\d+)/g)].map(([, host, weight]) => [host, weight]),
    ['11', '13', '15', '31', '32'].map((n) => [n, n]),
  )
  t.match(stdout, 'path: /a#b\n')
  t.equal(stderr, '')
})

t.test('lines of other hosts are left out, or noted where the host is not known', async (t) => {
  const text = service('@main delay_loop 7\n@^main delay_loop 8')
  t.match(await conf(t, text, {}, '--config-id', 'main'), { status: 0, stdout: 'interval: 7s' })
  t.match(await conf(t, text, {}, '--config-id', 'backup'), { status: 0, stdout: 'interval: 8s' })
  const { status, stdout, stderr } = await conf(t, text)
  t.match({ status, stdout }, { status: 3, stdout: 'interval: 8s' })
  t.match(stderr, /:5: @main: whether it holds is not known.*left out.*\n.*:6: @\^main: .*taken/)
})

t.test('includes are read in their own folder, and never beyond it', async (t) => {
  const beside = { 'conf.d': { 'a.conf': service(''), 'b.conf': 'include ../c.conf\n', '.hidden.conf': 'x }' } }
  const text = 'include conf.d/*.conf\n'
  const tree = { ...beside, 'c.conf': service('').replace(' 80 {', ' 81 {') } as unknown as Record<string, string>
  t.match(await conf(t, text, tree), { status: 0, stdout: /100:80\n.*100:81\n/s })
  for (const path of ['/etc/passwd', '../../../../etc/passwd', 'link.conf', 'missing.conf', '/dev/zero']) {
    const link = { 'link.conf': t.fixture('symlink', '/etc/passwd') } as unknown as Record<string, string>
    const { status, stderr } = await conf(t, `include ${path}\n${service('')}`, link)
    t.match({ status, stderr }, { status: 3, stderr: /^keepalived\.conf:1: include \S+: it was not read: / }, path)
    t.notMatch(stderr, 'root:')
  }
  t.match(await conf(t, `include {a,b}.conf\n${service('')}`), { status: 3, stderr: 'include each file by name' })
})

t.test('a script for each server is one for all, with its user and its weight', async (t) => {
  const script = (more: string) =>
    service('', '', `MISC_CHECK {\nmisc_path "/bin/c -h 192.0.2.11 80"\nmisc_timeout 5\n${more}\n}`)
  const plain = await conf(t, script(''))
  t.match(plain, { status: 0, stdout: "command: [ /bin/c, -h, '{address}', '{port}' ]\n      interval: 1m\n" })
  t.match(await conf(t, script('user nobody')), { status: 0, stdout: 'user: nobody\n' })
  t.match(await conf(t, script('user nobody nogroup')), { status: 3, stderr: 'user nobody nogroup: a program runs as' })
  const weighing = await conf(t, script('misc_dynamic'))
  t.match(weighing, { status: 3, stderr: "misc_dynamic: the script's weight counts up to the server's own" })
  t.match(parsed(weighing.stdout).services[0], { policy: { weightFromCheck: true }, check: { weightFromStatus: true } })
})

t.test('an expression for the answer keeps what its options say', async (t) => {
  const regex = (more: string) =>
    service('', '', `HTTP_GET {\nconnect_timeout 5\nurl {\npath /\nregex "^v.[0-9]+"\n${more}\n}\n}`)
  for (const [more, body] of [
    ['', "{ matches: '^v[^\\n][0-9]+' }"],
    ['regex_options caseless', "{ matches: '^v[^\\n][0-9]+', ignoreCase: true }"],
    ['regex_options dotall', "{ matches: '^v[^][0-9]+' }"],
  ] as const)
    t.match(await conf(t, regex(more)), { status: 0, stdout: `body: ${body}\n` }, more)
  for (const more of ['regex_no_match', 'regex_options multiline', 'regex_min_offset 5'])
    t.match(await conf(t, regex(more)), { status: 3, stderr: `with ${more.split(' ')[0] ?? ''}: body is text` }, more)
})

t.test('what has no place in the configuration is listed with its line', async (t) => {
  for (const [settings, server, checker, note] of [
    ['alpha', '', undefined, ':5: alpha: a server of unknown health'],
    ['omega', '', undefined, ':5: omega: the end of the daemon'],
    ['ha_suspend', '', undefined, ':5: ha_suspend: '],
    ['sh-port', '', undefined, ':5: sh-port: flags of schedulers are not carried over'],
    ['quorum_up /bin/true', '', undefined, ':5: quorum_up: one program is told of both'],
    ['sorry_server 192.0.2.9 81\nlb_kind DR', '', undefined, ':5: sorry server 192.0.2.9:81: direct forwarding leaves'],
    ['sorry_server ::1 80', '', undefined, "sorry server ::1: it needs an address of the service's family"],
    ['warmup 5', '', undefined, ':5: warmup 5: '],
    ['frobnicate', '', undefined, ':5: frobnicate: keepalived 2.2.7 knows no such keyword'],
    ['lb_kind TUN type gue port 6080', '', undefined, ':5: TUN type gue port 6080: tunnels are ipip'],
    ['protocol SCTP', '', undefined, ':1: virtual service 192.0.2.100:80: the daemon knows tcp and udp, not sctp'],
    ['lb_algo UPPER', '', undefined, ':1: scheduler UPPER: it is no name'],
    ['delay_loop 2', '', undefined, 'a check ends before the next one starts, so 5s must be less than 2s'],
    ['', 'uthreshold 5', undefined, ':7: uthreshold 5: servers have no thresholds'],
    ['', 'lb_kind DR', undefined, 'real_server 192.0.2.11 80: all servers of a service have its forwarding'],
    ['', '', 'TCP_CHECK {\nconnect_ip 192.0.2.99\n}', ":9: connect_ip 192.0.2.99: the server's own address"],
    ['', '', 'TCP_CHECK {\nbindto 192.0.2.1\n}', ':9: bindto: '],
    ['', '', 'BFD_CHECK {\nname x\n}', ':8: BFD_CHECK: the daemon speaks no BFD'],
    ['', '', 'FILE_CHECK {\ntrack_file x\n}', ':8: FILE_CHECK: '],
    ['', '', 'HTTP_GET {\nurl {\npath x\n}\n}', ':9: path x: a path begins with /'],
    ['', '', 'HTTP_GET {\nurl {\nstatus_code 20\n}\n}', ':9: status_code 20: it is no status'],
    ['', '', 'HTTP_GET {\nurl {\ndigest 00\n}\n}', ':10: digest: '],
    ['', '', 'DNS_CHECK {\ntype HINFO\n}', ':8: type HINFO: '],
    ['', '', 'MISC_CHECK {\nmisc_path check.sh\n}', ':8: misc_path check.sh: a script needs an absolute path'],
    ['', '', 'UDP_CHECK {\nrequire_reply 70XX\n}', ':8: UDP_CHECK: '],
    [
      '',
      'notify_up /bin/x',
      'TCP_CHECK {\n}\n}\nreal_server 192.0.2.12 80 {\nTCP_CHECK {\n}',
      ':7: notify_up /bin/x: an alert is about',
    ],
  ] as const) {
    const { status, stdout, stderr } = await conf(t, service(settings, server, checker))
    t.match(stderr, note, note)
    t.not(status, 0)
    if (status === 3) parsed(stdout)
  }
  const vrrp = await importing('--keepalived', `${fixtures}/keepalived/vrrp.conf`)
  t.match(vrrp, { status: 2, stdout: '', stderr: /VI_1: VRRP .*\n.*:1:1: keepalived\.conf: expected a virtual_server/ })
  t.notMatch(vrrp.stderr, 's3cr3t', 'no password is shown')
})

t.test('a file that is no keepalived.conf is refused with its place', async (t) => {
  for (const [text, message] of [
    ['', 'keepalived.conf:1:1: keepalived.conf: expected a virtual_server, found none'],
    ['virtual_server 192.0.2.1 80 {\n', 'keepalived.conf:1:1: virtual_server: expected } at its end'],
    [`${service('')}}\n`, 'keepalived.conf:12:1: brace: expected { before }, found none'],
    ['{\n}\n', 'keepalived.conf:1:1: brace: expected a keyword before {, found none'],
    ['a {\n'.repeat(50), 'keepalived.conf:17:1: brace: expected at most 16 blocks'],
    ['virtual_server group G {\n}\n', 'keepalived.conf:1:1: virtual_server: expected a virtual_server_group G'],
    [service('lb_kind NET'), 'keepalived.conf:5:1: lb_kind: expected NAT, DR or TUN, found "NET"'],
    ['$A=${A}${A}\n${A}\n', 'keepalived.conf:2:1: line: expected definitions that end'],
    ['$A= \\\n${A} \\\n${A}\n$A\n', 'line: expected definitions at most 20 deep'],
    ['~SEQ(A, 1, 1000) ~SEQ(B, 1, 1000) ~SEQ(C, 1, 1000)\n', 'expected at most 200000 steps'],
    ['include keepalived.conf\n', 'include: expected at most 10 levels'],
  ] as const)
    t.match(await conf(t, text), { status: 2, stdout: '', stderr: message }, text.slice(0, 40))
})
