/** A command -> what the kernel is asked. */
import { isUnspecified } from '../address.js'
import { Command as Kernel, type Request } from '../records.js'
import type { Command } from './grammar.js'

/** undefined for what is no change: lists, help, restoring. */
export function requestOf({ command, service, destination, daemon, timeouts }: Command): Request | undefined {
  switch (command) {
    case 'add-service':
      return { command: Kernel.newService, service }
    case 'edit-service':
      return { command: Kernel.setService, service }
    case 'delete-service':
      return { command: Kernel.delService, service }
    case 'clear':
      return { command: Kernel.flush }
    case 'zero': {
      // As ipvsadm has it: what names nothing is everything.
      const isAll = service.firewallMark === 0 && isUnspecified(service) && service.port === 0
      return { command: Kernel.zero, ...(isAll ? {} : { service }) }
    }
    case 'add-server':
      return { command: Kernel.newDest, service, destination }
    case 'edit-server':
      return { command: Kernel.setDest, service, destination }
    case 'delete-server':
      return { command: Kernel.delDest, service, destination }
    case 'set':
      return { command: Kernel.setConfig, timeouts }
    case 'start-daemon':
      return { command: Kernel.newDaemon, daemon }
    case 'stop-daemon':
      return { command: Kernel.delDaemon, daemon }
    default:
      return undefined
  }
}
