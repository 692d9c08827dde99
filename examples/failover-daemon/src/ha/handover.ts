/** A handover: keepalived is put into FAULT for a moment. It says so to the other directors at once, and nobody waits for adverts. */
import type { Clock } from '../clock.js'
import { missedAdverts } from './keepalived.js'
import type { Role, Word } from './role.js'

export interface HandoverParts {
  readonly role: () => Role
  readonly advertIntervalMs: number
  readonly clock: Clock
  /** Asks for FAULT, or takes that back. */
  readonly leave: (leaving: boolean) => void
  /** Calls back with each word of keepalived, until the returned function is called. */
  readonly hear: (callback: (word: Word) => void) => () => void
}

/** The most that a handover waits for FAULT, and then for somebody who takes the VIPs. */
const patienceMs = 2000

/** Resolves when another director has the VIPs. Rejects with an Error for people when this one has none to give, or has them again. */
export async function handOver(parts: HandoverParts): Promise<void> {
  const { role, advertIntervalMs, leave } = parts
  if (role() !== 'master') throw new Error(`expected the director that has the VIPs: this one is ${role()}`)
  try {
    const fault = heard(parts, 'FAULT', patienceMs)
    leave(true)
    if (!(await fault)) throw new Error('keepalived did not let go of the VIPs within 2 s: does it run?')
    // Another one takes over after its skew, which is less than an advert interval.
    await heard(parts, undefined, Math.min(2 * advertIntervalMs, patienceMs))
  } finally {
    leave(false)
  }
  // If nobody has: the VIPs come back when missedAdverts and a skew have not been heard.
  if (await heard(parts, 'MASTER', (missedAdverts + 2) * advertIntervalMs + 100))
    throw new Error('no other director took the VIPs: this one has them again')
}

/** Whether keepalived says that word before the time is over. */
function heard({ clock, hear }: HandoverParts, awaited: Word | undefined, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const end = (found: boolean) => {
      forget()
      cancel()
      resolve(found)
    }
    const forget = hear((word) => {
      if (word === awaited) end(true)
    })
    const cancel = clock.after(withinMs, () => end(false))
  })
}
