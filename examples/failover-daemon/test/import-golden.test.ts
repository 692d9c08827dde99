import { readFileSync } from 'node:fs'
import t from 'tap'
import { fixtures, importing, parsed, seedArguments } from './import-run.js'

const whole = {
  mon: [
    'hostgroup http_nodes web1 web2.example.net 192.0.2.13\n',
    'watch http_nodes\nservice http\ninterval 10s\nmonitor http.monitor -t 2 -u /health\nperiod\nalert mail.alert ops@example.net\n',
  ].join('\n'),
  lvsInit: 'VIP=192.0.2.100\n/sbin/ipvsadm -A -t $VIP:http -s rr\n',
  keepalived: `virtual_server 192.0.2.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  delay_loop 5
  real_server 192.0.2.11 80 {
    weight 2
    TCP_CHECK {
      connect_timeout 3
    }
  }
}
`,
  ldirectord: `quiescent=no
virtual=192.0.2.100:80
	real=192.0.2.11:80 gate
	checktype=connect
	checktimeout=2
`,
}

for (const [name, args] of [
  ['seed', seedArguments],
  ['keepalived', ['--keepalived', `${fixtures}/keepalived/keepalived.conf`]],
  ['ldirectord', ['--ldirectord', `${fixtures}/ldirectord/ldirectord.cf`]],
] as const)
  t.test(`an installation with ${name === 'seed' ? 'mon and lvs-init' : name}, to the letter`, async (t) => {
    const { status, stdout, stderr } = await importing(...args)
    t.equal(stdout, readFileSync(`${fixtures}/expected/${name}.yaml.txt`, 'utf8'))
    t.equal(status, 3)
    const notes = stdout.split('\n').flatMap((line) => (line.startsWith('# - ') ? [line.slice(4)] : []))
    t.strictSame(stderr, notes.map((note) => `${note}\n`).join(''), 'stderr has what the head of the file has')
    for (const note of notes) t.match(note, /^\S+:\d+: .+: .+; .+$/, 'its place, what, why, and what to do')
    t.equal(parsed(stdout).services.length, stdout.split('- virtual:').length - 1)
  })

t.test('what is carried over whole is written without a note, status 0', async (t) => {
  const directory = t.testdir({ ...whole, nodes: {} })
  const ways = {
    mon: ['--mon', `${directory}/mon`, '--lvs-init', `${directory}/lvsInit`, '--nodes', `${directory}/nodes`],
    keepalived: ['--keepalived', `${directory}/keepalived`],
    ldirectord: ['--ldirectord', `${directory}/ldirectord`],
  }
  for (const [name, args] of Object.entries(ways)) {
    const { status, stdout, stderr } = await importing(...args)
    t.strictSame({ status, stderr }, { status: 0, stderr: '' }, name)
    const [service] = parsed(stdout).services
    t.match(service?.spec, { protocol: 'tcp', address: '192.0.2.100', port: 80 })
    t.equal(stdout.includes('Not carried over'), false)
  }
  const { stdout } = await importing(...ways.mon)
  t.match(stdout, /servers:\n {6}- web1\n {6}- web2\.example\.net\n {6}- 192\.0\.2\.13\n/)
})

t.test('exactly one kind of installation, with the options that belong to it', async (t) => {
  for (const [args, words] of [
    [[], 'exactly one of --mon, --keepalived and --ldirectord, found 0'],
    [['--keepalived', 'a', '--ldirectord', 'b'], 'found 2'],
    [['--mon', 'mon.cf', '--nodes', '.'], '--mon needs --lvs-init FILE'],
    [['--mon', 'mon.cf', '--lvs-init', 'x'], '--mon needs --nodes DIR'],
    [['--keepalived', 'a', '--set', 'VIP=1'], '--set goes with --mon only'],
    [['--ldirectord', 'a', '--config-id', 'b'], '--config-id goes with --keepalived only'],
    [[...seedArguments, '--set', 'VIP'], '--set: expected such as VIP=192.0.2.100, found "VIP"'],
    [[...seedArguments, '--pair', 'myapp'], '--pair: expected such as 5000=myapp_nodes'],
    [['--moon', 'mon.cf'], 'an option, perhaps --mon, found "--moon"'],
    [['keepalived.conf'], 'keepalived.conf'],
  ] as const) {
    const { status, stdout, stderr } = await importing(...args)
    t.match({ status, stdout }, { status: 2, stdout: '' }, args.join(' '))
    t.match(stderr, /^ipvs-failover: [^\n]+; see ipvs-failover import --help\n$/)
    t.match(stderr, words)
  }
})

t.test('--help tells the exit statuses', async (t) => {
  const { status, stdout } = await importing('--help')
  t.equal(status, 0)
  t.match(stdout, /^Usage: ipvs-failover import --mon .*Exit status:\n {2}0 .*\n {2}2 .*\n {2}3 /s)
})
