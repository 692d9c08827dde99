/** The last look at what is written: by the daemon's own parser. */
import { ConfigError, parseConfig } from '../parse-config.js'
import { ImportError } from './model.js'
import type { Place } from './model.js'

/** Throws ImportError for a configuration that the daemon would refuse: then the fault is the importer's. */
export function mustBeRead(yaml: string, place: Place): void {
  try {
    parseConfig(yaml, 'imported.yaml')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const [first = '', ...more] = error.lines
    const others = more.length === 0 ? '' : ` (and ${more.length} more)`
    throw new ImportError(
      place,
      `import: expected a configuration that the daemon reads, found a defect of ipvs-failover, which please report: ${first}${others}`,
    )
  }
}
