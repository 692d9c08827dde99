/** Each row of the table of programs in docs/verdicts.md, provoked. */
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { type Check, type ProgramLimit, monMonitor, programLimit, script } from '../../lib/health/index.js'
import { documentedRows } from '../kernel/verdicts.js'
import { programFolder } from './programs.js'

const here = { address: '127.0.0.1', port: 80 }
const patienceMs = 60_000

/** How a row is provoked. */
interface Provocation {
  /** What the shell carries out; no program at all without it. */
  readonly text?: string
  readonly mode?: number
  readonly timeoutMs?: number
  readonly limit?: ProgramLimit
  /** Makes the surroundings what they are in this row, and gives how to undo that. */
  readonly surround?: () => () => void
}

/** This process may open so many descriptors; tells how many it might before. */
function allowDescriptors(most: string): string {
  const prlimit = (...options: string[]) =>
    spawnSync('prlimit', ['--pid', String(process.pid), ...options], { encoding: 'utf8' })
  const shown = prlimit('--nofile', '--noheadings', '--raw', '--output', 'SOFT')
  prlimit(`--nofile=${most}:`)
  return shown.stdout.trim()
}

/** Until the returned function is called. */
function takeAllDescriptors(): () => void {
  const before = allowDescriptors('256')
  const taken: number[] = []
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'))
  } catch {
    return () => {
      for (const descriptor of taken) closeSync(descriptor)
      allowDescriptors(before)
    }
  }
}

const full = programLimit(1)
const provocations: Readonly<Record<string, Provocation>> = {
  'exit status 0': { text: 'exit 0' },
  'another exit status': { text: 'exit 3' },
  'it does not end in time': { text: 'exec sleep 1000', timeoutMs: 500 },
  'a signal ends it': { text: 'kill -SEGV $$' },
  'it cannot be run': { text: 'exit 126' },
  'it is missing': {},
  'others can replace it': { text: 'exit 1', mode: 0o777 },
  'it prints more than 1 MiB': { text: 'while :; do echo 0123456789012345678901234567890123456789; done' },
  'too many others run': { text: 'exit 1', timeoutMs: 200, limit: full },
  'no descriptor left in this process': { text: 'exit 1', surround: takeAllDescriptors },
}

if (!existsSync('/usr/bin/setpriv')) t.test('programs', { skip: 'setpriv of util-linux is missing' }, () => {})
else {
  const { folder, write } = programFolder(t)
  const documented = documentedRows('Program')

  t.test('each row of the table is provoked, and nothing else', async (t) => {
    t.same(documented.map(({ situation }) => situation).sort(), Object.keys(provocations).sort())
    const asleep = script({ command: [write('asleep', '#!/bin/sh\nexec sleep 1000\n')], limit: full })
    const holder = new AbortController()
    const held = asleep(here, holder.signal)
    for (const [row, { situation, verdicts }] of documented.entries()) {
      const { text, mode, timeoutMs = patienceMs, limit = programLimit(1), surround } = provocations[situation] ?? {}
      const name = `row-${row}`
      if (text !== undefined) write(name, `#!/bin/sh\n${text}\n`, mode)
      const checks: Readonly<Record<string, Check>> = {
        script: script({ command: [join(folder, name)], limit, summary: true }),
        mon: monMonitor({ monitor: name, directories: [folder], limit }),
      }
      t.same(Object.keys(verdicts), Object.keys(checks))
      for (const [type, check] of Object.entries(checks)) {
        const undo = surround?.()
        const verdict = await check(here, AbortSignal.timeout(timeoutMs)).finally(undo)
        const found = verdict.outcome === 'pass' ? 'pass' : `${verdict.outcome} ${verdict.reason}`
        t.equal(found, verdicts[type], `${situation}: ${type}`)
      }
    }
    holder.abort()
    await held
  })
}
