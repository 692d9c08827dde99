/** Where ours answers otherwise than ipvsadm 1.31, each with what undoes it for a comparison. docs/ipvsadm.md has the reasons. */

export interface Outcome {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

interface Deviation {
  /** The heading in docs/ipvsadm.md. */
  readonly name: string
  readonly ours?: (text: string) => string
  readonly theirs?: (text: string) => string
}

/** Those that show in what is printed of a table. */
export const deviations: readonly Deviation[] = [
  {
    name: 'Thresholds are saved',
    ours: (text) => text.replace(/^(-a .*?)( -x [0-9]+)?( -y [0-9]+)?$/gm, '$1'),
  },
  {
    name: 'Flags that a scheduler has no name for are shown',
    // `sh (sh-port)` for sh-port and flag-3, `sh ()` and `-b ` for flag-3 alone.
    ours: (text) => text.replace(/^(.* (?:sh|mh) .*?)(?<=[( ,])flag-3/gm, '$1').replace(/,(?=\)|$)/gm, ''),
  },
  {
    name: 'Firewall marks from 2147483648 are shown as they are',
    theirs: (text) =>
      text
        .replace(/^(-[Aa] -f )-([0-9]+)/gm, (_all, option: string, mark: string) => option + unsigned(mark))
        .replace(/^FWM {2}-([0-9]+( IPv6)?)( *)/gm, (all, mark: string, family = '', blanks: string) => {
          const label = `FWM  ${unsigned(mark)}${family}`
          return blanks.length > 1 ? label.padEnd(all.length) : label + blanks
        }),
  },
]

function unsigned(negative: string): number {
  return 2 ** 32 - Number.parseInt(negative, 10)
}

function undone(side: 'ours' | 'theirs', text: string): string {
  return deviations.reduce((changed, deviation) => deviation[side]?.(changed) ?? changed, text)
}

/** Services with their servers, as a set: the order of ipvsadm's own lists is not stable, nor the kernel's. */
export function asSet(list: string): readonly string[] {
  const blocks: string[][] = []
  for (const line of list.replace(/\n+$/, '').split('\n')) {
    const last = blocks.at(-1)
    if (/^ +->|^-a /.test(line) && last) last.push(line)
    else blocks.push([line])
  }
  return blocks.map(([head = '', ...servers]) => [head, ...servers.sort()].join('\n')).sort()
}

/** What each shows of a table, comparable. */
export function comparable(side: 'ours' | 'theirs', list: string): readonly string[] {
  return asSet(undone(side, list))
}

/** Both outcomes of one command line, in a form in which they are the same but for a fault. */
export function comparison(words: readonly string[], theirs: Outcome, ours: Outcome) {
  const told = (side: 'ours' | 'theirs', { status, stdout, stderr }: Outcome) => ({
    status,
    stdout: isHelp(words) ? stdout !== '' : comparable(side, stdout),
    stderr,
  })
  // A crash: ours is to end as for any wrong argument, with a sentence.
  if (theirs.status > 128 && theirs.status < 255) {
    const right = { status: 2, stdout: '', isSentence: true }
    const { stdout, stderr } = words[0] === '-R' ? ofTheLastLine(ours) : ours
    return { theirs: right, ours: { status: ours.status, stdout, isSentence: /^[^\n]+\n$/.test(stderr) } }
  }
  return { theirs: told('theirs', theirs), ours: told('ours', ours) }
}

/** What a restored file's last line printed, if it was refused: what theirs printed before a crash is lost in its buffer. */
function ofTheLastLine({ stderr }: Outcome): Pick<Outcome, 'stdout' | 'stderr'> {
  return { stdout: '', stderr: stderr.split('\n').slice(-2).join('\n') }
}

function isHelp(words: readonly string[]): boolean {
  return /^(-[hv].*|--help|--version)$/.test(words[0] ?? '')
}
