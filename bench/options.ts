/** The benchmark's command line. */
import { parseArgs } from 'node:util'
import { contestants, workloads, type Name, type Workload } from './workloads.js'

export const usage = `Usage: npm run bench -- [OPTIONS]      (node bench/run.mjs [OPTIONS], where all is built)

Measures this library beside its peers in one guest, and against a faked kernel on this machine; prints ratios and targets.

  --kernel 6.1|6.12     the guest's kernel (6.1)
  --rounds N            rounds of each contestant (15; slow ones at most 5)
  --only W1,W3          these workloads: ${workloads.join(', ')}
  --contestants ours,d  these contestants: ${Object.keys(contestants).join(', ')}
  --where guest|host    one side only
  --short               two rounds of what fits into two minutes; judges nothing
  --write               a whole run, whose results become bench/results.json, README's table and docs/growth*.svg
  --show                measures nothing: README's table and docs/growth*.svg again, from bench/results.json
  --help

W1 destinations added to one service · W2 one weight changed and awaited · W3 the table read · W4 a table applied from nothing,
again, and with 1 % changed · W5 gaps of the event loop · growth with the number of rows · daemon: the
failover daemon's verdicts and start · memory.
Exit status: 0; 1 when a contestant failed or left another table than it was told.`

export interface Options {
  readonly kernel: string
  readonly rounds: number
  readonly only: readonly Workload[]
  readonly contestants: readonly Name[]
  readonly where: readonly ('guest' | 'host')[]
  readonly short: boolean
  readonly write: boolean
  readonly show: boolean
}

/** 'help' where it is asked for; throws where words are wrong. */
export function optionsOf(words: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      kernel: { type: 'string', default: '6.1' },
      rounds: { type: 'string' },
      only: { type: 'string' },
      contestants: { type: 'string' },
      where: { type: 'string' },
      short: { type: 'boolean', default: false },
      write: { type: 'boolean', default: false },
      show: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return 'help'
  const { kernel, short, write, show } = values
  const rounds = Number(values.rounds ?? (short ? 2 : 15))
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`--rounds: expected a whole number from 1 on, found '${values.rounds}'; see --help`)
  }
  const all = Object.keys(contestants) as Name[]
  const chosen = {
    only: oneOrMore('--only', values.only, workloads),
    contestants: oneOrMore('--contestants', values.contestants, all),
    where: oneOrMore('--where', values.where, ['guest', 'host'] as const),
  }
  if (write && (short || values.only || values.contestants || values.where)) {
    throw new RangeError(
      '--write: expected a whole run, found an option that makes it a part; leave that out, or --write',
    )
  }
  return { kernel, rounds, ...chosen, short, write, show }
}

function oneOrMore<W extends string>(option: string, words: string | undefined, known: readonly W[]): readonly W[] {
  if (words === undefined) return known
  return words.split(',').map((word) => {
    const found = known.find((each) => each === word)
    if (!found) throw new RangeError(`${option}: expected ${known.join(', ')}, found '${word}'; see --help`)
    return found
  })
}
