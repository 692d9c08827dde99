/** The package's own version. */
import { readFileSync } from 'node:fs'

/** Found by the package's name, wherever this module stands in it. */
export function version(): string {
  const { version } = JSON.parse(readFileSync(new URL(import.meta.resolve('ipvs/package.json')), 'utf8')) as {
    version: string
  }
  return version
}
