import { readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { CliError } from '../../lib/cli/command.js'
import { commands } from '../../lib/cli/commands.js'
import { IpvsError } from '../../lib/errors.js'
import { makeWorld, run, type World } from './io.js'

/** A world whose kernel cannot be reached, for this reason. */
function failing(error: Error): World {
  const world = makeWorld()
  return { ...world, io: { ...world.io, open: () => Promise.reject(error) } }
}

/** What a call prints and gives, in a world of its own where nothing may be opened. */
async function call(...args: string[]) {
  return run(failing(new Error('opened')), ...args)
}

t.test('ipvs alone shows what there is, as a failure', async (t) => {
  const { stdout } = await call('--help')
  t.same(await call(), { status: 64, stdout: '', stderr: stdout })
})

t.test('help of all is asked for in three ways', async (t) => {
  const { status, stdout, stderr } = await call('--help')
  t.equal(status, 0)
  t.equal(stderr, '')
  t.match(stdout, /^Usage: ipvs COMMAND/)
  for (const words of [['-h'], ['help'], ['help', '--help'], ['help', 'help']]) {
    t.same(await call(...words), { status, stdout, stderr }, words.join(' '))
  }
})

t.test('help of a command is asked for in three ways, whatever else stands there', async (t) => {
  for (const { name } of commands) {
    const { status, stdout, stderr } = await call('help', name)
    t.equal(status, 0)
    t.equal(stderr, '')
    t.ok(stdout.startsWith(`Usage: ipvs ${name}`), name)
    for (const words of [['--help'], ['-h'], ['a', 'b', 'c', '--help'], ['--no-such-option', '-h']]) {
      t.same(await call(name, ...words), { status, stdout, stderr }, `${name} ${words.join(' ')}`)
    }
  }
})

t.test('help of adm is that of ipvsadm', async (t) => {
  const { status, stdout, stderr } = await call('help', 'adm')
  t.match(stdout, 'ipvsadm')
  t.same(await call('adm', '--help'), { status, stdout, stderr })
})

t.test('the version is that of the package', async (t) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
  for (const word of ['--version', '-V']) {
    t.same(await call(word), { status: 0, stdout: `ipvs ${version}\n`, stderr: '' })
  }
})

t.test('a command that there is not is told with the one that may be meant', async (t) => {
  const meant = {
    ...{ lsit: 'list', lst: 'list', lis: 'list', lists: 'list', LIST: 'list', ls: undefined, l: undefined },
    ...{ con: 'connections', conections: 'connections', comp: 'completion', drian: 'drain', doctr: 'doctor' },
    ...{ aply: 'apply', plna: 'plan', pla: 'plan', tpo: 'top', amd: 'adm', hepl: 'help', frobnicate: undefined },
    ...{ '': undefined },
  }
  for (const [word, command] of Object.entries(meant)) {
    const expected = command === undefined ? 'a command' : `a command, perhaps ${command}`
    const stderr = `ipvs: expected ${expected}, found ${JSON.stringify(word)}; see ipvs --help\n`
    t.same(await call(word), { status: 64, stdout: '', stderr })
    if (word !== '') t.same(await call('help', word), { status: 64, stdout: '', stderr })
  }
})

t.test('options come after the command', async (t) => {
  t.equal((await call('--json', 'list')).stderr, 'ipvs: expected a command first, found "--json"; see ipvs --help\n')
})

t.test('wrong arguments are one sentence that ends with where help is', async (t) => {
  const sentences: readonly (readonly [string, string])[] = [
    ['list --jsno', 'expected an option, perhaps --json, found "--jsno"'],
    ['list --js', 'expected an option, perhaps --json, found "--js"'],
    ['list -j', 'expected an option, found "-j"'],
    ['list -wj', 'expected an option, found "-j"'],
    ['list --frobnicate', 'expected an option, found "--frobnicate"'],
    ['list --__proto__', 'expected an option, found "--__proto__"'],
    ['list --json=yes', '--json: expected no value, found "yes"'],
    ['list --interval', '--interval: expected DURATION, found nothing'],
    ['list --json -i', '-i: expected DURATION, found nothing'],
    ['list a b', 'expected nothing after SERVICE, found "b"'],
    ['list -- --json b', 'expected nothing after SERVICE, found "b"'],
    ['top x', 'expected options only, found "x"'],
    ['top --sort size', '--sort: expected connections, rate, bytes or name, found "size"'],
    ['top --sort=', '--sort: expected connections, rate, bytes or name, found ""'],
    ['plan --color sometimes f', '--color: expected auto, always or never, found "sometimes"'],
    ['plan', 'expected FILE, found nothing'],
    ['drain', 'expected SERVICE, found nothing'],
    ['drain 192.0.2.1:80', 'expected SERVER, found nothing'],
    ['completion', 'expected bash, zsh or fish, found nothing'],
    ['completion tcsh', 'expected bash, zsh or fish, found "tcsh"'],
    // What only the command itself can tell.
    ['list nonsense', 'expected a service such as tcp/192.0.2.1:80, udp/[2001:db8::1]:53 or mark/7, found "nonsense"'],
    ['drain 192.0.2.1:80 x', 'expected a server such as 192.0.2.11:80 or [2001:db8::11]:80, found "x"'],
    ['top --count 0', 'expected --count from 1 to 999999999, found "0"'],
    ['top --interval 0', 'expected --interval of 1ms or more, found "0"'],
    ['doctor --real-server x', '--real-server: expected an IPv4 or IPv6 address, found "x"'],
  ]
  for (const [words, sentence] of sentences) {
    const [command = '', ...rest] = words.split(' ')
    const stderr = `ipvs: ${command}: ${sentence}; see ipvs ${command} --help\n`
    t.same(await call(command, ...rest), { status: 64, stdout: '', stderr })
  }
})

t.test('a namespace that can be none is a wrong argument, too', async (t) => {
  const message = 'namespace: expected a name, found ..'
  const wrong = Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_VALUE' })
  const stderr = `ipvs: list: --${message}; see ipvs list --help\n`
  t.same(await run(failing(wrong), 'list', '-N', '..'), { status: 64, stdout: '', stderr })
})

t.test('a refusal by the kernel is one sentence', async (t) => {
  const refusal = new IpvsError('open: there is none; make one', { code: 'IPVS_UNAVAILABLE', operation: 'open' })
  const stderr = 'ipvs: open: there is none; make one\n'
  t.same(await run(failing(refusal), 'list'), { status: 1, stdout: '', stderr })
})

t.test('what a command fails with has the status that it says, and help is no remedy', async (t) => {
  const stderr = 'ipvs: it is late; wait\n'
  t.same(await run(failing(new CliError('it is late; wait', 3)), 'list'), { status: 3, stdout: '', stderr })
  t.match(await run(makeWorld(), 'list', '192.0.2.1:80'), { status: 1, stderr: /^ipvs: .* `ipvs list` .*\n$/ })
})

t.test('a bug is not swallowed', async (t) => {
  const bugs = [
    new Error('a bug'),
    new TypeError('undefined is not a function'),
    // Of Node.js itself, with the codes that the library has for wrong arguments.
    fault(() => readFileSync(undefined as unknown as string)),
    fault(() => Buffer.alloc(-1)),
    // No such file: whoever reads one says so in words.
    fault(() => readFileSync('no/such/file')),
  ]
  for (const bug of bugs) await t.rejects(run(failing(bug), 'list'), bug)
})

function fault(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('expected it to throw')
}

t.test('an interruption is told by the status alone', async (t) => {
  const world = makeWorld()
  const open = async () => {
    world.interrupt()
    // The error of Node.js has the reason as its cause.
    return setTimeout(1, undefined as never, { signal: world.io.signal })
  }
  t.same(await run({ ...world, io: { ...world.io, open } }, 'list'), { status: 130, stdout: '', stderr: '' })

  const other = makeWorld()
  const reject = async () => {
    other.interrupt()
    throw other.io.signal.reason
  }
  t.same(await run({ ...other, io: { ...other.io, open: reject } }, 'list'), { status: 130, stdout: '', stderr: '' })
})

t.test('a bug is one after an interruption, too', async (t) => {
  const world = failing(new Error('a bug'))
  world.interrupt()
  await t.rejects(run(world, 'list'), { message: 'a bug' })
})
