/** What goes to the kernel and comes back, on diagnostics_channel 'ipvs:request': one message a request. */
import { channel } from 'node:diagnostics_channel'
import { destinationName, serviceName } from './keys.js'
import { Command, type Reply, type Request } from './records.js'

/** A message on the channel 'ipvs:request'. */
export interface RequestTrace {
  /** The kernel's name without IPVS_CMD_: `NEW_DEST`; `READ_SYSCTLS` and `TELL_THREAD` send no message. */
  readonly command: string
  /** Whether it changes the table. */
  readonly write: boolean
  /** What it names, as in error messages; empty for the whole table, timeouts, sync daemons. */
  readonly service: string
  /** `10.0.0.1:80`, where it is about a real server; else empty. */
  readonly destination: string
  /** 0: success. */
  readonly errno: number
}

const requests = channel('ipvs:request')

const names = new Map<number, string>(
  Object.entries(Command).map(([name, number]) => [
    number,
    name.replace(/[A-Z]/, (letter) => `_${letter}`).toUpperCase(),
  ]),
)
const reads: readonly number[] = [
  Command.getService,
  Command.getDest,
  Command.getDaemon,
  Command.getConfig,
  Command.getInfo,
  Command.readSysctls,
  Command.tellThread,
]

export function isTraced(): boolean {
  return requests.hasSubscribers
}

export function trace(sent: readonly Request[], replies: readonly Reply[]): void {
  if (!isTraced()) return
  sent.forEach(({ command, service, destination }, i) => {
    const message: RequestTrace = {
      command: names.get(command) ?? String(command),
      write: !reads.includes(command),
      service: service ? serviceName(service) : '',
      destination: destination ? destinationName(destination) : '',
      errno: replies[i]?.error ?? 0,
    }
    requests.publish(message)
  })
}
