/** What a reload is refused for, although the file is right. Pure. */
import type { Config } from './config.js'
import { serviceName } from './names.js'

/** A sentence, when the new configuration lacks most of the services that there were, or all: then it may be the wrong one. */
export function refusedReload(before: Config, after: Config): string | undefined {
  const kept = new Set(after.services.map(({ spec }) => serviceName(spec)))
  const gone = before.services.filter(({ spec }) => !kept.has(serviceName(spec)))
  if (gone.length === 0) return undefined
  if (kept.size > 0 && gone.length < 2) return undefined
  if (gone.length * 2 <= before.services.length) return undefined
  return `expected at least half of the ${before.services.length} services to stay, found ${gone.length} gone; if that is meant, force it`
}
