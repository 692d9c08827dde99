/** Checks that run programs: what `script()` and `monMonitor()` have in common. */
import type { Check, Target, Verdict } from './check.js'
import { type Confinement, confine, confineNow } from './confine.js'
import { type ProgramEnd, mostOutputBytes, startGroup } from './process-group.js'
import type { ProgramLimit } from './program-limit.js'
import { programFault } from './program-path.js'
import { settle } from './settle.js'
import { messageOf, printable } from './verdict.js'

/** A check that runs a program on this host. */
export interface ProgramCheck extends Check {
  /** Why it cannot run here as things are now, in words for people; undefined if it can. Takes some milliseconds. */
  problem(): string | undefined
}

/** What is run, and how its end is read. */
export interface Program {
  /** Its absolute path, or why there is none. */
  readonly locate: () => { readonly path: string } | { readonly problem: string }
  readonly args: (target: Target) => readonly string[]
  readonly environment: (target: Target) => Readonly<Record<string, string>>
  /** As whom it runs. @default as we do */
  readonly user: string | undefined
  readonly limit: ProgramLimit
  /** Whether its first line goes into the verdict. */
  readonly summary: boolean
  /** Whether an exit status from 2 on is a weight. */
  readonly weightFromStatus: boolean
}

const confineAgainMs = 1000
/** What setpriv, like a shell, answers for a program that it cannot run or find. */
const cannotRun = [126, 127]

const local = (detail: string): Verdict => ({ outcome: 'inconclusive', reason: 'local', detail: printable(detail) })

/** The check that runs this program. */
export function programCheck(program: Program): ProgramCheck {
  const confined = rememberConfinement(program.user)
  const { limit, summary } = program

  /** The program's path, or why it is not run. */
  function locate(): ReturnType<Program['locate']> {
    const found = program.locate()
    if ('problem' in found) return found
    const fault = programFault(found.path)
    return fault === undefined ? found : { problem: fault }
  }

  /** One run in a place of its own, which is left when all is over; `begun` is told when the program runs. */
  function run(target: Target, signal: AbortSignal, leave: () => void, begun: () => void): Promise<Verdict> {
    return settle(signal, (done) => {
      let stop = (): void => {}
      let released = false
      function end(verdict: Verdict): void {
        leave()
        done(verdict)
      }
      void confined().then((confinement) => {
        if (released) return leave()
        const found = locate()
        if ('problem' in found) return end(local(found.problem))
        if ('problem' in confinement) return end(local(confinement.problem))
        const argv = [...confinement.argv, found.path, ...program.args(target)] as [string, ...string[]]
        stop = startGroup(argv, program.environment(target), summary ? 'read' : 'ignore', (ended) =>
          end(ended instanceof Error ? local(messageOf(ended)) : verdictOfEnd(ended, program)),
        )
        begun()
      })
      return () => {
        released = true
        stop()
      }
    })
  }

  async function check(target: Target, signal: AbortSignal): Promise<Verdict> {
    const startedAt = performance.now()
    let begunAt = Infinity
    const leave = await limit.take(signal)
    if (!leave) return local(`not begun: ${limit.max} programs run at once at most, and they took too long`)
    if (signal.aborted) leave()
    const verdict = await run(target, signal, leave, () => (begunAt = performance.now()))
    if (verdict.outcome !== 'fail' || verdict.reason !== 'timeout') return verdict
    // As much as a monitor lets the event loop stand still.
    const late = begunAt - startedAt > Math.max(100, (performance.now() - startedAt) / 5)
    return late ? local(`begun late: ${limit.max} programs run at once at most`) : verdict
  }

  function problem(): string | undefined {
    const found = locate()
    if ('problem' in found) return found.problem
    const confinement = confineNow(program.user)
    return 'problem' in confinement ? confinement.problem : undefined
  }

  return Object.assign(check, { problem })
}

/** What the end of a program says of the target. */
export function verdictOfEnd(
  { status, signal, firstLine, flooded }: ProgramEnd,
  { summary, weightFromStatus }: Pick<Program, 'summary' | 'weightFromStatus'>,
): Verdict {
  if (flooded) return local(`killed: it printed more than ${mostOutputBytes} bytes`)
  if (status === null) return local(`killed by ${signal}`)
  const line = firstLine.trim()
  const told = `exit status ${status}${summary && line !== '' ? `: ${line}` : ''}`
  if (cannotRun.includes(status)) return local(`the program cannot be run: ${told}`)
  if (status === 0) return { outcome: 'pass' }
  if (weightFromStatus && status >= 2) return { outcome: 'pass', weight: status - 2 }
  return { outcome: 'fail', reason: 'exit', detail: printable(told) }
}

/** Proves once that programs can be confined; asks again after a while where they could not. */
function rememberConfinement(user: string | undefined): () => Promise<Confinement> {
  let last: Promise<Confinement> | undefined
  let askAgainAt = Infinity
  return () => {
    if (last && performance.now() < askAgainAt) return last
    askAgainAt = Infinity
    last = confine(user)
    void last.then((confinement) => {
      if ('problem' in confinement) askAgainAt = performance.now() + confineAgainMs
    })
    return last
  }
}
