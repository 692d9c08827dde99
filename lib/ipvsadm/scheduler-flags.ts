/** Flags of schedulers, by the names that ipvsadm has for them. */
import { ServiceFlag } from '../records.js'
import { Failure } from './failure.js'

interface Flag {
  readonly name: string
  readonly bit: number
  /** Has this name with this scheduler only. */
  readonly scheduler?: string
}

const flags: readonly Flag[] = [
  { name: 'sh-fallback', bit: ServiceFlag.scheduler1, scheduler: 'sh' },
  { name: 'sh-port', bit: ServiceFlag.scheduler2, scheduler: 'sh' },
  { name: 'mh-fallback', bit: ServiceFlag.scheduler1, scheduler: 'mh' },
  { name: 'mh-port', bit: ServiceFlag.scheduler2, scheduler: 'mh' },
  { name: 'flag-1', bit: ServiceFlag.scheduler1 },
  { name: 'flag-2', bit: ServiceFlag.scheduler2 },
  { name: 'flag-3', bit: ServiceFlag.scheduler3 },
]

/** The bits of `sh-port,flag-3`. */
export function schedulerFlagsOf(scheduler: string, list: string): number {
  const names = list.split(',').filter((name) => name !== '')
  if (names.length === 0) throw new Failure("invalid scheduler flag `'")
  return names.reduce((bits, name) => {
    const flag = flags.find((flag) => flag.name === name)
    if (!flag) throw new Failure(`invalid scheduler flag \`${name}'`)
    if (flag.scheduler !== undefined && flag.scheduler !== scheduler) {
      throw new Failure(`incompatible scheduler flag \`${name}'`)
    }
    return bits | flag.bit
  }, 0)
}

/** `sh-port,flag-3`, each bit by its first name; empty for none. */
export function schedulerFlagNames(scheduler: string, bits: number): string {
  const named = [ServiceFlag.scheduler1, ServiceFlag.scheduler2, ServiceFlag.scheduler3].filter((bit) => bits & bit)
  return named
    .map((bit) => flags.find((flag) => flag.bit === bit && (flag.scheduler ?? scheduler) === scheduler)?.name)
    .join(',')
}
