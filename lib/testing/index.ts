/**
 * An in-memory kernel for unit tests without root and without Linux. It refuses what a real one refuses, with the same
 * errnos; it forwards nothing, so counters stay at zero.
 *
 * @packageDocumentation
 */
import { fieldsOf, list, text, wrongType } from '../check.js'
import { createIpvs } from '../ipvs.js'
import type { Ipvs } from '../handle.js'
import { schedulers } from '../types.js'
import { FakeKernel } from './fake-session.js'

/** Options of `createTestKernel()`. */
export interface TestKernelOptions {
  /** The schedulers that this kernel has. @default all that Linux ships */
  readonly schedulers?: readonly string[] | undefined
  /** The network interfaces that sync daemons can run on, of 1500 bytes. @default eth0 */
  readonly interfaces?: readonly string[] | undefined
  /**
   * Waited for before each answer, `setImmediate` of `node:timers/promises` for instance: a real kernel's come in another turn of the event
   * loop. @default they come at once
   */
  readonly pause?: (() => Promise<unknown>) | undefined
}

/** The IPVS table of one network namespace, in memory. */
export interface TestKernel {
  /** A handle on it; several see the same table. */
  open(): Ipvs
  /** How many commands that would change the table have arrived so far, refused ones included. */
  readonly writes: number
}

/** An empty table. */
export function createTestKernel(options: TestKernelOptions = {}): TestKernel {
  const fields = fieldsOf('options', options, ['schedulers', 'interfaces', 'pause'])
  const names = (field: 'schedulers' | 'interfaces', byDefault: readonly string[]) =>
    fields[field] === undefined
      ? byDefault
      : list(field, fields[field]).map((name, i) => text(`${field}[${i}]`, name, 'a name'))
  const { pause } = fields
  if (pause !== undefined && typeof pause !== 'function') throw wrongType('pause', 'a function', pause)
  const kernel = new FakeKernel(names('schedulers', schedulers), names('interfaces', ['eth0']))
  return {
    open: () => createIpvs(kernel.session(pause as TestKernelOptions['pause'])),
    get writes() {
      return kernel.writes
    },
  }
}
