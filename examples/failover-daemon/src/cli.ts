/** The command `ipvs-failover`: which command, with what arguments, and its exit status. */
import { UsageError, commandCalled, helpOf, helpOfAll, isOn, readCall, textOf, usageError } from 'ipvs/command-line'
import type { Call } from 'ipvs/command-line'
import { failover } from './command-line.js'
import type { CommandName } from './command-line.js'
import { checkConfig, usableConfig } from './commands/check-config.js'
import { Exit, statuses } from './commands/exit.js'
import type { Output } from './commands/exit.js'
import { keepalived } from './commands/keepalived.js'
import { operate } from './commands/operate.js'
import { readStatus, watchStatus } from './commands/status-watch.js'
import { defaultSocket } from './control/protocol.js'
import type { Request } from './control/protocol.js'
import { importCommand } from './import/command.js'
import { realServerScript } from './real-server-script.js'
import { parseDuration } from './scalars.js'
import { version } from './version.js'

/** Runs the command and gives its exit status. Rejects for nothing but a bug. */
export async function cli(args: readonly string[], output: Output): Promise<number> {
  try {
    return await dispatch(args, output)
  } catch (error) {
    if (error instanceof UsageError) {
      output.stderr.write(`${failover.name}: ${error.message}\n`)
      return statuses.wrong
    }
    if (!(error instanceof Exit)) throw error
    output.stderr.write(`${error.message}\n`)
    return error.status
  }
}

async function dispatch([word, ...rest]: readonly string[], output: Output): Promise<number> {
  const { stdout, stderr } = output
  switch (word) {
    case undefined:
      stderr.write(helpOfAll(failover, stderr.columns))
      return statuses.wrong
    case '-h':
    case '--help':
      stdout.write(helpOfAll(failover, stdout.columns))
      return 0
    case 'help':
      return dispatch([...rest.filter((word) => !word.startsWith('-')).slice(0, 1), '--help'], output)
    case '-V':
    case '--version':
      stdout.write(`${version()}\n`)
      return 0
    default: {
      const command = commandCalled(failover, word)
      const call = readCall(failover, command, rest)
      if (call) return carryOut(command.name, call, output)
      stdout.write(helpOf(failover, command, stdout.columns))
      return 0
    }
  }
}

async function carryOut(command: CommandName, call: Call, output: Output): Promise<number> {
  // readCall() has seen that it is there.
  const file = textOf(call, 'config') ?? ''
  const [server = ''] = call.operands
  const socket = textOf(call, 'socket') ?? defaultSocket()
  const ask = (request: Request) => operate(socket, request, isOn(call, 'json'), output)
  switch (command) {
    case 'run': {
      // The other commands need not load what only the daemon needs.
      const { run } = await import('./commands/run.js')
      await run(file, textOf(call, 'socket'))
      break
    }
    case 'check-config':
      await checkConfig(file, textOf(call, 'service'), output)
      break
    case 'import':
      return importCommand(call, output)
    case 'real-server-script':
      output.stdout.write(realServerScript(await usableConfig(file)))
      break
    case 'status':
      if (isOn(call, 'watch')) await watch(socket, call, output)
      else await ask({ command })
      break
    case 'plan':
    case 'handover':
      await ask({ command })
      break
    case 'reload':
      await ask({ command, force: isOn(call, 'force') })
      break
    case 'drain':
    case 'disable':
    case 'enable':
      await ask({ command, server, service: textOf(call, 'service') })
      break
    case 'keepalived':
      keepalived(file, textOf(call, 'output'), output)
      break
  }
  return 0
}

const longestIntervalMs = 86_400_000

async function watch(socket: string, call: Call, output: Output): Promise<void> {
  const word = textOf(call, 'interval') ?? '1s'
  const intervalMs = parseDuration(word) ?? 0
  if (intervalMs === 0 || intervalMs > longestIntervalMs) {
    const expected = '--interval: expected a duration with a unit, such as 2s or 500ms, up to 24h'
    throw usageError(failover, { name: 'status' }, `${expected}, found ${JSON.stringify(word)}`)
  }
  const { stdout, stderr, env = {}, onKey, signal = new AbortController().signal } = output
  const read = (signal: AbortSignal) => readStatus(socket, signal)
  await watchStatus({ intervalMs, json: isOn(call, 'json'), read }, { stdout, env, onKey, signal }, stderr)
}
