/** What is wrong with a service although each of its fields is right. Pure but for the certificates, which are loaded. */
import { createSecureContext } from 'node:tls'
import { schedulers } from 'ipvs'
import { tls } from 'ipvs/health'
import type { ProgramCheck, TlsOptions } from 'ipvs/health'
import type * as z from 'zod'
import { programCheckOf } from './checks.js'
import type { ProgramCheckConfig } from './config.js'
import type { Path, Problem } from './document.js'
import { httpOptions, httpProblems } from './http-fields.js'
import { durationText, endpointText } from './scalars.js'
import { flagsOf } from './scheduler-flags.js'
import type { EtcdConfig } from './etcd/schema.js'
import { servicesExpected } from './schema.js'
import type { File, Service } from './schema.js'
import { isLocal } from './web/schema.js'
import type { PageConfig } from './web/schema.js'

/** A service as the file has it. */
export type ServiceShape = z.output<typeof Service>

/** The rest of it. */
type FileShape = z.output<typeof File>

/** What the configuration's truth depends on. */
export interface HostFacts {
  /** Whether clients that persistence keeps on a server leave it when its weight is 0 (net.ipv4.vs.expire_quiescent_template). */
  readonly expireQuiescentTemplate: boolean
  /** What keeps the program of a check from being run; undefined when nothing does. */
  readonly programProblem: (check: ProgramCheck) => string | undefined
  /** Whether the kernel has a scheduler that is none of Linux's own. */
  readonly hasScheduler: (name: string) => boolean
  /** Whether a director that receives connections sends no packet on (net.ipv4.vs.backup_only). */
  readonly backupOnly: boolean
}

/** Of a host of which nothing is known. */
export const someHost: HostFacts = {
  expireQuiescentTemplate: false,
  programProblem: () => undefined,
  hasScheduler: () => true,
  backupOnly: false,
}

/** What no field can be blamed for alone. */
export function* crossProblems(service: ServiceShape, path: Path, host: HostFacts): Generator<Problem> {
  const { virtual, persistence, check } = service
  yield* schedulerProblems(service, path, host)
  yield* flagProblems(service, path)
  const bits = virtual.family === 'ipv4' ? 32 : 128
  if (virtual.port === 0 && persistence === undefined)
    yield { path: [...path, 'virtual'], expected: 'persistence with port 0, which means every port' }
  if ((persistence?.prefixLength ?? 0) > bits)
    yield {
      path: [...path, 'persistence', 'prefixLength'],
      expected: `at most ${bits} bits, as the service is ${virtual.family}`,
    }

  for (const [index, server] of service.servers.entries())
    yield* serverProblems(service, server, [...path, 'servers', index])
  yield* policyProblems(service, path, host)

  if (virtual.port === 0 && check.type === 'icmp' && check.tripwire === true)
    yield { path: [...path, 'check', 'tripwire'], expected: 'false, as neither the service nor its check has a port' }
  if (virtual.port === 0 && check.type !== 'icmp' && check.port === undefined)
    yield { path: [...path, 'check', 'port'], expected: 'the port to check, as the service has port 0' }
  if (check.type === 'script' || check.type === 'mon') yield* programProblems(check, [...path, 'check'], host)
  if ('tls' in check && check.tls) yield* tlsProblems(check.tls, [...path, 'check', 'tls'])
  if (check.type === 'http' || check.type === 'http2')
    yield* httpProblems({ ...httpOptions(check), tls: undefined }, [...path, 'check'])
  const { interval, fastInterval, timeout, jitter } = check
  if (timeout >= interval)
    yield {
      path: [...path, 'check', 'timeout'],
      expected: `less than the interval, ${durationText(interval)}`,
      found: durationText(timeout),
    }
  if (fastInterval !== undefined && fastInterval > interval)
    yield { path: [...path, 'check', 'fastInterval'], expected: `at most the interval, ${durationText(interval)}` }
  if (jitter !== undefined && jitter > interval)
    yield { path: [...path, 'check', 'jitter'], expected: `at most the interval, ${durationText(interval)}` }
}

/** The kernel would refuse the service as a whole, again and again. */
function* schedulerProblems({ scheduler }: ServiceShape, path: Path, host: HostFacts): Generator<Problem> {
  if (schedulers.some((known) => known === scheduler) || host.hasScheduler(scheduler)) return
  const expected = `${schedulers.join(', ')}, or another whose module ip_vs_NAME this kernel has`
  yield { path: [...path, 'scheduler'], expected }
}

function* flagProblems({ scheduler, schedulerFlags, onFailure }: ServiceShape, path: Path): Generator<Problem> {
  const known = flagsOf(scheduler)
  for (const [index, name] of (schedulerFlags ?? []).entries())
    if (!known.includes(name))
      yield {
        path: [...path, 'schedulerFlags', index],
        expected:
          known.length === 0 ? `no flag, as ${scheduler} has none` : `a flag of ${scheduler}: ${known.join(', ')}`,
      }
  const drops = scheduler === 'mh' && schedulerFlags !== undefined && !schedulerFlags.includes('mh-fallback')
  if (drops && onFailure !== 'remove')
    yield {
      path: [...path, 'schedulerFlags'],
      expected: 'mh-fallback among them, or onFailure: remove: without it, clients of a server at weight 0 are dropped',
    }
}

type ServerShape = ServiceShape['servers'][number]

function* serverProblems(service: ServiceShape, server: ServerShape, path: Path): Generator<Problem> {
  if ([server.address, server.name, server.file].filter((given) => given !== undefined).length !== 1)
    yield { path, expected: 'one of address, name and file' }
  yield* endpointProblems(service, server, path)
}

/** What is wrong with the address and port of a server of this service. */
function* endpointProblems(
  { virtual, forwarding }: ServiceShape,
  server: Pick<ServerShape, 'address' | 'port'>,
  path: Path,
  by: ServiceShape['forwarding'] = forwarding,
): Generator<Problem> {
  if (server.address !== undefined && server.address.family !== virtual.family && by !== 'tunnel')
    yield {
      path,
      expected: `an ${familyName(virtual.family)} address, as the service has; only tunnel forwarding mixes families`,
      found: server.address.address,
    }
  const port = server.port ?? virtual.port
  if (port === virtual.port) return
  if (by !== 'masquerade')
    yield {
      path: [...path, 'port'],
      expected: `port ${virtual.port} as the service has, since ${by} forwarding leaves the port as it is (only masquerade changes it)`,
      found: `port ${port}`,
    }
  else if (port === 0 || virtual.port === 0)
    yield {
      path: [...path, 'port'],
      expected: 'port 0, every port, with a service of port 0 and no other',
      found: `port ${port}`,
    }
}

function* policyProblems(service: ServiceShape, path: Path, host: HostFacts): Generator<Problem> {
  const { sorry, whenAllDown, onFailure, persistence } = service
  if (sorry !== undefined) yield* endpointProblems(service, sorry, [...path, 'sorry'], sorry.forwarding)
  if (whenAllDown === 'sorry' && sorry === undefined)
    yield { path: [...path, 'sorry'], expected: 'the server that takes over, as whenAllDown is sorry' }
  if (sorry !== undefined && (whenAllDown ?? 'sorry') !== 'sorry')
    yield { path: [...path, 'sorry'], expected: `whenAllDown: sorry with it`, found: `whenAllDown: ${whenAllDown}` }
  if (onFailure === 'quiesce' && persistence !== undefined && !host.expireQuiescentTemplate)
    yield {
      path: [...path, 'onFailure'],
      expected:
        'remove, as the service is persistent and net.ipv4.vs.expire_quiescent_template is not 1: weight 0 would keep sending clients to a dead server',
    }
}

/** What is only found when certificates and key are put together. */
function* tlsProblems(options: TlsOptions, path: Path): Generator<Problem> {
  try {
    tls(options)
  } catch (error) {
    const found =
      error instanceof Error ? error.message.replace(/^options(\.\w+)?: expected .*, found /, '') : String(error)
    yield { path, expected: 'a host name, and certificates with their key that can be loaded', found }
  }
}

/** What keeps the program from being run here and now. */
function* programProblems(check: ProgramCheckConfig, path: Path, host: HostFacts): Generator<Problem> {
  const at = [...path, check.type === 'script' ? 'command' : 'monitor']
  try {
    const found = host.programProblem(programCheckOf(check))
    if (found !== undefined)
      yield {
        path: at,
        expected: 'a program that can be run without privileges, and that nobody else can change',
        found,
      }
  } catch (error) {
    const [, expected = String(error), found] =
      /^\S+: expected (.*), found (.*)$/s.exec(String((error as Error).message)) ?? []
    yield { path: at, expected, found }
  }
}

/** What belongs to several directors, where nobody else is known. */
export function* aloneProblems({ agree }: ServiceShape, path: Path): Generator<Problem> {
  if (agree === 'majority')
    yield {
      path: [...path, 'agree'],
      expected: 'own, or `config:` with the etcd by which directors hear of each other',
    }
}

/** Services are in the file, or elsewhere. */
export function* missingProblems(file: unknown): Generator<Problem> {
  if (typeof file !== 'object' || file === null || Array.isArray(file) || 'services' in file || 'config' in file) return
  yield { path: ['services'], expected: servicesExpected }
}

/** What no field of the top can be blamed for alone. */
export function* topProblems({ page, config }: FileShape): Generator<Problem> {
  if (page !== undefined) yield* pageProblems(page)
  if (config !== undefined) yield* etcdProblems(config)
}

/** A password goes over a network to etcd alone. */
function* etcdProblems({ endpoints, tls, login }: EtcdConfig): Generator<Problem> {
  const beyond = endpoints.find(({ host }) => host !== 'localhost' && !isLocal({ address: host }))
  if (login !== undefined && tls === undefined && beyond !== undefined)
    yield { path: ['config', 'login'], expected: `tls with it, as ${beyond.host} is not on loopback` }
  if (tls === undefined) return
  try {
    createSecureContext({ ca: tls.ca, cert: tls.cert, key: tls.key })
    if ((tls.cert === undefined) !== (tls.key === undefined)) throw new Error('one of them')
  } catch (error) {
    const found = String((error as Error).message)
    yield { path: ['config', 'tls'], expected: 'certificates with their key, both or none', found }
  }
}

/** Who listens to others than this host has to know them, and nobody may listen in. */
function* pageProblems({ listen, auth, tls, behindProxy }: PageConfig): Generator<Problem> {
  if (tls !== undefined) yield* certificateProblems(tls)
  if (isLocal(listen)) return
  const where = `elsewhere than on loopback (${endpointText(listen.address ?? '', listen.port ?? 0)})`
  if (auth === undefined) yield { path: ['page'], expected: `auth, as the page is ${where}`, found: 'none' }
  if (tls === undefined && !behindProxy)
    yield { path: ['page'], expected: `tls, or behindProxy: true, as the page is ${where}`, found: 'neither' }
}

function* certificateProblems({ certificate, key }: { certificate: string; key: string }): Generator<Problem> {
  try {
    createSecureContext({ cert: certificate, key })
  } catch (error) {
    yield { path: ['page', 'tls'], expected: 'a certificate with its key', found: String((error as Error).message) }
  }
}

const familyName = (family: 'ipv4' | 'ipv6') => (family === 'ipv4' ? 'IPv4' : 'IPv6')
