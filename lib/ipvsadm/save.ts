/** What `ipvsadm -S` writes of a table: the commands that make it. */
import { destinationName, serviceName } from '../keys.js'
import { AF_INET6, ServiceFlag, type DestinationRecord, type ServiceRecord } from '../records.js'
import { fullMask } from '../validate.js'
import { checksums, forwardings, protocols, tunnelTypes } from '../words.js'
import { schedulerFlagNames } from './scheduler-flags.js'
import { maskText, type Namer } from './text.js'

/** A service and its servers, as they are made. */
export interface RuleEntry {
  readonly service: ServiceRecord
  readonly destinations: readonly DestinationRecord[]
}

/** The lines, and what there is no option for and was left out, a sentence each. */
export interface Saved {
  readonly lines: readonly string[]
  readonly leftOut: readonly string[]
}

export function saveEntries(entries: readonly RuleEntry[], name: Namer): Saved {
  const saved = entries.map((entry) => saveEntry(entry, name))
  return { lines: saved.flatMap(({ lines }) => lines), leftOut: saved.flatMap(({ leftOut }) => leftOut) }
}

function saveEntry({ service, destinations }: RuleEntry, name: Namer): Saved {
  const words = serviceWords(service, name)
  if (words === undefined) {
    return { lines: [], leftOut: [`${serviceName(service)}: ipvsadm has no option for its protocol, it is not saved`] }
  }
  const lines = [`-A ${words} ${serviceSettings(service)}`]
  const leftOut: string[] = []
  for (const destination of destinations) {
    const settings = serverSettings(destination)
    if (settings !== undefined) {
      lines.push(`-a ${words} -r ${name(destination, service.protocol)} ${settings}`)
    } else {
      const object = `${destinationName(destination)} of ${serviceName(service)}`
      leftOut.push(`${object}: ipvsadm has no option for its forwarding, it is not saved`)
    }
  }
  return { lines, leftOut }
}

const serviceOptions: Readonly<Record<string, string>> = { tcp: '-t', udp: '-u', sctp: '--sctp-service' }

/** undefined for a protocol without an option. */
function serviceWords(service: ServiceRecord, name: Namer): string | undefined {
  if (service.firewallMark !== 0) return `-f ${service.firewallMark}${service.family === AF_INET6 ? ' -6' : ''}`
  const option = serviceOptions[protocols.word(service.protocol)]
  return option && `${option} ${name(service, service.protocol)}`
}

function serviceSettings({ scheduler, flags, timeout, netmask, family, engine }: ServiceRecord): string {
  const mask = family === AF_INET6 ? String(netmask) : maskText(netmask)
  const names = schedulerFlagNames(scheduler, flags)
  return [
    `-s ${scheduler}`,
    ...(flags & ServiceFlag.persistent
      ? [`-p ${timeout}`, ...(netmask === fullMask(family) ? [] : [`-M ${mask}`])]
      : []),
    ...(engine === '' ? [] : [`--pe ${engine}`]),
    ...(flags & ServiceFlag.onePacket ? ['-o'] : []),
    ...(names === '' ? [] : [`-b ${names}`]),
  ].join(' ')
}

/** The kernel finds out by itself what is local. */
const forwardOptions: Readonly<Record<string, string>> = { masquerade: '-m', tunnel: '-i', direct: '-g', local: '-g' }
const checksumOptions: Readonly<Record<string, string>> = {
  none: '--tun-nocsum',
  full: '--tun-csum',
  remote: '--tun-remcsum',
}

/** undefined for what there is no option for. */
function serverSettings(destination: DestinationRecord): string | undefined {
  const { weight, upper, lower } = destination
  const method = forwardings.word(destination.forwarding & 7)
  const forward = forwardOptions[method]
  const tunnel = method === 'tunnel' ? tunnelOptions(destination) : ''
  if (forward === undefined || tunnel === undefined) return undefined
  const limits = [...(upper > 0 ? [`-x ${upper}`] : []), ...(lower > 0 ? [`-y ${lower}`] : [])]
  return [forward, `-w ${weight}`, ...(tunnel === '' ? [] : [tunnel]), ...limits].join(' ')
}

function tunnelOptions({ tunnelType, tunnelPort, tunnelFlags }: DestinationRecord): string | undefined {
  const checksum = checksumOptions[checksums.word(tunnelFlags)]
  switch (tunnelTypes.word(tunnelType)) {
    case 'ipip':
      return '--tun-type ipip'
    case 'gue':
      return checksum && `--tun-type gue --tun-port ${tunnelPort} ${checksum}`
    case 'gre':
      return checksum && `--tun-type gre ${checksum}`
    default:
      return undefined
  }
}
