import t from 'tap'
import { complete } from '../../lib/cli/completion/complete.js'
import { completionAt } from '../../lib/cli/completion/cursor.js'
import { adm, commandNames, commands } from '../../lib/cli/commands.js'
import { commandWords, optionWords } from '../../lib/ipvsadm/options.js'
import { schedulers } from '../../lib/types.js'
import { makeWorld, run, type World } from './io.js'

/** The words that may stand at the end of a line, or where else they come from. */
function wordsAt(line: string) {
  const { wanted, prefix = '' } = completionAt(line.split(' '))
  return wanted.from === 'words' ? wanted.candidates.map(({ word }) => prefix + word) : { ...wanted, prefix }
}

t.test('a command comes first, each with what it is for', async (t) => {
  for (const line of ['', 'l', 'help ', 'help dr']) t.same(wordsAt(line), commandNames, line)
  const { wanted } = completionAt([''])
  const helps = wanted.from === 'words' ? wanted.candidates.map(({ help }) => help) : []
  t.same(
    helps.slice(0, -1),
    [...commands, adm].map(({ summary }) => summary),
  )
  t.ok(helps.at(-1))
})

t.test(
  'nothing comes after what is no command, after help of one, and after the last operand of options',
  async (t) => {
    for (const line of ['no-such-command ', 'no-such-command -', 'help list ', '--version '])
      t.same(wordsAt(line), [], line)
  },
)

t.test('a dash begins an option: every one of the command, with its help', async (t) => {
  t.same(wordsAt('-'), ['--help', '--version'])
  for (const { name, options } of commands) {
    for (const start of ['-', '--', '--n']) {
      const { wanted } = completionAt([name, start])
      t.same(wanted, {
        from: 'words',
        candidates: [
          ...options.map(({ name, help }) => ({ word: `--${name}`, help })),
          { word: '--help', help: 'show this help' },
        ],
      })
    }
  }
})

t.test('an option that is given is offered again only if it may be repeated', async (t) => {
  t.same(wordsAt('list --json -w -i 2s -'), ['--namespace', '--help'])
  t.match(wordsAt('connections -f state=NONE -'), ['--namespace', '--json', '--filter'])
})

t.test('options are offered where no operand is left', async (t) => {
  t.match(wordsAt('top '), ['--namespace'])
  t.match(wordsAt('plan file '), ['--namespace'])
  t.match(wordsAt('drain 192.0.2.1:80 192.0.2.11 --remove '), ['--namespace'])
  t.same(wordsAt('plan -- file '), [], 'after -- there are none')
})

t.test('the value of an option is one of its choices', async (t) => {
  for (const { name, options } of commands) {
    for (const { name: option, choices } of options) {
      if (!choices) continue
      t.same(wordsAt(`${name} --${option} `), choices)
      t.same(wordsAt(`${name} --${option} x`), choices)
      t.same(
        wordsAt(`${name} --${option}=x`),
        choices.map((choice) => `--${option}=${choice}`),
      )
    }
  }
  t.same(wordsAt('list --interval '), [], 'a duration is not known')
  t.same(wordsAt('list --interval=1'), [])
  t.same(wordsAt('list --json='), [])
})

t.test('the value of --namespace is a network namespace', async (t) => {
  t.same(wordsAt('list --namespace '), { from: 'namespaces', prefix: '' })
  t.same(wordsAt('list -N x'), { from: 'namespaces', prefix: '' })
  t.same(wordsAt('list --namespace=x'), { from: 'namespaces', prefix: '--namespace=' })
})

t.test('operands are files, services, servers or words', async (t) => {
  const namespace = undefined
  t.same(wordsAt('plan '), { from: 'files', prefix: '' })
  t.same(wordsAt('apply --prune --color never x'), { from: 'files', prefix: '' })
  t.same(wordsAt('apply -- -x'), { from: 'files', prefix: '' })
  t.same(wordsAt('list '), { from: 'services', namespace, prefix: '' })
  t.same(wordsAt('drain --timeout 5m 192'), { from: 'services', namespace, prefix: '' })
  t.same(wordsAt('drain a '), { from: 'servers', of: 'a', namespace, prefix: '' })
  t.same(wordsAt('drain -N red a --remove 1'), { from: 'servers', of: 'a', namespace: 'red', prefix: '' })
  t.same(wordsAt('completion '), ['bash', 'zsh', 'fish'])
})

t.test('after adm come the commands of ipvsadm, then the options that they take', async (t) => {
  t.same(wordsAt('adm '), [...new Set(commandWords.map(({ long }) => `--${long}`))])
  t.same(wordsAt('adm --delete-server '), [
    ...['--tcp-service', '--udp-service', '--sctp-service', '--fwmark-service', '--ipv6'],
    '--real-server',
  ])
  t.same(wordsAt('adm -S -'), ['--numeric'])
  t.same(wordsAt('adm -Sn -'), ['--numeric'], 'letters may follow')
  t.same(wordsAt('adm -S --numeric -'), [])
  t.same(wordsAt('adm --clear '), [])
  t.same(wordsAt('adm --frob -'), [])
  t.same(wordsAt('adm -A x'), [], 'no operands')
})

t.test('every option of ipvsadm is offered with a command that takes it', async (t) => {
  const offered = commandWords.map(({ long }) => wordsAt(`adm --${long} -`)).flat()
  for (const { long } of optionWords) t.ok((offered as unknown[]).includes(`--${long}`), long)
})

t.test('values of ipvsadm: words, services of their kind, servers of the service before', async (t) => {
  t.same(wordsAt('adm -A -t 192.0.2.1:80 -s '), schedulers)
  t.same(wordsAt('adm -a --tun-type '), ['ipip', 'gue', 'gre'])
  t.same(wordsAt('adm --start-daemon '), ['master', 'backup'])
  t.same(wordsAt('adm --stop-daemon m'), ['master', 'backup'])
  t.same(wordsAt('adm -L -t '), { from: 'services', kind: 'tcp/', prefix: '' })
  t.same(wordsAt('adm -D --udp-service '), { from: 'services', kind: 'udp/', prefix: '' })
  t.same(wordsAt('adm -D --sctp-service '), { from: 'services', kind: 'sctp/', prefix: '' })
  t.same(wordsAt('adm -D -f '), { from: 'services', kind: 'mark/', prefix: '' })
  t.same(wordsAt('adm -d -u 192.0.2.1:53 -r '), { from: 'servers', of: 'udp/192.0.2.1:53', prefix: '' })
  t.same(wordsAt('adm -d -r '), [])
  t.same(wordsAt('adm -a -w '), [])
  t.match(wordsAt('adm -A -p -'), ['--tcp-service'], 'its value may be left out')
})

/** What `ipvs --complete` prints for a line, with ip_vs loaded. */
async function answer(world: World, line: string, isLoaded = () => true): Promise<string> {
  t.equal(await complete(line.split(' '), world.io, isLoaded), 0, 'status')
  t.equal(world.stderr(), '', 'silent')
  return world.stdout()
}

/** A world with some services, and the namespaces that were opened. */
async function filledWorld() {
  const world = makeWorld()
  const ipvs = world.kernel.open()
  const http = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
  await ipvs.addService({ ...http, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } })
  await ipvs.addService({ protocol: 'udp', address: '2001:db8::1', port: 53, scheduler: 'rr' })
  await ipvs.addService({ firewallMark: 7, family: 'ipv4', scheduler: 'rr' })
  await ipvs.addService({ firewallMark: 7, family: 'ipv6', scheduler: 'rr' })
  await ipvs.addDestination(http, { address: '192.0.2.11', port: 80, forwarding: 'direct', weight: 3 })
  await ipvs.addDestination(http, { address: '192.0.2.12', port: 80, forwarding: 'tunnel' })
  await ipvs.close()
  const opened: (string | undefined)[] = []
  const open = async (namespace: string | undefined) => {
    opened.push(namespace)
    return world.kernel.open()
  }
  return { ...world, io: { ...world.io, open }, opened }
}

/** Lines, in any order. */
const linesOf = (text: string) => text.split('\n').sort()

t.test('services and servers are those of the table, with what they are', async (t) => {
  t.same(
    linesOf(await answer(await filledWorld(), 'list ')),
    linesOf('tcp/192.0.2.100:80\twlc, persistent 300 s\nudp/[2001:db8::1]:53\trr\nmark/7\trr\nmark/7/ipv6\trr\n'),
  )
  t.same(
    linesOf(await answer(await filledWorld(), 'drain 192.0.2.100:80 ')),
    linesOf('192.0.2.11:80\tdirect, weight 3\n192.0.2.12:80\ttunnel, weight 1\n'),
  )
})

t.test('who begins with an address goes on with one', async (t) => {
  t.equal(await answer(await filledWorld(), 'list 192.0'), '192.0.2.100:80\twlc, persistent 300 s\n')
})

t.test('services of ipvsadm stand without the word for their kind', async (t) => {
  t.equal(await answer(await filledWorld(), 'adm -D -t '), '192.0.2.100:80\twlc, persistent 300 s\n')
  t.equal(await answer(await filledWorld(), 'adm -D -u '), '[2001:db8::1]:53\trr\n')
  t.match(await answer(await filledWorld(), 'adm -d -t 192.0.2.100:80 -r '), /^192\.0\.2\.1[12]:80\t/)
})

t.test('the table is that of the namespace which is given', async (t) => {
  const world = await filledWorld()
  await answer(world, 'list -N red ')
  await answer(world, 'drain --namespace=blue 192.0.2.100:80 ')
  await answer(world, 'list ')
  t.same(world.opened, ['red', 'blue', undefined])
})

t.test('a word for files, and words with tabs before their meaning', async (t) => {
  t.equal(await answer(makeWorld(), 'apply '), ':files\n')
  t.equal(await answer(makeWorld(), 'top --sort=r'), '--sort=connections\n--sort=rate\n--sort=bytes\n--sort=name\n')
  t.match(await answer(makeWorld(), 'dr'), /^drain\ttake a real server out gently$/m)
})

t.test('a failure is silent and offers nothing', async (t) => {
  const world = makeWorld()
  const open = () => Promise.reject(new Error('not permitted'))
  t.equal(await answer({ ...world, io: { ...world.io, open } }, 'list '), '')
  t.equal(await answer(await filledWorld(), 'drain nonsense '), '')
  t.equal(await answer(await filledWorld(), 'drain 192.0.2.99:80 '), '', 'no such service')
  t.equal(await answer(makeWorld(), 'no-such-command '), '')
})

t.test('a Tab does not make the kernel load ip_vs', async (t) => {
  const world = await filledWorld()
  t.equal(await answer(world, 'list ', () => false), '')
  t.same(world.opened, [])
})

t.test('the shells ask `ipvs --complete`', async (t) => {
  const { status, stdout, stderr } = await run(makeWorld(), '--complete', 'completion', '')
  t.same({ status, stdout, stderr }, { status: 0, stdout: 'bash\nzsh\nfish\n', stderr: '' })
})
