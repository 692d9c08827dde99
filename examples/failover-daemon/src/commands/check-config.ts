/** `ipvs-failover check-config`: validates a file and changes nothing. */
import type { Config } from '../config.js'
import { ConfigError } from '../parse-config.js'
import { readConfig } from '../read-config.js'
import { Exit, statuses } from './exit.js'
import type { Output } from './exit.js'

export function checkConfig(file: string, { stdout }: Output): void {
  const { services } = usableConfig(file)
  const sources = services.reduce((sum, service) => sum + service.sources.length, 0)
  stdout.write(`${file}: ok, ${counted(services.length, 'service')}, ${counted(sources, 'server')}\n`)
}

/** The configuration of a file, or the end of the command. */
export function usableConfig(file: string): Config {
  try {
    return readConfig(file)
  } catch (error) {
    if (error instanceof ConfigError) throw new Exit(error.message, statuses.wrong)
    throw error
  }
}

const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`
