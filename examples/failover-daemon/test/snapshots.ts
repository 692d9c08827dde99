/** Snapshots for tests, as the daemon gives them. */
import type { EventStatus, ServerStatus, ServiceStatus, Status } from '../src/status-schema.js'

export const serverStatus = (server: string, changed: Partial<ServerStatus> = {}): ServerStatus => ({
  server,
  state: 'online',
  weight: 1,
  configuredWeight: 1,
  active: 0,
  inactive: 0,
  persistent: 0,
  history: [],
  ...changed,
})

/** The service of tables.ts. */
export const serviceStatus = (
  servers: readonly ServerStatus[],
  changed: Partial<ServiceStatus> = {},
): ServiceStatus => ({
  service: 'tcp 192.0.2.100:80',
  protocol: 'tcp',
  address: '192.0.2.100',
  port: 80,
  vipHere: true,
  scheduler: 'wlc',
  forwarding: 'direct',
  present: true,
  online: servers.filter(({ state }) => state === 'online').length,
  quorum: 1,
  short: false,
  complete: true,
  servers,
  ...changed,
})

export const eventStatus = (id: number, changed: Partial<EventStatus> = {}): EventStatus => ({
  id,
  at: '2026-11-26T00:00:00.000Z',
  type: 'server',
  ok: false,
  service: 'tcp 192.0.2.100:80',
  server: '192.0.2.12:80',
  from: 'online',
  to: 'failed',
  reason: 'refused',
  detail: 'connect ECONNREFUSED',
  ...changed,
})

/** Taken a minute after midnight, an hour after the start. */
export const statusOf = (services: readonly ServiceStatus[], changed: Partial<Status> = {}): Status => ({
  version: 1,
  time: '2026-11-26T00:01:00.000Z',
  director: { host: 'director1', version: '0.1.0', startedAt: '2026-11-25T23:01:00.000Z', role: 'alone' },
  problems: [],
  services,
  foreign: [],
  events: [],
  ...changed,
})
