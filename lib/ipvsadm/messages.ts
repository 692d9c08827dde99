/** What ipvsadm says to an errno. */
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import type { IpvsError } from '../errors.js'
import type { CommandWord } from './options.js'

const { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EBUSY, EEXIST, EINTR, EINVAL, EMFILE } = constants.errno
const { EMSGSIZE, ENFILE, ENETDOWN, ENETUNREACH, ENOBUFS, ENODEV, ENOENT, ENOMEM, ENOPROTOOPT } = constants.errno
const { EOPNOTSUPP, EPERM, ERANGE, ESRCH } = constants.errno

type Texts = Readonly<Record<number, string>>

const noService: Texts = { [ESRCH]: 'No such service' }
const noModule: Texts = { [ENOENT]: 'Scheduler or persistence engine not found' }
const noServer: Texts = { [ESRCH]: 'Service not defined', [ENOENT]: 'No such destination' }

const ofCommands: Readonly<Partial<Record<CommandWord, Texts>>> = {
  'add-service': { [EEXIST]: 'Service already exists', ...noModule },
  'edit-service': { ...noService, ...noModule },
  'delete-service': noService,
  zero: noService,
  list: noService,
  'add-server': { [ESRCH]: 'Service not defined', [EEXIST]: 'Destination already exists' },
  'edit-server': noServer,
  'delete-server': noServer,
  'start-daemon': { [EEXIST]: 'Daemon has already run' },
  'stop-daemon': { [ESRCH]: 'No daemon is running' },
}

const ofAll: Texts = {
  [EPERM]: 'Permission denied (you must be root)',
  [EINVAL]: 'Invalid operation.  Possibly wrong module version, address not unicast, ...',
  [ENOPROTOOPT]: 'Protocol not available',
  [ENOMEM]: 'Memory allocation problem',
  [EOPNOTSUPP]: 'Operation not supported with IPv6',
  [EAFNOSUPPORT]: 'Operation not supported with specified address family',
  [EMSGSIZE]: 'Module is wrong version',
}

/** strerror(3) of the C library, for what else the kernel may say. */
const ofSystem: Texts = {
  [ENOENT]: 'No such file or directory',
  [ESRCH]: 'No such process',
  [EINTR]: 'Interrupted system call',
  [EACCES]: 'Permission denied',
  [EBUSY]: 'Device or resource busy',
  [EEXIST]: 'File exists',
  [ENODEV]: 'No such device',
  [ENFILE]: 'Too many open files in system',
  [EMFILE]: 'Too many open files',
  [ERANGE]: 'Numerical result out of range',
  [EADDRINUSE]: 'Address already in use',
  [EADDRNOTAVAIL]: 'Cannot assign requested address',
  [ENETDOWN]: 'Network is down',
  [ENETUNREACH]: 'Network is unreachable',
  [ENOBUFS]: 'No buffer space available',
}

export function messageOf(command: CommandWord, errno: number): string {
  return ofCommands[command]?.[errno] ?? ofAll[errno] ?? ofSystem[errno] ?? getSystemErrorName(-errno)
}

/** The same for a refusal by the kernel; what is none keeps its own sentence. */
export function refusalText(command: CommandWord, error: IpvsError): string {
  const isKnown = error.errno !== undefined && error.code !== 'IPVS_OUTCOME_UNKNOWN'
  return isKnown ? messageOf(command, error.errno) : error.message
}
