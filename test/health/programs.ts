import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Test } from 'tap'

/** A temporary folder of programs that nobody else can write, whatever our umask is. */
export function programFolder(t: Test): {
  readonly folder: string
  readonly write: (name: string, text: string, mode?: number) => string
} {
  const folder = mkdtempSync(join(tmpdir(), 'ipvs-programs-'))
  // Another user whom a program runs as comes in too.
  chmodSync(folder, 0o755)
  t.teardown(() => rmSync(folder, { recursive: true }))
  return {
    folder,
    write(name, text, mode = 0o755) {
      const path = join(folder, name)
      writeFileSync(path, text)
      chmodSync(path, mode)
      return path
    },
  }
}

/** What `read` gives once it is something; the test's own time limit ends the wait. */
export async function until<T>(read: () => T | undefined): Promise<T> {
  for (;;) {
    const found = read()
    if (found !== undefined) return found
    await pause(5)
  }
}

/** The text of a file once it holds a whole line. */
export function lineOf(path: string): Promise<string> {
  return until(() => {
    try {
      const text = readFileSync(path, 'utf8')
      return text.endsWith('\n') ? text : undefined
    } catch {
      return undefined
    }
  })
}

/** Resolves once no such process runs; one that nobody has reaped yet does not run. */
export async function gone(pid: number): Promise<void> {
  await until(() => {
    try {
      return / [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')) ? true : undefined
    } catch {
      return true
    }
  })
}
