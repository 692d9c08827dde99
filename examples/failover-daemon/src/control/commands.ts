/** Carries out operators' commands on a director. */
import { isIP } from 'node:net'
import type { Config } from '../config.js'
import type { Director } from '../director.js'
import { changeName, objectName, serverName, serviceName } from '../names.js'
import type { Handler } from './server.js'

/** What a command works with. */
export interface CommandParts {
  readonly director: Pick<Director, 'config' | 'order' | 'plan' | 'status'>
  /** Gives the VIPs to another director; rejects with an Error for people. */
  readonly handOver: () => Promise<void>
  /** Reads the configuration file anew; throws an Error for people when it is wrong. */
  readonly readConfig: () => Config
  readonly reload: Reload
}

/** Takes what is read. Rejects when it is refused; then the old configuration holds. */
export type Reload = (read: () => Config, force: boolean) => Promise<void>

/** Reloads of a director, one after the other, whoever asks for them. `onReload` hears what was taken, or why it was refused. */
export function reloads(
  director: Pick<Director, 'reload'>,
  onReload: (refused: Error | undefined, taken?: Config) => void,
): Reload {
  let before: Promise<unknown> = Promise.resolve()
  return (read, force) => {
    const done = before.then(async () => {
      try {
        const config = read()
        await director.reload(config, { force })
        onReload(undefined, config)
      } catch (error) {
        onReload(error instanceof Error ? error : new Error(String(error)))
        throw error
      }
    })
    before = done.catch(() => {})
    return done
  }
}

/** The handler of the control socket. */
export function commandHandler({ director, handOver, readConfig, reload }: CommandParts): Handler {
  return async (request) => {
    switch (request.command) {
      case 'status':
        return { ok: true, status: director.status(), lines: [] }
      case 'plan':
        return { ok: true, lines: (await director.plan(readConfig())).map(changeName) }
      case 'reload':
        await reload(readConfig, request.force)
        return { ok: true, lines: [] }
      case 'drain':
      case 'disable':
      case 'enable': {
        const names = serversCalled(director.config, request.server, request.service)
        await director.order(names, request.command === 'enable' ? undefined : request.command)
        return { ok: true, lines: names }
      }
      case 'handover':
        await handOver()
        return { ok: true, lines: [] }
    }
  }
}

/**
 * The names of the servers that an operator means: by endpoint, by address, or by the name that they were found by; in one service or in
 * all. Throws an Error for people when there is none.
 */
export function serversCalled(config: Config, server: string, service: string | undefined): readonly string[] {
  const services = config.services.filter(({ spec }) => service === undefined || isCalled(serviceName(spec), service))
  if (services.length === 0) {
    const known = config.services.map(({ spec }) => serviceName(spec)).join(', ')
    throw new Error(`expected a service of the configuration, found ${JSON.stringify(service)}; there is ${known}`)
  }
  const names = services.flatMap(({ spec, servers, about }) =>
    servers
      .filter((candidate) => {
        const endpoint = serverName(candidate)
        return server === endpoint || server === candidate.address || server === about.get(endpoint)?.name
      })
      .map((candidate) => objectName(spec, candidate)),
  )
  if (names.length > 0) return names
  const where = service === undefined ? 'the configuration' : service
  const hint = isIP(server) === 0 && !server.includes(':') ? ', or its address' : ''
  throw new Error(`expected a server of ${where}${hint}, found ${JSON.stringify(server)}; see ipvs-failover status`)
}

/** `tcp 192.0.2.100:80` is called that, or `192.0.2.100:80`. */
const isCalled = (name: string, called: string) => name === called || name.endsWith(` ${called}`)
