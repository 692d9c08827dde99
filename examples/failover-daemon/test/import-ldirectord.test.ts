import t from 'tap'
import type { Test } from 'tap'
import { importing, parsed } from './import-run.js'

async function cf(t: Test, text: string) {
  const directory = t.testdir({ 'ldirectord.cf': text })
  const { status, stdout, stderr } = await importing('--ldirectord', `${directory}/ldirectord.cf`)
  return { status, stdout, stderr: stderr.replaceAll(`${directory}/`, '') }
}

/** One virtual with these options, and no note by itself. */
const virtual = (options: string, head = '192.0.2.100:80', globals = 'quiescent=no\nchecktimeout=2\n') =>
  `${globals}virtual=${head}\n\treal=192.0.2.11 masq\n${options.replace(/^(?=.)/gm, '\t')}\n`

t.test('defaults are those of ldirectord', async (t) => {
  const { stdout, status } = await cf(t, 'virtual=192.0.2.100:80\n    real=192.0.2.11:80 gate\n    checktype=connect\n')
  t.equal(status, 0)
  t.match(
    stdout,
    /scheduler: wrr\n {4}forwarding: direct\n {4}servers:\n {6}- 192\.0\.2\.11\n {4}onFailure: quiesce\n {4}whenAllDown: none\n/,
  )
  t.match(stdout, /type: tcp\n {6}interval: 10s\n {6}timeout: 5s\n {6}rise: 1\n {6}fall: 1\n/)
})

t.test('options of a virtual are indented, by a tab or four blanks, and end where a line is not', async (t) => {
  const text = 'virtual=192.0.2.100:80\n\treal=192.0.2.11 masq\n  # comment\n\tchecktype=connect # here\n'
  t.match(await cf(t, text), { status: 0, stdout: 'type: tcp' })
  for (const [more, message] of [
    ['   checktype=connect\n', 'ldirectord.cf:5:1: ldirectord.cf: expected virtual = ADDRESS:PORT or a global option'],
    ['\n\tchecktype=connect\n', 'ldirectord.cf:6:1: ldirectord.cf: expected virtual = ADDRESS:PORT or a global option'],
    ['\tfrobnicate=1\n', 'ldirectord.cf:5:1: ldirectord.cf: expected an option of a virtual, found "frobnicate= …"'],
    ['\treal6=[::1]:80 gate\n', 'ldirectord.cf:5:1: ldirectord.cf: expected real, found "real6"'],
    ['\treal=192.0.2.12:80 route\n', 'ldirectord.cf:5:1: real: expected ADDRESS'],
    ['\tchecktype=maybe\n', 'ldirectord.cf:5:1: checktype: expected connect'],
    ['\tcheckport=none\n', 'ldirectord.cf:5:1: ldirectord.cf: expected a number for checkport'],
    ['virtual=here\n', 'ldirectord.cf:5:1: virtual: expected ADDRESS:PORT or a firewall mark'],
  ] as const)
    t.match(await cf(t, text + more), { status: 2, stdout: '', stderr: message }, more)
  t.match(await cf(t, ''), { status: 2, stderr: 'ldirectord.cf:1:1: ldirectord.cf: expected a virtual, found none' })
})

t.test('each service that ldirectord speaks has its check, or a note', async (t) => {
  for (const [options, check, note] of [
    [
      'service=http\nrequest="a.html"\nreceive="OK"',
      /type: http\n {6}path: \/a\.html\n {6}status: 200-299\n {6}body: OK\n/,
      '',
    ],
    ['httpmethod=HEAD', /path: \/\n {6}method: HEAD\n/, ''],
    ['httpmethod=HEAD\nreceive="OK"', /path: \/\n {6}status: 200-299\n {6}body: OK\n/, 'it asks by GET'],
    ['receive="v\\d+ (ok|good)"', /body: \{ matches: v\\d\+ \(ok\|good\) \}\n/, ''],
    ['receive="[[:digit:]]"', /status: 200-299\n {6}interval/, 'JavaScript has no such expression'],
    ['checktype=external-perl\ncheckcommand="/bin/c"', /command: \[ \/bin\/c, 192/, 'it is run as a program'],
    ['service=https\nvirtualhost="x.example"', /host: x\.example\n {6}tls: \{ verify: false \}\n/, ''],
    ['service=smtp', /type: smtp\n/, ''],
    ['service=submission', /type: smtp\n/, ''],
    ['service=dns\nrequest="192.0.2.7"', /type: dns\n {6}name: 7\.2\.0\.192\.in-addr\.arpa\n {6}record: PTR\n/, ''],
    [
      'service=simpletcp\nrequest="PING\\n"\nreceive="PONG"',
      /type: sendExpect\n {6}send: \|\n {8}PING\n {6}expect: PONG\n/,
      '',
    ],
    ['service=simpletcp', /type: tcp\n/, 'nothing is told that must be answered'],
    ['service=ftp', /type: sendExpect\n {6}expect: '?220'?\n/, 'its greeting is checked'],
    ['service=pop', /expect: \+OK\n/, 'its greeting is checked'],
    ['service=nntp', /expect: '20'\n/, 'its greeting is checked'],
    ['service=imaps', /type: tls\n {6}tls: \{ verify: false \}\n/, 'its handshake is checked'],
    ['service=ldap', /type: tcp\n/, 'no check that speaks ldap'],
    ['service=none', /type: tcp\n/, 'ldirectord asked nothing'],
    ['service=sip\nprotocol=udp', /type: icmp\n/, 'no check that speaks sip'],
    ['checktype=connect\nprotocol=udp', /type: icmp\n/, ''],
    ['checktype=ping', /type: icmp\n/, ''],
    [
      'checktype=external\ncheckcommand="/bin/c x"',
      /type: script\n {6}command: \[ \/bin\/c, x, 192\.0\.2\.100, '80', '\{address\}', '\{port\}' \]\n/,
      '',
    ],
    ['checktype=external\ncheckcommand=c', /type: tcp\n/, 'a script needs an absolute path'],
    ['checktype=5', /type: http\n/, 'it negotiates every time'],
    ['checktype=on', /type: tcp\n/, 'every service is checked'],
  ] as const) {
    const { status, stdout, stderr } = await cf(t, virtual(options))
    t.match(stdout, check, options)
    t.match(stderr, note)
    t.equal(status, note === '' ? 0 : 3)
    parsed(stdout)
  }
  t.match(await cf(t, virtual('checktype=off')), { status: 2, stderr: /checktype = off: .*\n.*expected at least one/ })
})

t.test('passwords are never shown', async (t) => {
  const { status, stdout, stderr } = await cf(
    t,
    virtual('service=mysql\nlogin="me"\npasswd="hunter2"\nsecret="hunter2"'),
  )
  t.equal(status, 3)
  t.notMatch(stdout + stderr, 'hunter2')
  const broken = await cf(t, `${virtual('checktype=connect')}passwd = "hunter2"\n`)
  t.equal(broken.status, 2)
  t.notMatch(broken.stderr, 'hunter2')
})

t.test('fallback is the sorry server, of the virtual or of the whole file', async (t) => {
  const globals = 'quiescent=no\nchecktimeout=2\nfallback=127.0.0.1:8080\n'
  const { stdout, status } = await cf(t, virtual('checktype=connect', undefined, globals))
  t.match({ stdout, status }, { stdout: /whenAllDown: sorry\n {4}sorry: 127\.0\.0\.1:8080\n/, status: 0 })
  const own = await cf(t, virtual('checktype=connect\nfallback=192.0.2.9 gate', undefined, globals))
  t.match(own, {
    stdout: 'sorry: 192.0.2.9:80',
    status: 3,
    stderr: /fallback by gate: it has the service's forwarding/,
  })
})

t.test('ranges of servers, names, weights and what cannot be one', async (t) => {
  const real = (text: string) => cf(t, virtual(`checktype=connect\nreal=${text}`))
  t.match(
    (await real('192.0.2.20->192.0.2.22:8080 masq 4')).stdout,
    /20, port: 8080, weight: 4.*22, port: 8080, weight: 4/s,
  )
  t.match((await real('web.example.net:8080 masq')).stdout, '- web.example.net:8080')
  for (const [text, note] of [
    ['192.0.2.20->198.51.100.1:80 masq', 'no range of at most 256'],
    ['192.0.2.20:80 gate', 'all servers of a service have its forwarding'],
    ['192.0.2.20:nonesuch masq', 'the port nonesuch is not looked up'],
    ['192.0.2.11:80 masq', 'the service has it twice'],
    ['0.0.0.0:80 masq', 'it is no address or name of a host'],
    ['192.0.2.20 masq "a", "b"', "all servers have one check, the first server's"],
  ] as const)
    t.match(await real(text), { status: 3, stderr: note }, text)
})
