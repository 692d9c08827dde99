/** Carries out what ipvsadm is told. */
import { write } from '../commands.js'
import { IpvsError } from '../errors.js'
import { Failure, refusedStatus } from './failure.js'
import type { Names } from './endpoints.js'
import { parseCommand, tryHelp, type Command } from './grammar.js'
import { Kernel, type OpenSession } from './kernel.js'
import { refusalText } from './messages.js'
import { systemNames } from './names.js'
import { requestOf } from './requests.js'
import { wordsOf } from './rule-words.js'
import { readLines, type Streams } from './streams.js'

/** Everything that a command needs. */
export interface Context {
  readonly streams: Streams
  readonly kernel: Kernel
  readonly names: Names
}

/** The process's own network namespace, for a program that has nothing to do while it waits for the kernel. */
export const ownNamespace: OpenSession = async () => (await import('../session.js')).openSessionHere(undefined)

/** Runs one command line, without the program's name. Resolves to the exit status; rejects for nothing but a bug. */
export async function runIpvsadm(
  words: readonly string[],
  streams: Streams,
  open: OpenSession = ownNamespace,
  names: Names = systemNames,
): Promise<number> {
  return withKernel(streams, open, names, async (context) => {
    // Without a word ipvsadm lists, with names.
    const command = await parseCommand(words.length === 0 ? ['-L'] : words, names)
    return command.command === 'restore' ? restore(command, context) : carryOut(command, context)
  })
}

/** Gives work a kernel, which it closes afterwards. A Failure becomes its sentence and its status. */
export async function withKernel(
  streams: Streams,
  open: OpenSession,
  names: Names,
  work: (context: Context) => Promise<number>,
): Promise<number> {
  const kernel = new Kernel(open)
  try {
    return await work({ streams, kernel, names })
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    streams.stderr.write(`${error.message}\n`)
    return error.status
  } finally {
    await kernel.close()
  }
}

/** Anything but a restore. */
async function carryOut(command: Command, context: Context): Promise<number> {
  const request = requestOf(command)
  if (request) return change(command, request, context)
  switch (command.command) {
    case 'help':
    case 'version': {
      const { usage, versionLine } = await import('./usage.js')
      context.streams.stdout.write(command.command === 'help' ? usage() : versionLine())
      return 0
    }
    case 'restore':
      // Not from within a restore.
      throw tryHelp()
    default: {
      const { show } = await import('./show.js')
      return show(command, context)
    }
  }
}

async function change(
  { command }: Command,
  request: NonNullable<ReturnType<typeof requestOf>>,
  { kernel, streams }: Context,
): Promise<number> {
  const send = await kernel.ask()
  try {
    await write(command, request, send)
    return 0
  } catch (error) {
    if (!IpvsError.is(error)) throw error
    streams.stderr.write(`${refusalText(command, error)}\n`)
    return refusedStatus
  }
}

/**
 * As ipvsadm does: line by line as they come; a line that is no command ends it all, a refusal by the kernel does not, and the
 * status is that of the last line.
 */
async function restore({ given }: Command, context: Context): Promise<number> {
  if (given.has('atomic')) {
    const { restoreAtomically } = await import('./restore.js')
    return restoreAtomically(context)
  }
  let status = 0
  for await (const line of readLines(context.streams.stdin)) {
    const words = wordsOf(line)
    if (words.length === 0) continue
    status = await oneOf(words, context)
  }
  return status
}

/** An option that cannot be read is the one failure that does not end a restore. */
async function oneOf(words: readonly string[], context: Context): Promise<number> {
  try {
    return await carryOut(await parseCommand(words, context.names), context)
  } catch (error) {
    if (!(error instanceof Failure) || !error.isResumable) throw error
    context.streams.stderr.write(`${error.message}\n`)
    return error.status
  }
}

/** The same under the names of ipvsadm's scripts. */
export async function runIpvsadmAs(name: string, words: readonly string[], streams: Streams): Promise<number> {
  if (name === 'ipvsadm') return runIpvsadm(words, streams)
  const { runScript } = await import('./scripts.js')
  return runScript(name, words, streams)
}
