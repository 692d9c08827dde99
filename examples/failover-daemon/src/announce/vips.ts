/** Which virtual addresses routers are told of. Pure. */
import type { Config } from '../config.js'
import { serviceName } from '../names.js'
import type { ServiceStatus, Status } from '../status-schema.js'

/** Whether clients are to come to a service: it is not known while its servers wait for their verdicts. */
type Answer = 'yes' | 'no' | 'unknown'

/** What the decision depends on. */
export interface Situation {
  readonly config: Pick<Config, 'services'>
  /** Asked for where something is announced. */
  readonly status: () => Pick<Status, 'services'>
  /** The addresses of which routers were told so far, also by a daemon before this one. */
  readonly before: ReadonlySet<string>
  /** This director does not do its own work: the kernel's table is lost, or rounds are missing. */
  readonly sick: boolean
}

/**
 * The addresses of this host at which every announced service has its quorum, with its servers in the kernel's table. As long as that is not known, an address
 * stays as it was: a daemon that starts withdraws nothing, and announces nothing that it has not seen.
 */
export function announcedVips({ config, status, before, sick }: Situation): readonly string[] {
  const names = new Set(
    config.services.filter(({ announce }) => announce === 'bird').map(({ spec }) => serviceName(spec)),
  )
  if (names.size === 0) return []
  const services = status().services.filter(({ service }) => names.has(service))
  const addresses = [...new Set(services.map(({ address }) => address))].sort()
  return addresses.filter((address) => {
    const answers = services.filter((service) => service.address === address).map(answerOf)
    if (sick || answers.includes('no')) return false
    return answers.includes('unknown') ? before.has(address) : true
  })
}

function answerOf({ short, vipHere, quorum, servers }: ServiceStatus): Answer {
  // What comes for an address that is not here would go back to the router.
  if (short || !vipHere) return 'no'
  const configured = servers.filter(({ configuredWeight }) => configuredWeight !== undefined).length
  const serving = servers.filter(({ state, weight = 0 }) => state === 'online' && weight > 0).length
  return configured > 0 && serving >= Math.min(quorum, configured) ? 'yes' : 'unknown'
}
