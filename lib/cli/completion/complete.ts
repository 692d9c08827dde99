/**
 * `ipvs --complete WORD...`, for the scripts in completion/: WORD are those after `ipvs` up to the cursor, the last of them empty
 * where the cursor is after a blank. Prints a line for each word that may stand there, with a tab before its meaning; or
 * `:files`, where a file may. Says nothing else, whatever fails: what stands on the terminal is the user's.
 */
import { existsSync } from 'node:fs'
import { Status, type Io } from '../command.js'
import { completionAt } from './cursor.js'
import { lookUp } from './live.js'
import type { Candidate } from './wanted.js'

export async function complete(
  words: readonly string[],
  io: Io,
  isLoaded: () => boolean = isModuleLoaded,
): Promise<number> {
  try {
    const { wanted, prefix = '' } = completionAt(words)
    const current = (words.at(-1) ?? '').slice(prefix.length)
    if (wanted.from === 'files') io.stdout.write(':files\n')
    else if (wanted.from === 'words') write(io, prefix, wanted.candidates)
    else if (wanted.from === 'namespaces' || isLoaded()) write(io, prefix, await lookUp(wanted, current, io))
  } catch {
    // Not permitted, no such service: nothing to offer.
  }
  return Status.ok
}

function write(io: Io, prefix: string, candidates: readonly Candidate[]): void {
  const lines = candidates.map(({ word, help }) => `${prefix}${word}${help === undefined ? '' : `\t${help}`}\n`)
  io.stdout.write(lines.join(''))
}

/** open() makes the kernel load ip_vs: more than a Tab asks for. */
function isModuleLoaded(): boolean {
  return existsSync('/proc/net/ip_vs')
}
