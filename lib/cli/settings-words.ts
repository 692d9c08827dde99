/** Settings in words, for lists and plans. */
import type { Encapsulation, Limits, ServiceSpec } from '../types.js'

/** `/24` or `255.0.255.0`; undefined without persistence, and where each client stands by itself. */
export function maskWord({ persistence, family, address }: ServiceSpec): string | undefined {
  const { prefixLength, netmask } = persistence ?? {}
  if (netmask !== undefined) return netmask === '255.255.255.255' ? undefined : netmask
  const whole = family === 'ipv6' || address?.includes(':') === true ? 128 : 32
  return prefixLength === undefined || prefixLength === whole ? undefined : `/${prefixLength}`
}

/** `ipip`, `gue port 6080 checksum full` */
export function tunnelWord({ type, port, checksum = 'none' }: Encapsulation = { type: 'ipip' }): string {
  return [
    type,
    ...(port === undefined ? [] : [`port ${port}`]),
    ...(checksum === 'none' ? [] : [`checksum ${checksum}`]),
  ].join(' ')
}

/** `100`, or `75 to 100` with a lower one */
export function limitsWord({ upper, lower }: Limits): string {
  return lower === undefined ? `${upper}` : `${lower} to ${upper}`
}
