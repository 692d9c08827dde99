/** `ipvs-failover check-config`: validates a configuration and changes nothing. */
import type { Config } from '../config.js'
import { Unavailable, openConfiguration } from '../configuration.js'
import type { Configuration } from '../configuration.js'
import type { Log } from '../log.js'
import { ConfigError } from '../parse-config.js'
import { readConfig } from '../read-config.js'
import { Exit, statuses } from './exit.js'
import type { Output } from './exit.js'

/** `service`: NAME=FILE, as if etcd had that service. */
export async function checkConfig(
  file: string,
  service: string | undefined,
  { stdout, stderr }: Output,
): Promise<void> {
  const configuration = await usableConfiguration(file, quiet)
  const { shared } = configuration
  await shared?.etcd.close()
  if (shared?.refused !== undefined && service === undefined) throw new Exit(shared.refused, statuses.wrong)
  const { services } = service === undefined ? configuration.first : candidate(configuration, service)
  const sources = services.reduce((sum, service) => sum + service.sources.length, 0)
  stdout.write(`${file}: ok, ${counted(services.length, 'service')}, ${counted(sources, 'server')}\n`)
  for (const problem of shared?.problems ?? []) stderr.write(`ipvs-failover: ${problem}\n`)
}

/** The configuration of a file, with what etcd has beside it; or the end of the command. */
export async function usableConfig(file: string): Promise<Config> {
  const { first, shared } = await usableConfiguration(file, quiet)
  await shared?.etcd.close()
  return first
}

/** The configuration of a file alone, whatever etcd has; or the end of the command. */
export function localConfig(file: string): Config {
  try {
    return readConfig(file)
  } catch (error) {
    throw ended(error)
  }
}

/** Where the configuration is from, or the end of the command. */
export async function usableConfiguration(file: string, log: Log): Promise<Configuration> {
  try {
    return await openConfiguration(file, log)
  } catch (error) {
    throw ended(error)
  }
}

/** The end of the command for what is wrong, or cannot be had now. */
const ended = (error: unknown): unknown => {
  if (error instanceof ConfigError) return new Exit(error.message, statuses.wrong)
  return error instanceof Unavailable ? new Exit(`ipvs-failover: ${error.message}`, statuses.failed) : error
}

/** The configuration with this service in etcd, NAME=FILE, in place of the one that has that name there. */
function candidate(configuration: Configuration, service: string): Config {
  const [, name = '', file = ''] = /^([^=]+)=(.+)$/.exec(service) ?? []
  if (configuration.shared === undefined || file === '')
    throw new Exit('ipvs-failover: --service: expected NAME=FILE, and `config:` in the configuration', statuses.wrong)
  try {
    return configuration.shared.with(name, file)
  } catch (error) {
    throw ended(error)
  }
}

/** Nothing that a command reads is a matter of the log. */
const quiet: Log = { info() {}, warn() {}, error() {} }

const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
