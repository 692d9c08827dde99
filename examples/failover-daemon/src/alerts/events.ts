/** What an alert says about an event. */
import type { DirectorEvent } from '../events.js'

/** What a sink sends. All text but `detail` is one printable line. */
export interface Alert {
  readonly at: number
  readonly kind: 'down' | 'up'
  /** Mon's words: the virtual service's address and its protocol, or `ipvs-failover` and the kind of event. */
  readonly group: string
  readonly service: string
  readonly hosts: readonly string[]
  readonly summary: string
  readonly detail: string
  /** Summary and detail of the last failure: what Mon gives an alert program on stdin, also when all is well again. */
  readonly output: string
  readonly firstFailure: number | undefined
  readonly lastFailure: number | undefined
}

/** One line without control characters, at most `max` characters. */
export const oneLine = (text: string, max = 500): string =>
  text
    .slice(0, max * 2)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .slice(0, max)

/** Who it is about, and how to say what happened. */
export function describe(event: DirectorEvent): Pick<Alert, 'group' | 'service' | 'hosts' | 'summary' | 'detail'> {
  const [, protocol = event.type, address = event.service ?? 'ipvs-failover'] =
    /^(tcp|udp|sctp) (.*)$/.exec(event.service ?? '') ?? []
  const detail = event.detail.slice(0, 4096).replace(/[^\P{C}\n]/gu, ' ')
  const group = oneLine(address)
  if (event.type !== 'server')
    return {
      group,
      service: event.type,
      hosts: [],
      summary: oneLine(`${event.type} ${event.ok ? 'ok' : 'failed'}: ${detail}`),
      detail,
    }
  const host = oneLine(event.name ?? event.server)
  const called = event.name === undefined ? event.server : `${event.name} (${event.server})`
  const reason = event.reason === '' ? '' : `: ${event.reason}`
  return { group, service: protocol, hosts: [host], summary: oneLine(`${called} is ${event.to}${reason}`), detail }
}
