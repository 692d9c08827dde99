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

/**
 * The rows of the tables of docs/verdicts.md that tell how it comes to a verdict by what stands in their second column. The columns
 * from the third to the last but one name types of check.
 */
export function documentedRows(how: 'Kernel' | 'Program'): readonly DocumentedRow[] {
  const page = readFileSync(join(process.cwd(), 'docs/verdicts.md'), 'utf8')
  let columns: readonly (readonly string[])[] | undefined
  return page.split('\n').flatMap((line) => {
    const cells = line.split('|').map((cell) => cell.trim())
    const [, situation = '', code = '', ...rest] = cells
    if (situation === 'Situation') {
      columns = code === how ? rest.slice(0, -2).map((types) => types.split(', ')) : undefined
      return []
    }
    if (cells.length < 6 || !columns || /^-+$/.test(situation)) return []
    const error = /^`(E\w+)`/.exec(code)?.[1]
    const datagram = /UDP: `(E\w+)`/.exec(code)?.[1] ?? error
    const each = columns.flatMap((types, i) => types.map((type) => [type, rest[i] ?? '–'] as const))
    return {
      situation,
      codes: Object.fromEntries(each.map(([type]) => [type, isDatagram(type) ? datagram : error])),
      verdicts: Object.fromEntries(each.filter(([, verdict]) => verdict !== '–')),
    }
  })
}

/** UDP hears of some errors otherwise than TCP. */
export const isDatagram = (type: string): boolean => type === 'udp' || type === 'dns'

/** The check by TCP of which nothing can be told from the other but by its cost. */
export const byConnector = 'tcp, by a connector'
