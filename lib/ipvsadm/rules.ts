/** Save files <-> the library's tables. A file is carried out on an in-memory kernel first: what it would refuse has a line. */
import { askOf } from '../exchange.js'
import { presentDestinationSpec, presentServiceSpec } from '../present.js'
import { Command as Kernel, type Request } from '../records.js'
import { readTable } from '../table.js'
import { FakeKernel } from '../testing/fake-session.js'
import { schedulers, type DesiredTable, type Table } from '../types.js'
import { destinationSpec, serviceSpec } from '../validate.js'
import { Failure, refusedStatus } from './failure.js'
import type { Names } from './endpoints.js'
import { parseCommand } from './grammar.js'
import { messageOf } from './messages.js'
import { systemNames } from './names.js'
import { commandName } from './options.js'
import { requestOf } from './requests.js'
import { rulesOf, wordsOf } from './rule-words.js'
import { saveEntries } from './save.js'
import { compareServers, compareServices } from './order.js'
import { numeric } from './text.js'

/** A line of a save file that is none, or that the kernel would refuse. */
export class RulesError extends Error {
  /** `RulesError` */
  override readonly name: string = 'RulesError'
  /** Which line, from 1. */
  readonly line: number
  /** What ipvsadm would exit with. */
  readonly status: number

  /** `problem` is what ipvsadm would say. */
  constructor(line: number, text: string, problem: string, status: number) {
    super(`line ${line}: ${problem}: ${text}`)
    this.line = line
    this.status = status
  }
}

/**
 * The table that a save file of ipvsadm makes, in its order. Every command that changes the table is carried out (-A -E -D -C -a -e
 * -d); lines that begin with `#` are comments; thresholds (-x, -y) count. Names are looked up on this host.
 *
 * Rejects with RulesError, which knows the line, for what ipvsadm or the kernel would refuse.
 */
export async function parseRules(text: string): Promise<DesiredTable> {
  return desiredBy(await rehearse(text, [], systemNames))
}

/**
 * What `ipvsadm -S -n` saves of a table, thresholds too, sorted as it sorts: the text from which parseRules() makes the same table.
 *
 * Throws TypeError or RangeError for a table that is none, and RangeError for what ipvsadm has no option for: other protocols than
 * tcp, udp and sctp, other forwarding than direct, masquerade and tunnel.
 */
export function formatRules(table: DesiredTable | Table): string {
  const entries = table.map(({ service, destinations }) => ({
    service: serviceSpec(service),
    destinations: destinations.map((destination) => destinationSpec(destination)).sort(compareServers),
  }))
  entries.sort((a, b) => compareServices(a.service, b.service))
  const { lines, leftOut } = saveEntries(entries, numeric)
  if (leftOut.length > 0) throw new RangeError(`formatRules: ${leftOut.join('; ')}`)
  return lines.map((line) => `${line}\n`).join('')
}

/** An in-memory kernel that held this table and then carried out these rules. */
export async function rehearse(text: string, table: Table, names: Names): Promise<FakeKernel> {
  const rules = await Promise.all(
    rulesOf(text).map(async ({ line, text }) => {
      try {
        return { line, text, command: await parseCommand(wordsOf(text), names) }
      } catch (error) {
        throw error instanceof Failure ? new RulesError(line, text, firstLine(error), error.status) : error
      }
    }),
  )
  // Which schedulers a kernel has is not known here: it is asked when the table is applied.
  const mentioned = rules.map(({ command }) => command.service.scheduler)
  const kernel = new FakeKernel([...schedulers, ...table.map(({ service }) => service.scheduler), ...mentioned])
  for (const request of requestsOf(table)) kernel.answer(request)
  for (const { line, text, command } of rules) {
    const request = changesOf(command)
    if (!request) {
      const problem = `the '${commandName(command.command)}' command does not change the table, leave it out`
      throw new RulesError(line, text, problem, refusedStatus)
    }
    const { error } = kernel.answer(request)
    if (error !== 0) throw new RulesError(line, text, messageOf(command.command, error), refusedStatus)
  }
  return kernel
}

function changesOf(command: Parameters<typeof requestOf>[0]): Request | undefined {
  const request = requestOf(command)
  const others: readonly number[] = [Kernel.zero, Kernel.setConfig, Kernel.newDaemon, Kernel.delDaemon]
  return request && !others.includes(request.command) ? request : undefined
}

/** What makes a table, in the order in which it was made. */
function requestsOf(table: Table): readonly Request[] {
  return table.flatMap(({ service: spec, destinations }) => {
    const service = serviceSpec(spec)
    return [
      { command: Kernel.newService, service },
      ...destinations.map((of) => ({ command: Kernel.newDest, service, destination: destinationSpec(of) })).reverse(),
    ]
  })
}

function firstLine({ message }: Error): string {
  return message.split('\n')[0] ?? ''
}

/** What an in-memory kernel holds, in the order in which it was made. */
export async function desiredBy(kernel: FakeKernel): Promise<DesiredTable> {
  const entries = await readTable('parseRules', askOf(kernel.session()))
  return entries.map(({ service, destinations }) => ({
    service: presentServiceSpec(service.service),
    // The kernel lists the newest first.
    destinations: destinations.map(({ destination }) => presentDestinationSpec(destination)).reverse(),
  }))
}
