/** The command `ipvs`: which subcommand, with what arguments, and what its failure is called. */
import { commandCalled, readCall } from '../command-line/arguments.js'
import { UsageError, usageError } from '../command-line/command.js'
import { IpvsError } from '../errors.js'
import { CliError, Status, type Command, type Io } from './command.js'
import { adm, ipvs } from './commands.js'

/** Runs the command and gives its exit status. Rejects for nothing but a bug. */
export async function cli(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io)
  } catch (error) {
    const failure = failureOf(error, io.signal)
    if (!failure) throw error
    if (failure.message !== '') io.stderr.write(`ipvs: ${failure.message}\n`)
    return failure.status
  }
}

async function dispatch([word, ...rest]: readonly string[], io: Io): Promise<number> {
  switch (word) {
    case undefined:
      return showHelp(undefined, io, io.stderr, Status.usage)
    case '-h':
    case '--help':
      return showHelp(undefined, io)
    case 'help': {
      const of = rest.find((word) => !word.startsWith('-'))
      if (of === adm.name) return runAdm(['--help'], io)
      return showHelp(of === undefined || of === 'help' ? undefined : commandCalled(ipvs, of), io)
    }
    case '-V':
    case '--version':
      return showVersion(io)
    case adm.name:
      return runAdm(rest, io)
    case '--complete': {
      // Not for people: the scripts of `ipvs completion` ask what may stand at the cursor.
      const { complete } = await import('./completion/complete.js')
      return complete(rest, io)
    }
    default:
      return runCommand(commandCalled(ipvs, word), rest, io)
  }
}

async function showHelp(of: Command | undefined, io: Io, to = io.stdout, status: number = Status.ok): Promise<number> {
  const { helpOf, helpOfAll } = await import('../command-line/help.js')
  to.write(of ? helpOf(ipvs, of, to.columns) : helpOfAll(ipvs, to.columns))
  return status
}

async function showVersion(io: Io): Promise<number> {
  const { version } = await import('../version.js')
  io.stdout.write(`ipvs ${version()}\n`)
  return Status.ok
}

async function runAdm(args: readonly string[], io: Io): Promise<number> {
  const { runIpvsadm } = await import('../ipvsadm/run.js')
  return runIpvsadm(args, io)
}

async function runCommand(command: Command, args: readonly string[], io: Io): Promise<number> {
  const call = readCall(ipvs, command, args)
  if (!call) return showHelp(command, io)
  const program = await command.load()
  // The library reads this word itself.
  const open = (namespace: string | undefined) => {
    return io.open(namespace).catch((error: unknown) => {
      throw isWrongArgument(error) ? new CliError(`--${error.message}`, Status.usage) : error
    })
  }
  try {
    // Not a copy: what of io is not asked for is not to be made.
    const world = Object.create(io, { open: { value: open } }) as Io
    return await program.run(call, world)
  } catch (error) {
    // A wrong word that only the command itself can tell, a service for instance, is told as all wrong arguments are.
    throw error instanceof CliError && error.status === Status.usage ? usageError(ipvs, command, error.message) : error
  }
}

/** The sentence and status for what a command may fail with; undefined for a bug. */
function failureOf(
  error: unknown,
  signal: AbortSignal,
): { readonly message: string; readonly status: number } | undefined {
  if (signal.aborted && isAbort(error, signal)) return { message: '', status: Status.interrupted }
  if (error instanceof CliError) return error
  if (error instanceof UsageError) return { message: error.message, status: Status.usage }
  if (IpvsError.is(error)) return { message: error.message, status: Status.failed }
  if (isWrongArgument(error)) return { message: error.message, status: Status.failed }
  return undefined
}

/** Node.js wraps the reason into an AbortError. */
function isAbort(error: unknown, { reason }: AbortSignal): boolean {
  return error === reason || (error instanceof Error && error.name === 'AbortError' && error.cause === reason)
}

/** Of the library. An error of Node.js itself has the same codes and is a bug here; its text begins with the code. */
function isWrongArgument(error: unknown): error is Error {
  if (!(error instanceof TypeError || error instanceof RangeError)) return false
  const { code = '' } = error as NodeJS.ErrnoException
  return code.startsWith('ERR_') && !String(error).includes(`[${code}]`)
}
