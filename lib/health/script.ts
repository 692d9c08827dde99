import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import { type ProgramCheck, programCheck } from './program.js'
import {
  type ProgramOptions,
  checkWords,
  checkedProgramOptions,
  fillWords,
  programOptionNames,
} from './program-options.js'

/** What `script()` runs. */
export interface ScriptOptions extends ProgramOptions {
  /**
   * The program's absolute path, and its words, passed on as they are: no shell reads them. A word that is `{address}` or
   * `{port}` is the target's.
   */
  readonly command: readonly string[]
  /**
   * Whether an exit status from 2 on is a pass that asks for a weight, 2 less than itself: 2 is 0, 102 is 100. 1 is a failure
   * still, 0 a pass without a weight; 126 and 127 are inconclusive still. This is what keepalived calls misc_dynamic.
   * @default false
   */
  readonly weightFromStatus?: boolean | undefined
  /**
   * Whether the first line that it prints goes into a failure's `detail`: for a program that speaks in its own words there and
   * does not pass on what the target sent. Without it all that it prints goes to /dev/null.
   * @default false
   */
  readonly summary?: boolean | undefined
}

/**
 * Runs a program on this host, and passes when its exit status is 0. Another status fails with `exit`. It is inconclusive when a signal
 * ends the program, when it cannot be started, found or run (126 and 127 say that), or prints more than 1 MiB.
 *
 * It runs without any capability and can gain none, in /, in a process group of its own, with nothing on standard input, and
 * with PATH, LANG, IPVS_ADDRESS and IPVS_PORT in its environment, nothing else. At the deadline its group gets TERM, and KILL half a
 * second later; what it leaves behind in its group is killed. Only a program that nobody but root, or the user we run as, can
 * write or replace is run. Needs Linux, and setpriv of util-linux.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function script(options: ScriptOptions): ProgramCheck {
  checkedRecord('options', options, ['command', 'weightFromStatus', ...programOptionNames])
  const { command, weightFromStatus = false } = options
  checkWords('options.command', command)
  const [path, ...words] = command
  if (!path?.startsWith('/')) throw wrongValue('options.command[0]', 'the absolute path of a program', path)
  if (typeof weightFromStatus !== 'boolean')
    throw wrongType('options.weightFromStatus', 'true or false', weightFromStatus)
  return programCheck({
    ...checkedProgramOptions(options, { summary: false, environment: {} }),
    locate: () => ({ path }),
    args: (target) => fillWords(words, target),
    weightFromStatus,
  })
}
