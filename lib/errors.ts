/** Refusals by the kernel: one error type, one table from (command, errno) to a code and the next step. */
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { Command, Stage } from './records.js'
import type { Change } from './plan.js'

/**
 * Branch on these.
 *
 * | code | when |
 * |---|---|
 * | `IPVS_SERVICE_NOT_FOUND` | there is no such virtual service |
 * | `IPVS_SERVICE_EXISTS` | a virtual service with this key exists already |
 * | `IPVS_DESTINATION_NOT_FOUND` | the virtual service has no such real server |
 * | `IPVS_DESTINATION_EXISTS` | the virtual service has this real server already |
 * | `IPVS_MODULE_NOT_FOUND` | the kernel has no such scheduler or persistence engine |
 * | `IPVS_SYNC_DAEMON_EXISTS` | a sync daemon of this role runs already |
 * | `IPVS_SYNC_DAEMON_NOT_FOUND` | no sync daemon of this role runs |
 * | `IPVS_INTERFACE_NOT_FOUND` | the namespace has no such network interface |
 * | `IPVS_NAMESPACE_NOT_FOUND` | there is no such network namespace |
 * | `IPVS_UNAVAILABLE` | this kernel has no ip_vs, or this is not Linux |
 * | `IPVS_ADDON_UNUSABLE` | the addon is not built, for another platform, or older or newer than the rest of the package |
 * | `IPVS_NOT_PERMITTED` | CAP_NET_ADMIN in the initial user namespace is missing, or CAP_SYS_ADMIN to enter a network namespace |
 * | `IPVS_INTERRUPTED` | no stable read within the bounds, or what a plan was made for has changed |
 * | `IPVS_OUTCOME_UNKNOWN` | the answer was lost and could not be read back |
 * | `IPVS_REJECTED` | any other errno |
 * | `IPVS_CLOSED` | the handle is closed |
 */
export type IpvsErrorCode =
  | 'IPVS_SERVICE_NOT_FOUND'
  | 'IPVS_SERVICE_EXISTS'
  | 'IPVS_DESTINATION_NOT_FOUND'
  | 'IPVS_DESTINATION_EXISTS'
  | 'IPVS_MODULE_NOT_FOUND'
  | 'IPVS_SYNC_DAEMON_EXISTS'
  | 'IPVS_SYNC_DAEMON_NOT_FOUND'
  | 'IPVS_INTERFACE_NOT_FOUND'
  | 'IPVS_NAMESPACE_NOT_FOUND'
  | 'IPVS_UNAVAILABLE'
  | 'IPVS_ADDON_UNUSABLE'
  | 'IPVS_NOT_PERMITTED'
  | 'IPVS_INTERRUPTED'
  | 'IPVS_OUTCOME_UNKNOWN'
  | 'IPVS_REJECTED'
  | 'IPVS_CLOSED'

/** What an IpvsError carries beside its message. */
export interface IpvsErrorDetails {
  /** What to branch on. */
  readonly code: IpvsErrorCode
  /** The method of the API, `addService` and so on. */
  readonly operation: string
  /** The kernel's errno, positive, where the kernel gave one. */
  readonly errno?: number | undefined
  /** The error behind it. */
  readonly cause?: unknown
}

/** An error whose code is known to be one of these. */
export interface WithCode<C extends IpvsErrorCode> {
  /** One of them. */
  readonly code: C
}

/** A call that could not be carried out. Wrong arguments are TypeError and RangeError instead. */
export class IpvsError extends Error {
  /** `IpvsError` */
  override readonly name: string = 'IpvsError'
  /** What to branch on: the list is at IpvsErrorCode. */
  readonly code: IpvsErrorCode
  /** The method or function that failed: `addService`, `apply` and so on. */
  readonly operation: string
  /** The kernel's errno, positive, where the kernel gave one. */
  declare readonly errno?: number
  /** `ENOENT` and so on, where there is an errno. */
  declare readonly errnoName?: string

  /** `message` tells what was expected, what was found, and the next step. */
  constructor(message: string, { code, operation, errno, cause }: IpvsErrorDetails) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.operation = operation
    if (errno !== undefined) {
      this.errno = errno
      this.errnoName = getSystemErrorName(-errno)
    }
  }

  /** Whether it is an IpvsError, with one of the codes if any are given. */
  static is<C extends IpvsErrorCode>(value: unknown, ...codes: C[]): value is IpvsError & WithCode<C> {
    return value instanceof IpvsError && (codes.length === 0 || (codes as string[]).includes(value.code))
  }
}

/** What `apply()` did. */
export interface Applied {
  /** What is as the plan wants it now. Made when it is first looked at, where nothing failed. */
  readonly applied: readonly Change[]
  /** What was refused, or has changed since the plan was made. */
  readonly failed: readonly FailedChange[]
  /** Left out because an earlier change of the same service failed. */
  readonly notAttempted: readonly Change[]
}

/** A change that could not be made. */
export interface FailedChange {
  /** As the plan has it. */
  readonly change: Change
  /** Why. */
  readonly error: IpvsError
}

/** Rejection of `apply()`: the code is that of the first failure, `result` holds everything. */
export class IpvsApplyError extends IpvsError {
  /** `IpvsApplyError` */
  override readonly name: string = 'IpvsApplyError'
  /** What was done, what was not. */
  readonly result: Applied

  /** `first` is the failure that gives its code to the whole. */
  constructor(result: Applied, first: IpvsError) {
    const { applied, failed, notAttempted } = result
    super(
      `apply: ${failed.length} of ${applied.length + failed.length + notAttempted.length} changes failed, ` +
        `${notAttempted.length} not attempted; first: ${first.message}`,
      { code: first.code, operation: 'apply', errno: first.errno, cause: first },
    )
    this.result = result
  }
}

/** Who failed, for the message: the call, and what it was about in words (empty for the whole table). */
export interface Subject {
  readonly operation: string
  readonly object: string
  /** The kernel modules that the call needs, where it needs any. */
  readonly modules?: string
}

const { EPERM, ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, ESRCH, EEXIST, EINTR, EACCES, EINVAL, ENODEV, ERANGE } =
  constants.errno
/** A path that names nothing, or nothing that is a namespace. */
const noNamespace = [ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EINVAL]

interface Meaning {
  readonly code: IpvsErrorCode
  readonly text: string | ((subject: Subject) => string)
}
const serviceGone: Meaning = {
  code: 'IPVS_SERVICE_NOT_FOUND',
  text: 'there is no such virtual service; add it first, or read the table again',
}
const moduleMissing: Meaning = {
  code: 'IPVS_MODULE_NOT_FOUND',
  text: ({ modules = 'of the scheduler' }) =>
    `this kernel lacks the module ${modules}; install it, or choose another scheduler or persistence engine`,
}
const destinationGone: Meaning = {
  code: 'IPVS_DESTINATION_NOT_FOUND',
  text: 'the service has no such real server; read its destinations again',
}
const refused: Meaning = {
  code: 'IPVS_NOT_PERMITTED',
  text: 'needs CAP_NET_ADMIN in the initial user namespace; run as root or grant that capability',
}
/** setns(2) asks for another capability than IPVS does; open(2) of /proc/PID/ns/net asks whether PID may be traced. */
const entryRefused: Meaning = {
  code: 'IPVS_NOT_PERMITTED',
  text: 'to enter a network namespace needs CAP_SYS_ADMIN, and the right to open its path; run as root or grant them',
}

const destinationRefused: Meaning = {
  code: 'IPVS_REJECTED',
  text:
    'the kernel refused; it takes no address but that of one host, another family only with tunnel forwarding and while ' +
    'no sync daemon runs, and no route must be missing (is `lo` up in this namespace?)',
}

const limitsRefused: Meaning = {
  code: 'IPVS_REJECTED',
  text: 'the kernel refused; limits.lower is more than limits.upper: lower it',
}

/** One row for each command and errno that the kernel documents by its behaviour; every other errno is IPVS_REJECTED. */
const meanings: Readonly<Record<Command, Readonly<Record<number, Meaning>>>> = {
  [Command.newService]: {
    [EEXIST]: { code: 'IPVS_SERVICE_EXISTS', text: 'the virtual service exists already; update it instead' },
    [ENOENT]: moduleMissing,
  },
  [Command.setService]: { [ESRCH]: serviceGone, [ENOENT]: moduleMissing },
  [Command.delService]: { [ESRCH]: serviceGone },
  [Command.getService]: { [ESRCH]: serviceGone },
  [Command.newDest]: {
    [EEXIST]: { code: 'IPVS_DESTINATION_EXISTS', text: 'the service has this real server already; update it instead' },
    [ESRCH]: serviceGone,
    [EINVAL]: destinationRefused,
    [ERANGE]: limitsRefused,
  },
  [Command.setDest]: {
    [ENOENT]: destinationGone,
    [ESRCH]: serviceGone,
    [EINVAL]: destinationRefused,
    [ERANGE]: limitsRefused,
  },
  [Command.delDest]: { [ENOENT]: destinationGone, [ESRCH]: serviceGone },
  [Command.getDest]: { [ESRCH]: serviceGone },
  [Command.newDaemon]: {
    [EEXIST]: { code: 'IPVS_SYNC_DAEMON_EXISTS', text: 'a sync daemon of this role runs already; stop it first' },
    [ENODEV]: {
      code: 'IPVS_INTERFACE_NOT_FOUND',
      text: 'this namespace has no such network interface; `ip link` lists them',
    },
    [EINVAL]: {
      code: 'IPVS_REJECTED',
      text: 'the kernel refused; remove the destinations whose address family is not that of their service first',
    },
  },
  [Command.delDaemon]: {
    [ESRCH]: {
      code: 'IPVS_SYNC_DAEMON_NOT_FOUND',
      text: 'no sync daemon of this role runs; syncDaemons() lists those that do',
    },
  },
  [Command.getDaemon]: {},
  [Command.setConfig]: {
    [EINVAL]: {
      code: 'IPVS_REJECTED',
      text: 'a timeout is more than this kernel can hold: 2147483 s with 1000 timer ticks a second, 8589934 s with 250',
    },
  },
  [Command.getConfig]: {},
  [Command.getInfo]: {},
  [Command.zero]: { [ESRCH]: serviceGone },
  [Command.flush]: {},
  [Command.readSysctls]: {
    [ENOENT]: { code: 'IPVS_UNAVAILABLE', text: 'there is no net.ipv4.vs here; load the module ip_vs, mount /proc' },
  },
  [Command.tellThread]: {
    [ENOENT]: { code: 'IPVS_UNAVAILABLE', text: 'there is no /proc here that has this process; mount it' },
  },
}

/** The meaning of an errno that came back for a command from a stage of the seam. */
export function toIpvsError(subject: Subject, command: Command, errno: number, stage: Stage): IpvsError {
  const { code, text } = meaningOf(command, errno, stage)
  const about = [subject.operation, subject.object].filter((part) => part !== '').join(' ')
  const words = typeof text === 'string' ? text : text(subject)
  return new IpvsError(`${about}: ${words} (${getSystemErrorName(-errno)})`, {
    code,
    operation: subject.operation,
    errno,
  })
}

function meaningOf(command: Command, errno: number, stage: Stage): Meaning {
  switch (stage) {
    case Stage.namespace:
      if (errno === EPERM || errno === EACCES) return entryRefused
      if (noNamespace.includes(errno)) {
        return {
          code: 'IPVS_NAMESPACE_NOT_FOUND',
          text: 'there is no such network namespace; `ip netns list` shows the names',
        }
      }
      return {
        code: 'IPVS_REJECTED',
        text: 'the network namespace could not be entered; mind the limit of open files, try again',
      }
    case Stage.family:
      if (errno === ENOENT) {
        return {
          code: 'IPVS_UNAVAILABLE',
          text: 'this kernel has no IPVS; load the module ip_vs, or install a kernel that has it',
        }
      }
      return { code: 'IPVS_REJECTED', text: 'the generic netlink family IPVS could not be looked up; try again' }
    case Stage.socket:
      if (errno === EPERM || errno === EACCES) return refused
      return {
        code: 'IPVS_REJECTED',
        text: 'no message could be sent to the kernel, nothing was changed; mind the limit of open files, try again',
      }
    case Stage.answer:
      return {
        code: 'IPVS_OUTCOME_UNKNOWN',
        text: 'the answer was lost and could not be read back; read the table before the next change',
      }
    default:
      if (errno === EPERM) return refused
      if (errno === EINTR)
        return {
          code: 'IPVS_INTERRUPTED',
          text: 'no complete answer came back, or the table changed while it was read; try again',
        }
      return meanings[command][errno] ?? { code: 'IPVS_REJECTED', text: 'the kernel refused; its log may say why' }
  }
}

export function closedError(operation: string): IpvsError {
  return new IpvsError(`${operation}: the handle is closed; open() a new one`, { code: 'IPVS_CLOSED', operation })
}
