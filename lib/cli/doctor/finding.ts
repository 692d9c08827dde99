/** What the doctor says. */

/** fail: something does not work. warn: it will not, under circumstances that the sentence names. */
export type Level = 'ok' | 'info' | 'warn' | 'fail'

export interface Finding {
  readonly level: Level
  readonly group: 'kernel' | 'services' | 'network' | 'sysctls' | 'real server'
  /** What it is about, in a word: a service, an address, a setting. */
  readonly about: string
  /** One sentence, without the subject. */
  readonly text: string
  /** The command that mends it, or tells more. */
  readonly fix?: string
}

/** Makes a finding. */
export type Say = (level: Level, about: string, text: string, fix?: string) => Finding

/** Makes findings of one group. */
export function findingsOf(group: Finding['group']): Say {
  return (level, about, text, fix) => ({
    level,
    group,
    about,
    text,
    ...(fix !== undefined && { fix }),
  })
}

/** `a, b, c and 7 more` */
export function someOf(words: readonly string[], most = 4): string {
  if (words.length <= most) return words.join(', ')
  return `${words.slice(0, most).join(', ')} and ${words.length - most} more`
}
