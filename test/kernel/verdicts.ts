/** What verdicts.guest.ts and its program agree on, and the table of docs/verdicts.md. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from '../../lib/health/index.js'

export const ports = { silent: 1000, resets: 1001, endsAndResets: 1002, closed: 1003 } as const

/** One check to carry out. */
export interface Order {
  readonly id: number
  readonly type: string
  readonly to: Target
  readonly timeoutMs: number
  /** The event loop stands still for so long once the check has begun. */
  readonly blockMs?: number | undefined
  /** By a monitor, with an event loop that stands still. */
  readonly stall?: boolean | undefined
  readonly withdraw?: boolean | undefined
}

/** One row: by each type of check the verdict, `fail refused` for instance; without those to which it cannot happen. */
export interface DocumentedRow {
  readonly situation: string
  /** The error that the kernel reports, for each type of check; none where there is silence. */
  readonly codes: Readonly<Record<string, string | undefined>>
  readonly verdicts: Readonly<Record<string, string>>
}

const columns = [['tcp'], ['tls', 'http', 'http2', 'sendExpect', 'smtp'], ['udp', 'dns']] as const

/** The rows of the tables of docs/verdicts.md with these columns. */
export function documentedRows(): readonly DocumentedRow[] {
  const page = readFileSync(join(process.cwd(), 'docs/verdicts.md'), 'utf8')
  return page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const [, situation = '', code = '', ...rest] = cells
    if (cells.length !== 8 || situation === 'Situation' || /^-+$/.test(situation)) return []
    const verdicts = columns.flatMap((types, i) => types.map((type) => [type, rest[i] ?? ''] as const))
    const error = /^`(E\w+)`/.exec(code)?.[1]
    const datagram = /UDP: `(E\w+)`/.exec(code)?.[1] ?? error
    const codes = columns.flatMap((types, i) => types.map((type) => [type, i === 2 ? datagram : error] as const))
    return {
      situation,
      codes: Object.fromEntries(codes),
      verdicts: Object.fromEntries(verdicts.filter(([, verdict]) => verdict !== '–')),
    }
  })
}
