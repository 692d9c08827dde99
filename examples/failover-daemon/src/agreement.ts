/** Whether the directors agree that a server is down. Pure. */

/** What a director finds, by `objectName(service, server)`. */
export type Opinion = ReadonlyMap<string, 'up' | 'down'>

/** What the other directors find. */
export interface Votes {
  /** By their names; those that are alive. @default nobody knows yet */
  readonly others: ReadonlyMap<string, Opinion> | undefined
  /** So long that is believed, in milliseconds of the clock of the facts. */
  readonly until: number
}

/** Of a director that has no others. */
export const alone: Votes = { others: new Map(), until: Infinity }

/** How many others have which verdict. */
export interface Tally {
  readonly up: number
  readonly down: number
}

export function tally({ others = new Map() }: Votes, object: string): Tally {
  const verdicts = [...others.values()].map((opinion) => opinion.get(object))
  return {
    up: verdicts.filter((verdict) => verdict === 'up').length,
    down: verdicts.filter((verdict) => verdict === 'down').length,
  }
}

/**
 * Whether a server that we find down is not down for a majority of those who have an opinion, ours included: of two directors, both. Our own
 * verdict counts alone when nobody else has one, and when nothing was heard for too long.
 */
export function isOutvoted(votes: Votes, object: string, now: number): boolean {
  if (now >= votes.until) return false
  if (votes.others === undefined) return true
  const { up, down } = tally(votes, object)
  return down + 1 <= up
}
