/** Drafts -> services that parseConfig() takes: what does not fit is changed or left out, with a note. */
import { printable } from '../document.js'
import { serviceName } from '../names.js'
import { durationText, endpointText, parseAddress } from '../scalars.js'
import { ImportError } from './model.js'
import { parseNamed } from '../servers-schema.js'
import type { Draft, DraftAlert, DraftServer, DraftService, Notes, Place, Settled } from './model.js'

/** A configuration of more would be longer than parseConfig() reads. */
const MAX_SERVICES = 500
const MAX_SERVERS = 4000

/** Whether it can be a server: an address that a host can have, or a name. */
export const isHost = (text: string): boolean => parseAddress(text) !== undefined || parseNamed(text)?.name === text

/** Throws ImportError when nothing is left. */
export function settle(draft: Draft, whole: Place, notes: Notes): Settled {
  const names = new Map<DraftService, string>()
  const places = new Map<string, Place>()
  const services: { comment: string; fields: Record<string, unknown> }[] = []
  let servers = 0
  for (const service of draft.services) {
    const virtual = virtualOf(service, notes)
    if (virtual === undefined) continue
    const name = serviceName({ ...virtual, protocol: service.protocol as 'tcp' | 'udp' })
    const before = places.get(name)
    if (before !== undefined) {
      notes.add(service.place, name, `the same service is at ${before.file}:${before.line}`, 'join the two by hand')
      continue
    }
    if (services.length === MAX_SERVICES || servers > MAX_SERVERS) {
      notes.add(service.place, name, `one file holds ${MAX_SERVICES} services`, 'import the rest by itself')
      continue
    }
    const fields = fieldsOf(service, virtual, notes)
    if (fields === undefined) continue
    servers += service.servers.length
    names.set(service, name)
    places.set(name, service.place)
    const from = `${service.place.file}:${service.place.line}`
    const comment = printable(service.comment === undefined ? from : `${from}: ${service.comment}`).slice(0, 300)
    services.push({ comment, fields })
  }
  if (services.length === 0)
    throw new ImportError(whole, 'services: expected at least one virtual service that can be carried over, found none')
  return { source: draft.source, nodeStates: draft.nodeStates, alerts: alertsOf(draft.alerts, names), services }
}

interface Virtual {
  readonly address: string
  readonly port: number
}

function virtualOf({ place, address, port, protocol, persistence }: DraftService, notes: Notes): Virtual | undefined {
  const what = `virtual service ${endpointText(address, port)}`
  const parsed = parseAddress(address)
  if (parsed === undefined) {
    notes.add(place, what, 'it needs an address that a host can have as its own', 'write its address and import again')
    return undefined
  }
  if (protocol !== 'tcp' && protocol !== 'udp') {
    notes.add(place, what, `the daemon knows tcp and udp, not ${protocol}`, 'keep it where it is')
    return undefined
  }
  if (port === 0 && persistence === undefined) {
    notes.add(place, what, 'port 0, every port, needs persistence', 'make a service for each port')
    return undefined
  }
  return { address: parsed.address, port }
}

function fieldsOf(service: DraftService, virtual: Virtual, notes: Notes): Record<string, unknown> | undefined {
  const { place, protocol, scheduler, persistence, forwarding, quorum, check } = service
  const what = `virtual service ${endpointText(virtual.address, virtual.port)}`
  if (!/^[a-z0-9_-]{1,15}$/.test(scheduler)) {
    notes.add(place, `scheduler ${scheduler}`, 'it is no name of a scheduler', 'the service got wlc; choose another')
  }
  const servers = serversOf(service, virtual, notes)
  if (servers.length === 0) {
    notes.add(place, what, 'it has no server that can be carried over', 'write it by hand')
    return undefined
  }
  const port = check['port'] ?? service.timing.port
  if (virtual.port === 0 && port === undefined) {
    notes.add(place, what, 'port 0, every port, says not which port to check', 'write it by hand, with check.port')
    return undefined
  }
  const sorry = sorryOf(service, virtual, notes)
  return {
    virtual: endpointText(virtual.address, virtual.port),
    protocol,
    scheduler: /^[a-z0-9_-]{1,15}$/.test(scheduler) ? scheduler : 'wlc',
    ...(persistence && { persistence: persistenceOf(service, notes) }),
    forwarding,
    servers,
    ...(isQuiescent(service, notes) && { onFailure: 'quiesce' }),
    ...(check['weightFromStatus'] === true && { weightFromCheck: true }),
    ...(quorum && { quorum: quorum.hysteresis === 0 ? quorum.up : quorum }),
    whenAllDown: sorry === undefined ? 'none' : 'sorry',
    ...(sorry !== undefined && { sorry }),
    check: { ...check, ...timingOf(service, notes) },
  }
}

/** Weight 0 instead of a removal, which is nothing for a persistent service: its clients would stay with a dead server. */
function isQuiescent({ place, quiesce, persistence }: DraftService, notes: Notes): boolean {
  if (quiesce !== true || persistence === undefined) return quiesce === true
  const why = 'weight 0 keeps the clients of a persistent service on a dead server'
  notes.add(
    place,
    'weight 0 on failure',
    why,
    'it is removed; or set expire_quiescent_template to 1, and onFailure: quiesce',
  )
  return false
}

function persistenceOf({ place, address, persistence }: DraftService, notes: Notes): unknown {
  const bits = address.includes(':') ? 128 : 32
  const seconds = bounded(persistence?.seconds ?? 360, 1, 4294967)
  if (seconds !== persistence?.seconds)
    notes.add(place, `persistence of ${persistence?.seconds} s`, 'it is from 1 to 4294967 s', `it became ${seconds} s`)
  const { prefixLength = bits } = persistence ?? {}
  const timeout = `${seconds}s`
  if (prefixLength === bits) return timeout
  if (Number.isInteger(prefixLength) && prefixLength >= 1 && prefixLength < bits) return { timeout, prefixLength }
  notes.add(
    place,
    `persistence of /${prefixLength}`,
    `a network has 1 to ${bits} bits`,
    'it became that of single hosts',
  )
  return timeout
}

function serversOf(service: DraftService, virtual: Virtual, notes: Notes): readonly unknown[] {
  const seen = new Set<string>()
  const leaveOut = (server: DraftServer, why: string, instead = 'it was left out; add it by hand') => {
    notes.add(server.place, `server ${server.host ?? server.file ?? ''}`, why, instead)
    return []
  }
  return service.servers.flatMap((server): unknown[] => {
    const { host, file, weight = 1 } = server
    const port = server.port === virtual.port ? undefined : server.port
    const address = host === undefined ? undefined : parseAddress(host)
    if (host !== undefined && !isHost(host)) return leaveOut(server, 'it is no address or name of a host')
    if (
      address &&
      address.family !== (virtual.address.includes(':') ? 'ipv6' : 'ipv4') &&
      service.forwarding !== 'tunnel'
    )
      return leaveOut(server, 'only tunnel forwarding mixes IPv4 and IPv6')
    if (port !== undefined && service.forwarding !== 'masquerade')
      return leaveOut(server, `${service.forwarding} forwarding leaves the port as it is, ${virtual.port}, not ${port}`)
    if (port !== undefined && (port === 0 || virtual.port === 0))
      return leaveOut(server, 'port 0, every port, goes with a service of port 0 and no other')
    if (!Number.isInteger(weight) || weight < 0 || weight > 2147483647)
      return leaveOut(server, `its weight ${weight} is none`)
    const key = `${address?.address ?? host?.toLowerCase() ?? file ?? ''} ${port ?? ''}`
    if (seen.has(key)) return leaveOut(server, 'the service has it twice', 'the second one was left out')
    seen.add(key)
    const more = { ...(port !== undefined && { port }), ...(weight !== 1 && { weight }) }
    if (file !== undefined) return [{ file, ...more }]
    const name = address?.address ?? host ?? ''
    if (weight === 1) return [port === undefined ? name : endpointText(name, port)]
    return [address === undefined ? { name, ...more } : { address: name, ...more }]
  })
}

function sorryOf({ sorry, forwarding }: DraftService, virtual: Virtual, notes: Notes): string | undefined {
  if (sorry === undefined) return undefined
  const { host, port, place } = sorry
  const address = parseAddress(host)
  const family = virtual.address.includes(':') ? 'ipv6' : 'ipv4'
  if (address === undefined || (address.family !== family && forwarding !== 'tunnel')) {
    notes.add(place, `sorry server ${host}`, `it needs an address of the service's family`, 'add sorry by hand')
    return undefined
  }
  if (port !== virtual.port && forwarding !== 'masquerade') {
    const why = `${forwarding} forwarding leaves the port as it is, ${virtual.port}, not ${port}`
    notes.add(place, `sorry server ${endpointText(host, port)}`, why, 'it got that port; let it listen there')
    return endpointText(address.address, virtual.port)
  }
  return endpointText(address.address, port)
}

const bounded = (value: number, min: number, max: number) =>
  Number.isFinite(value) ? Math.min(Math.max(Math.round(value), min), max) : max

/** An interval longer than the timeout, and everything within the configuration's bounds. */
function timingOf({ place, address, port: virtualPort, timing }: DraftService, notes: Notes): Record<string, unknown> {
  const what = `check of ${endpointText(address, virtualPort)}`
  const fit = (name: string, value: number, min: number, max: number, text: (value: number) => string) => {
    const fitted = bounded(value, min, max)
    if (fitted !== value)
      notes.add(
        place,
        what,
        `its ${name} is from ${text(min)} to ${text(max)}, not ${value}`,
        `it became ${text(fitted)}`,
      )
    return fitted
  }
  const interval = fit('interval', timing.intervalMs, 20, 3_600_000, durationText)
  let timeout = fit('timeout', timing.timeoutMs, 10, 600_000, durationText)
  if (timeout >= interval) {
    const shorter = Math.max(10, Math.floor(interval * 0.9))
    const why = `a check ends before the next one starts, so ${durationText(timeout)} must be less than ${durationText(interval)}`
    notes.add(place, what, why, `its timeout became ${durationText(shorter)}; or lengthen the interval`)
    timeout = shorter
  }
  const fast = timing.fastIntervalMs === undefined ? undefined : bounded(timing.fastIntervalMs, 10, interval)
  const jitter = timing.jitterMs === undefined ? 0 : bounded(timing.jitterMs, 0, interval)
  const port = timing.port
  return {
    ...(port !== undefined && port !== virtualPort && { port }),
    ...(port !== undefined && virtualPort === 0 && { port }),
    interval: durationText(interval),
    ...(fast !== undefined && { fastInterval: durationText(fast) }),
    timeout: durationText(timeout),
    ...(jitter > 0 && { jitter: durationText(jitter) }),
    rise: fit('rise', timing.rise, 1, 1000, String),
    fall: fit('fall', timing.fall, 1, 1000, String),
  }
}

/** Equal ones joined: one entry for all services that alert alike, and without `services` where these are all. */
function alertsOf(drafts: Draft['alerts'], names: ReadonlyMap<DraftService, string>): readonly DraftAlert[] {
  const joined = new Map<string, Omit<DraftAlert, 'services'> & { readonly services: Set<string> }>()
  for (const { of, ...rest } of drafts) {
    const services = of.map((service) => names.get(service)).filter((name) => name !== undefined)
    if (services.length === 0) continue
    const key = JSON.stringify(rest)
    const alert = joined.get(key) ?? { ...rest, services: new Set<string>() }
    for (const name of services) alert.services.add(name)
    joined.set(key, alert)
  }
  return [...joined.values()].map((alert) => ({
    ...alert,
    services: alert.services.size === names.size ? [] : [...alert.services],
  }))
}
