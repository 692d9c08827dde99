/** The rows of all options as services and destinations to write. */
import { schedulers, type DestinationSpec, type ServiceKey, type ServiceSpec } from '../../lib/index.js'
import { destinationGroups, type DestinationRow } from './interop-destinations.js'
import { persistent, serviceGroups, wlc, type ServiceRow, type Settings } from './interop-services.js'

/** What one `-A`, or one `-a`, wrote. */
export interface WrittenService {
  readonly name: string
  readonly service: string
  readonly options: string
  readonly spec: ServiceSpec & Settings
  readonly refused: boolean
}
export interface WrittenDestination {
  readonly name: string
  readonly service: string
  readonly server: string
  readonly options: string
  readonly of: ServiceKey
  readonly spec: DestinationSpec
}

/** The services of all rows and what each holds, `shift` rows further: each with the options of another one. */
export function rows(
  hasTwos: boolean,
  shift = 0,
): { readonly services: readonly WrittenService[]; readonly destinations: readonly WrittenDestination[] } {
  const scheduling = schedulers.filter((scheduler) => scheduler !== 'twos' || hasTwos)
  const single = serviceGroups(scheduling).flatMap(({ name, service, rows }) =>
    rows.map((_, n): WrittenService => {
      const { option, key } = service(n)
      const [options, settings, refused] = rows[(n + shift) % rows.length] as ServiceRow
      const spec = { ...key, ...settings }
      return { name: `${name}: ${options}`, service: option, options, spec, refused: refused !== undefined }
    }),
  )
  const holding = destinationGroups.map(({ name, service, persistent: keeps }): WrittenService => {
    const [options, settings] = keeps ? (['-p', persistent()] as const) : (['', wlc] as const)
    return { name, service: service.option, options, spec: { ...service.key, ...settings }, refused: false }
  })
  const destinations = destinationGroups.flatMap(({ name, service, server, rows }) =>
    rows.map((_, n): WrittenDestination => {
      const { option, key } = server(n)
      const [options, settings] = rows[(n + shift) % rows.length] as DestinationRow
      const spec = { ...key, weight: 1, ...settings }
      return { name: `${name}: ${options}`, service: service.option, server: option, options, of: service.key, spec }
    }),
  )
  return { services: [...single, ...holding], destinations }
}
