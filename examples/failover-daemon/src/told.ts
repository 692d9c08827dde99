/** All who are told what happens: alerts, hooks, other scripts, the service manager. */
import { notifySystemd } from 'ipvs/system'
import { openAlerts } from './alerts/alerts.js'
import { openHooks } from './alerts/hooks.js'
import type { Config } from './config.js'
import type { DirectorEvent } from './events.js'
import type { Log } from './log.js'
import { NodeFiles } from './node-states.js'
import { ServiceManager } from './service-manager.js'
import type { Status } from './status.js'

/** Who is told. Nothing here waits or throws. */
export interface Told {
  /** Something happened. */
  notify(event: DirectorEvent): void
  /** A round is complete. */
  round(status: Status): void
  /** Another configuration holds. */
  reloaded(config: Config): void
  /** Tells what waits, but not for long. */
  end(): Promise<void>
}

/** So long alerts and hooks that wait have at the end. systemd allows for more. */
const endMs = 5000

/** Tells those whom the configuration names; `status` gives the state of things. */
export function openTold(config: Config, log: Log, status: () => Status): Told {
  const alerts = openAlerts(config.alerts, { log })
  const hooks = openHooks(config.hooks, log)
  const nodes = new NodeFiles(config.nodeStates, log)
  const manager = new ServiceManager(notifySystemd, log)
  let { reconcileMs } = config
  let due: NodeJS.Immediate | undefined
  /** Once for all that happens in a turn. */
  const updateNodes = () =>
    (due ??= setImmediate(() => {
      due = undefined
      void nodes.update(status())
    }))
  return {
    notify(event) {
      alerts.notify(event)
      if (event.type !== 'server') return
      hooks.notify(event)
      if (event.from !== event.to) updateNodes()
    },
    round(after) {
      void nodes.update(after)
      manager.round(after, reconcileMs)
    },
    reloaded(next) {
      alerts.reload(next.alerts)
      hooks.reload(next.hooks)
      nodes.move(next.nodeStates)
      reconcileMs = next.reconcileMs
      manager.paced(reconcileMs)
    },
    async end() {
      manager.stopping()
      await Promise.all([alerts.close(endMs), hooks.close(endMs)])
    },
  }
}
