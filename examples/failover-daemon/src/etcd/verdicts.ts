/** Verdicts as directors tell them each other: what each has in etcd, under its name. Pure. */
import * as z from 'zod'
import type { Opinion } from '../agreement.js'
import type { Config } from '../config.js'
import { factOf } from '../facts.js'
import type { Facts } from '../facts.js'
import { serverName, serviceName } from '../names.js'
import type { Snapshot } from './wire.js'

/** Where they are. */
export const verdictsPrefix = (prefix: string): string => `${prefix}/verdicts/`

const servers = () => z.array(z.string()).default([])
const Verdicts = z.object({
  version: z.literal(1),
  /** Another one of the same name is another director. */
  instance: z.string(),
  services: z.record(z.string(), z.object({ up: servers(), down: servers() })),
})

/** What the checks of this director say; of what is unknown, nothing. */
export function verdictsText(config: Config, facts: Facts, instance: string): string {
  const services = config.services.map((service) => {
    const called = (health: 'up' | 'down') =>
      service.servers.filter((server) => factOf(facts, service, server).health === health).map(serverName)
    return [serviceName(service.spec), { up: called('up'), down: called('down') }] as const
  })
  return JSON.stringify({ version: 1, instance, services: Object.fromEntries(services) } satisfies z.input<
    typeof Verdicts
  >)
}

/** What all directors say, by their names. What is not to be understood is no opinion. */
export function verdictsOf({ entries }: Snapshot, prefix: string): ReadonlyMap<string, Told> {
  return new Map(
    entries.flatMap(({ key, value }) => {
      const verdicts = Verdicts.safeParse(parsed(value))
      if (!verdicts.success) return []
      const { instance, services } = verdicts.data
      const opinion: [string, 'up' | 'down'][] = Object.entries(services).flatMap(([service, { up, down }]) => [
        ...up.map((server): [string, 'up'] => [`${service} > ${server}`, 'up']),
        ...down.map((server): [string, 'down'] => [`${service} > ${server}`, 'down']),
      ])
      return [[key.slice(prefix.length), { instance, opinion: new Map(opinion) }] as const]
    }),
  )
}

/** What one director says. */
export interface Told {
  readonly instance: string
  readonly opinion: Opinion
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
