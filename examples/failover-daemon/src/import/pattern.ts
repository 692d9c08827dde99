/** Names with `*` and `?`, as include knows them. */
import { basename, dirname, join, resolve } from 'node:path'
import type { Reader } from './source.js'

/** The files that a path means, its last part a pattern; undefined where the pattern is of another kind. */
export function matchingFiles(path: string, reader: Reader): readonly string[] | undefined {
  const [directory, name] = [dirname(path), basename(path)]
  if (/[[\]{}]/.test(path) || /[*?]/.test(directory)) return undefined
  if (!/[*?]/.test(name)) return [path]
  return reader
    .list(resolve(directory))
    .filter((file) => (name.startsWith('.') || !file.startsWith('.')) && matches(name, file))
    .map((file) => join(directory, file))
}

/** In time of at most the product of both lengths, whatever the pattern. */
function matches(pattern: string, name: string): boolean {
  let reached = new Set([0])
  const star = (at: Set<number>) => {
    for (const i of at) if (pattern[i] === '*') at.add(i + 1)
    return at
  }
  reached = star(reached)
  for (const c of name) {
    const next = new Set<number>()
    for (const i of reached) {
      if (pattern[i] === '*') next.add(i)
      else if (pattern[i] === '?' || pattern[i] === c) next.add(i + 1)
    }
    reached = star(next)
  }
  return reached.has(pattern.length)
}
