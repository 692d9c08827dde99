/** The FILE of `ipvs plan` and `ipvs apply`: JSON, or what `ipvsadm -S` saved. */
import { createReadStream } from 'node:fs'
import { CliError, type Io } from './command.js'
import { jsonFault } from './json-fault.js'
import type { DesiredTable } from '../types.js'

/** A table of a million servers stays far below. */
const maxBytes = 64 * 1024 * 1024

/** What a message calls it. */
export function fileWord(file: string): string {
  return file === '-' ? 'standard input' : file
}

/**
 * The table that a file asks for; `-` is standard input. Of JSON no more is known yet than that it is an array: the fields are
 * checked where it is compared. Rejects with CliError, or with the signal's reason.
 */
export async function readTableFile(file: string, io: Io): Promise<DesiredTable> {
  const name = fileWord(file)
  const source = file === '-' ? io.stdin : createReadStream(file, { signal: io.signal })
  const text = decode(name, await unlessAborted(readAll(name, source), io.signal))
  const first = text.trimStart()[0]
  // What an interrupted command left is no wish for an empty table.
  if (first === undefined) throw new CliError(`${name} is empty; an empty table is the two characters []`)
  return first === '[' || first === '{' ? parseTable(name, text) : parseSaved(name, text)
}

async function readAll(name: string, source: AsyncIterable<string | Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of source) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk
      size += bytes.length
      if (size > maxBytes) throw new CliError(`${name} is no table: it is longer than 64 MiB; check its name`)
      chunks.push(bytes)
    }
  } catch (error) {
    throw error instanceof CliError ? error : unreadable(name, error)
  }
  return Buffer.concat(chunks)
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file; check its name, - is standard input',
  ENOTDIR: 'there is no such file; check its name, - is standard input',
  EISDIR: 'it is a directory; name a file in it',
  EACCES: 'it may not be read; mind its permissions',
}

function unreadable(name: string, error: unknown): unknown {
  const { code, message } = error as NodeJS.ErrnoException
  return code === undefined ? error : new CliError(`${name}: ${reasons[code] ?? `it could not be read: ${message}`}`)
}

function decode(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    // Where it stops being what it would be if it were UTF-8.
    const same = Buffer.from(bytes.toString())
    const at = bytes.findIndex((byte, i) => byte !== same[i])
    const line = bytes.subarray(0, at).toString('latin1').split('\n').length
    throw new CliError(`${name}:${line}: expected UTF-8, found the byte 0x${bytes[at]?.toString(16)}; convert the file`)
  }
}

function parseTable(name: string, text: string): DesiredTable {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const fault = jsonFault(text)
    if (!fault) throw error
    const { line, column, expected, found } = fault
    throw new CliError(
      `${name}:${line}:${column}: expected ${expected}, found ${found}; \`ipvs list --json\` prints such JSON`,
    )
  }
  if (Array.isArray(value)) return value as DesiredTable
  throw new CliError(`${name}: expected an array of services, found an object; \`ipvs list --json\` prints such JSON`)
}

async function parseSaved(name: string, text: string): Promise<DesiredTable> {
  const { parseRules, RulesError } = await import('../ipvsadm/rules.js')
  try {
    return await parseRules(text)
  } catch (error) {
    throw error instanceof RulesError ? new CliError(`${name}: ${error.message}`) : error
  }
}

/** Standard input may never end. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted()
  let abort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
  })
  return Promise.race([work, aborted]).finally(() => signal.removeEventListener('abort', abort))
}
