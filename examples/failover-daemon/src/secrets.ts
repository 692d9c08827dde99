/** Files that hold a secret. */
import { readFileSync, statSync } from 'node:fs'
import { words } from './fields.js'

/**
 * Reads one. Throws what is wrong with it: it must be a regular file that its owner alone can read. systemd's credentials are the daemon's
 * by an access list, which looks like the right of a group.
 */
export function readSecret(path: string): string {
  const { mode } = statSync(path)
  const credentials = process.env['CREDENTIALS_DIRECTORY']
  const forbidden = credentials !== undefined && path.startsWith(`${credentials}/`) ? 0o037 : 0o077
  if ((mode & 0o170000) !== 0o100000 || (mode & forbidden) !== 0)
    throw new Error(`expected a regular file of mode 0600 or 0400, found mode 0${(mode & 0o7777).toString(8)}: ${path}`)
  return readFileSync(path, 'utf8').slice(0, 65536)
}

/** The first line of one. */
export const readSecretLine = (path: string): string => readSecret(path).split(/\r?\n/, 1)[0] ?? ''

/** The path of one, as the file names it. */
export const secretFile = (description: string) =>
  words(
    'an absolute path of a readable file of mode 0600 or 0400 that does not begin with an empty line',
    (path) => {
      try {
        return path.startsWith('/') && readSecretLine(path) !== '' ? path : undefined
      } catch {
        return undefined
      }
    },
    { pattern: '^/' },
  ).meta({ description })
