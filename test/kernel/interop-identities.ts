/** Services and real servers to write, numbered. */
import type { DestinationKey, ServiceKey } from '../../lib/index.js'

/** A service as ipvsadm names it, and as the library does. */
export interface NamedService {
  readonly option: string
  readonly key: ServiceKey
}
/** A real server, in the same two ways. */
export interface NamedServer {
  readonly option: string
  readonly key: DestinationKey
}

const protocolOptions = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const

export function four(protocol: keyof typeof protocolOptions, n: number, port: number): NamedService {
  const address = `192.0.2.${n + 1}`
  return { option: `${protocolOptions[protocol]} ${address}:${port}`, key: { protocol, address, port } }
}

export function six(protocol: keyof typeof protocolOptions, n: number, port: number): NamedService {
  const address = `2001:db8::${(n + 1).toString(16)}`
  return { option: `${protocolOptions[protocol]} [${address}]:${port}`, key: { protocol, address, port } }
}

export function mark(firewallMark: number, family: 'ipv4' | 'ipv6'): NamedService {
  return { option: `-f ${firewallMark}${family === 'ipv6' ? ' -6' : ''}`, key: { firewallMark, family } }
}

export function rip4(n: number, port: number): NamedServer {
  const address = `10.0.0.${n + 1}`
  return { option: `${address}:${port}`, key: { address, port } }
}

export function rip6(n: number, port: number): NamedServer {
  const address = `2001:db8:1::${(n + 1).toString(16)}`
  return { option: `[${address}]:${port}`, key: { address, port } }
}
