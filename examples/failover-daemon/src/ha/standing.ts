/**
 * How fit this director is to have the VIPs, as keepalived is told by the track file. Pure. Each standing is a band of priorities, 50
 * wide, as `priority` is 101 to 150: who is preferred beats who is willing, and that one who is sick; but if all are sick, the best of
 * them still has the VIPs.
 */
import type { Role } from './role.js'

export interface Standing {
  /** `leaving`: keepalived lets go of the VIPs whoever takes them. `undecided`: what the file says stands. */
  readonly word: 'preferred' | 'willing' | 'sick' | 'leaving' | 'undecided'
  /** For people; empty when there is nothing to explain. */
  readonly reason: string
}

/** What the track file says. Times `weight 50` it is added to the priority; less than -253 is FAULT. */
export const bands = { preferred: '0', willing: '-1', sick: '-2', leaving: '-6' } as const

export interface Policy {
  readonly preempt: boolean
  readonly graceMs: number
}

/** What is so now. Times are milliseconds of one monotonic clock. */
export interface Situation {
  readonly now: number
  readonly role: Role
  /** What keeps it from its work, for people. */
  readonly ailments: readonly string[]
  /** When the daemon started. */
  readonly startedAt: number
  /** Whether a round was completed since. */
  readonly working: boolean
  /** Whether it is told of the connections of the one who has the VIPs, or nobody is to. */
  readonly receiving: boolean
  /** An operator hands the VIPs over. */
  readonly leaving: boolean
}

/** Since when it could have taken the VIPs. */
export interface Memory {
  readonly readySince: number | undefined
}

export const noMemory: Memory = { readySince: undefined }

/** So long a daemon that was started anew has, on a busy machine, before what its predecessor wrote stands no more. */
const startMs = 30_000

export function judge(
  { preempt, graceMs }: Policy,
  situation: Situation,
  memory: Memory,
): { readonly standing: Standing; readonly memory: Memory } {
  const { now, role, ailments, startedAt, working, receiving, leaving } = situation
  const since = (word: Standing['word'], reason: string, readySince?: number) => ({
    standing: { word, reason },
    memory: { readySince },
  })
  if (leaving) return since('leaving', 'an operator hands the VIPs over')
  if (ailments.length > 0) return since('sick', ailments.join('; '))
  if (!working && now - startedAt < startMs) return since('undecided', 'it has just started')
  if (!working) return since('sick', 'the table was not read yet')
  if (role === 'master') return since('preferred', '')
  if (role === 'fault') return since('willing', 'keepalived is in FAULT: is the link up?')
  if (role === 'unknown') return since('willing', 'keepalived does not run')
  if (!receiving) return since('willing', 'it is not told of connections')
  // From here on it knows of every connection that lives for longer than this.
  const readySince = memory.readySince ?? now
  if (!preempt) return since('willing', 'another director has the VIPs, and preempt is false', readySince)
  const leftMs = graceMs - (now - readySince)
  if (leftMs > 0) return since('willing', 'it is told of connections first (grace)', readySince)
  return since('preferred', '', readySince)
}
