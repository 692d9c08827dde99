import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import { type ProgramCheck, programCheck } from './program.js'
import {
  type ProgramOptions,
  checkText,
  checkWords,
  checkedProgramOptions,
  fillWords,
  programOptionNames,
} from './program-options.js'

/** Which monitor of Mon's `monMonitor()` runs. */
export interface MonMonitorOptions extends ProgramOptions {
  /** Its name, `http.monitor` for instance. */
  readonly monitor: string
  /**
   * Its words before the host; one that is `{address}` or `{port}` is the target's. If the last is `;;`, no host follows, as in mon.cf.
   * @default none
   */
  readonly args?: readonly string[] | undefined
  /** Absolute paths of folders; the first that has it counts. @default Debian's, /usr/lib/mon/mon.d and /usr/lib/mon/mon-local.d */
  readonly directories?: readonly string[] | undefined
  /**
   * Whether the monitor's summary, its first line, goes into a failure's `detail`. By Mon's contract that line is the monitor's own;
   * say false to one that passes on what the target sent.
   * @default true
   */
  readonly summary?: boolean | undefined
}

/** Where Debian's package has them. */
const debianDirectories = ['/usr/lib/mon/mon.d', '/usr/lib/mon/mon-local.d']
/** What Debian's mon.cf gives monitors by way of Mon. */
const debianEnvironment = { MON_STATEDIR: '/var/lib/mon', MON_LOGDIR: '/var/log/mon', MON_CFBASEDIR: '/etc/mon' }

/**
 * Runs a monitor of Mon's for the target, unchanged: with its words and the target's address. Exit status 0 passes, another fails with
 * `exit`. All else is as with `script()`, and differs from Mon so:
 *
 * - one host a run, by its address and never its name;
 * - death by signal is inconclusive, where Mon takes it for success;
 * - it ends at the deadline, where Mon waits for ever;
 * - the summary is the first line on standard output, and one on standard error only if that is empty, where Mon mixes both;
 * - its environment is bare, MON_STATEDIR, MON_LOGDIR and MON_CFBASEDIR are Debian's; MON_GROUP, MON_SERVICE and others can be set
 *   by `environment`;
 * - it has no privilege, so one that needs raw sockets, or a program with the set-user-ID bit for that, fails.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function monMonitor(options: MonMonitorOptions): ProgramCheck {
  checkedRecord('options', options, ['monitor', 'args', 'directories', ...programOptionNames])
  const { monitor, args = [], directories = debianDirectories } = options
  checkText('options.monitor', monitor, /^\w[\w.+-]*$/, 'the name of a monitor, without a folder')
  checkWords('options.args', args)
  if (!Array.isArray(directories)) throw wrongType('options.directories', 'an array of absolute paths', directories)
  if (directories.length === 0) throw wrongValue('options.directories', 'at least one absolute path', directories)
  for (const [index, folder] of directories.entries()) {
    checkText(`options.directories[${index}]`, folder, /^\/[^\0]*$/, 'an absolute path')
  }
  const folders = [...(directories as readonly string[])]
  const words = args.at(-1) === ';;' ? args.slice(0, -1) : [...args, '{address}']
  return programCheck({
    ...checkedProgramOptions(options, { summary: true, environment: debianEnvironment }),
    locate: () => {
      const path = folders.map((folder) => join(folder, monitor)).find((path) => existsSync(path))
      return path === undefined ? { problem: `${monitor} is in none of ${folders.join(', ')}` } : { path }
    },
    args: (target) => fillWords(words, target),
    weightFromStatus: false,
  })
}
