/** From the configuration's words to the checks of ipvs/health. */
import type { DestinationKey } from 'ipvs'
import { createMonitor, dns, http, sendExpect, smtp, tcp, tls, udp } from 'ipvs/health'
import type { Check, Monitor, Target } from 'ipvs/health'
import type { CheckConfig, ServiceConfig } from './config.js'
import type { State } from './policy.js'

/** A server as the monitor sees it. */
export interface ServerTarget extends Target {
  /** The server in its service; its port may be 0, the target's never is. */
  readonly server: DestinationKey
}

/** Starts to check the servers of one service. */
export type StartMonitor = (service: ServiceConfig, initial: (server: DestinationKey) => State) => Monitor<ServerTarget>

/** The same by another createMonitor(). */
export const startMonitorWith =
  (create: typeof createMonitor): StartMonitor =>
  ({ servers, check }, initial) => {
    const { intervalMs, fastIntervalMs, timeoutMs, rise, fall, tripwire } = check
    // A monitor knows its targets by address and port: they stay apart by the server's port, whatever port is checked.
    const targets = servers.map(({ address, port }) => ({
      address,
      port: port === 0 ? (check.port ?? 0) : port,
      server: { address, port },
    }))
    const run = checkOf(check)
    return create<ServerTarget>(targets, {
      check: (target, signal) => run({ address: target.address, port: check.port ?? target.port }, signal),
      intervalMs,
      fastIntervalMs,
      timeoutMs,
      rise,
      fall,
      tripwire,
      initial: ({ server }) => initial(server),
    })
  }

export const startMonitor = startMonitorWith(createMonitor)

function checkOf(check: CheckConfig): Check {
  switch (check.type) {
    case 'tcp':
      return tcp()
    case 'tls':
      return tls(check.tls)
    case 'http': {
      const { path, status, body, host, tls } = check
      return http({ path, status, body, host, tls })
    }
    case 'sendExpect': {
      const { send, expect, tls } = check
      return sendExpect({ send, expect, tls })
    }
    case 'smtp': {
      const { hello, tls } = check
      return smtp({ hello, tls })
    }
    case 'udp': {
      const { send, expect } = check
      return udp({ send, expect })
    }
    case 'dns': {
      const { name, record, codes } = check
      return dns({ name, type: record, codes })
    }
  }
}
