/** The command `ipvs-failover`: arguments, and which command they mean. */
import { parseArgs } from 'node:util'
import { checkConfig, usableConfig } from './commands/check-config.js'
import { Exit, statuses } from './commands/exit.js'
import type { Output } from './commands/exit.js'
import { operate } from './commands/operate.js'
import { run } from './commands/run.js'
import { defaultSocket } from './control/protocol.js'
import { importCommand } from './import/command.js'
import { realServerScript } from './real-server-script.js'
import { version } from './version.js'

const help = `Usage: ipvs-failover run -c FILE            keep the kernel's IPVS table right until SIGTERM
       ipvs-failover check-config -c FILE   validate FILE and change nothing
       ipvs-failover import …               write FILE for an installation of mon, keepalived or ldirectord: import --help
       ipvs-failover real-server-script -c FILE
                                            print a shell script that prepares a real server of FILE's services

       ipvs-failover status [--json]        services, servers, and what is wrong
       ipvs-failover plan [--json]          what a reload would write; changes nothing
       ipvs-failover reload [--force]       read the file anew; --force: even if most services are gone
       ipvs-failover drain SERVER           no new clients; out when the old ones have gone
       ipvs-failover disable SERVER         out at once
       ipvs-failover enable SERVER          takes drain and disable back

       ipvs-failover --help | --version

SERVER is an address, with or without a port, or the name that it was found by; --service VIP:PORT means one service instead of all.
The commands of the second group ask a running daemon, at --socket PATH, which run takes, too (default: control.sock in
RUNTIME_DIRECTORY, else in /run/ipvs-failover).

run takes dead real servers out of the table and puts recovered ones back. It needs CAP_NET_ADMIN, writes its log to
stdout as JSON lines, and leaves the table as it is when it ends, however it ends. SIGHUP is reload.

Exit status: 0 done, or ended by SIGTERM or SIGINT; 1 IPVS or ICMP cannot be used, or the daemon does not answer, or refuses;
2 wrong arguments or wrong FILE; 75 another daemon runs in this network namespace.
`

const config = { config: { type: 'string', short: 'c' } } as const
const socket = { socket: { type: 'string' } } as const
const json = { json: { type: 'boolean' } } as const
const server = { ...socket, service: { type: 'string' } } as const

/** The options of each command. */
const commands = {
  run: { ...config, ...socket },
  'check-config': config,
  'real-server-script': config,
  status: { ...socket, ...json },
  plan: { ...socket, ...json },
  reload: { ...socket, force: { type: 'boolean' } },
  drain: server,
  disable: server,
  enable: server,
} as const
type Command = keyof typeof commands

/** Runs the command and gives its exit status. Rejects for nothing but a bug. */
export async function cli(args: readonly string[], output: Output = process): Promise<number> {
  if (args[0] === 'import') return importCommand(args.slice(1), output)
  try {
    const [first = '', ...rest] = args
    if (['-h', '--help', 'help'].includes(first) || rest.some((word) => ['-h', '--help'].includes(word)))
      output.stdout.write(help)
    else if (['-v', '--version'].includes(first)) output.stdout.write(`${version()}\n`)
    else await carryOut(known(first), rest, output)
    return 0
  } catch (error) {
    if (!(error instanceof Exit)) throw error
    output.stderr.write(`${error.message}\n`)
    return error.status
  }
}

async function carryOut(command: Command, args: readonly string[], output: Output): Promise<void> {
  const { values, words } = readArguments(command, args)
  const text = (name: string) => {
    const value = values[name]
    return typeof value === 'string' ? value : undefined
  }
  const file = () => text('config') ?? wrong(`${command} needs a configuration, -c FILE`)
  const ask = (request: Parameters<typeof operate>[1]) =>
    operate(text('socket') ?? defaultSocket(), request, values['json'] === true, output)
  const one = () => words.shift() ?? wrong(`${command} needs a server`)
  switch (command) {
    case 'run':
      return run(none(file(), words, command), text('socket'))
    case 'check-config':
      return checkConfig(none(file(), words, command), output)
    case 'real-server-script':
      output.stdout.write(realServerScript(usableConfig(none(file(), words, command))))
      return
    case 'status':
    case 'plan':
      return ask(none({ command }, words, command))
    case 'reload':
      return ask(none({ command, force: values['force'] === true }, words, command))
    case 'drain':
    case 'disable':
    case 'enable': {
      const request = { command, server: one(), service: text('service') }
      return ask(none(request, words, command))
    }
  }
}

function known(word: string): Command {
  const names = [
    'run',
    'check-config',
    'real-server-script',
    'import',
    'status',
    'plan',
    'reload',
    'drain',
    'disable',
    'enable',
  ]
  const command = (Object.keys(commands) as Command[]).find((name) => name === word)
  if (command !== undefined) return command
  return wrong(
    `expected a command, one of ${names.join(', ')}, found ${word === '' ? 'nothing' : JSON.stringify(word)}`,
  )
}

function readArguments(command: Command, args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: commands[command], allowPositionals: true })
    return { values: values as Readonly<Record<string, string | boolean | undefined>>, words: positionals }
  } catch (error) {
    return wrong(error instanceof Error ? error.message.split('. ', 1)[0]?.replace(/\.$/, '') : String(error))
  }
}

/** The value, if no word is left. */
function none<T>(value: T, words: readonly string[], command: Command): T {
  return words.length === 0 ? value : wrong(`expected nothing more after ${command}, found ${JSON.stringify(words[0])}`)
}

function wrong(problem = 'wrong arguments'): never {
  throw new Exit(`ipvs-failover: ${problem}; see ipvs-failover --help`, statuses.wrong)
}
