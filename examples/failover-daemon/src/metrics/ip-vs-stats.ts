/** /proc/net/ip_vs_stats: what the kernel counted in this network namespace. Pure. */

/** Of all services together, also of those that are gone. */
export interface Totals {
  readonly connections: number
  readonly incomingPackets: number
  readonly outgoingPackets: number
  readonly incomingBytes: number
  readonly outgoingBytes: number
}

/** Its third line has the totals, hexadecimal (ip_vs_ctl.c, ip_vs_stats_show). Undefined for another text. */
export function parseIpVsStats(text: string): Totals | undefined {
  const columns = text.split('\n', 3)[2]?.trim().split(/\s+/) ?? []
  if (columns.length !== 5 || !columns.every((column) => /^[\dA-F]{1,16}$/i.test(column))) return undefined
  const [connections = 0, incomingPackets = 0, outgoingPackets = 0, incomingBytes = 0, outgoingBytes = 0] = columns.map(
    (column) => Number(`0x${column}`),
  )
  return { connections, incomingPackets, outgoingPackets, incomingBytes, outgoingBytes }
}
