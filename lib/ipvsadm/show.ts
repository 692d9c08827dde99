/** The commands that print: -L in all its forms, -S. */
import { constants } from 'node:os'
import { findDestinations, findService, readDaemons, readInfo, readThread, readTimeouts } from '../commands.js'
import { IpvsError } from '../errors.js'
import { readTable, type EntryRecord } from '../table.js'
import { daemonRoles } from '../words.js'
import { Failure, listStatus } from './failure.js'
import type { Names } from './endpoints.js'
import type { Command } from './grammar.js'
import { header, listing } from './listing.js'
import { messageOf, refusalText } from './messages.js'
import { compareServers, compareServices } from './order.js'
import type { Context } from './run.js'
import { saveEntries } from './save.js'
import { addressText, lookup, numeric, type Namer } from './text.js'

export async function show(command: Command, context: Context): Promise<number> {
  try {
    return await showAny(command, context)
  } catch (error) {
    // What could not be read is told by the table's own messages.
    if (IpvsError.is(error)) throw new Failure(refusalText('list', error), listStatus)
    throw error
  }
}

async function showAny(command: Command, context: Context): Promise<number> {
  const { given } = command
  if (command.command === 'save') return save(command, context)
  if (given.has('connection')) {
    const { listConnections } = await import('./list-connections.js')
    await listConnections(given, context, await readThread('list', await context.kernel.ask()))
  } else if (given.has('service-address')) await listService(command, context)
  else if (given.has('timeout')) await listTimeouts(context)
  else if (given.has('daemon')) await listDaemons(context)
  else await listAll(command, context)
  return 0
}

async function listAll({ given }: Command, context: Context): Promise<void> {
  const send = await context.kernel.ask()
  const info = await readInfo('list', send)
  const entries = inOrder(await readTable('list', send), given)
  const name = await namerFor(entries, given, context)
  context.streams.stdout.write(header(info) + listing(entries, { name, given }))
}

async function listService({ given, service }: Command, context: Context): Promise<void> {
  const send = await context.kernel.ask()
  const found = await findService('list', service, send)
  if (!found) throw new Failure(messageOf('list', constants.errno.ESRCH), listStatus)
  const destinations = (await findDestinations('list', service, send)) ?? []
  const entries = inOrder([{ service: found, destinations }], given)
  const name = await namerFor(entries, given, context)
  context.streams.stdout.write(listing(entries, { name, given }))
}

async function save({ given }: Command, context: Context): Promise<number> {
  const entries = inOrder(await readTable('save', await context.kernel.ask()), given)
  const name = await namerFor(entries, given, { names: readable(context.names) })
  const rules = entries.map(({ service, destinations }) => ({
    service: service.service,
    destinations: destinations.map(({ destination }) => destination),
  }))
  const { lines, leftOut } = saveEntries(rules, name)
  context.streams.stdout.write(lines.map((line) => `${line}\n`).join(''))
  context.streams.stderr.write(leftOut.map((sentence) => `${sentence}\n`).join(''))
  return leftOut.length > 0 ? listStatus : 0
}

function inOrder(entries: readonly EntryRecord[], given: Command['given']): readonly EntryRecord[] {
  if (given.has('nosort')) return entries
  return entries
    .map(({ service, destinations }) => ({
      service,
      destinations: destinations.toSorted((a, b) => compareServers(a.destination, b.destination)),
    }))
    .sort((a, b) => compareServices(a.service.service, b.service.service))
}

async function namerFor(
  entries: readonly EntryRecord[],
  given: Command['given'],
  { names }: Pick<Context, 'names'>,
): Promise<Namer> {
  if (given.has('numeric')) return numeric
  const { learn, name } = lookup(names)
  const ends = entries.flatMap(({ service: { service }, destinations }) =>
    [...(service.firewallMark === 0 ? [service] : []), ...destinations.map(({ destination }) => destination)].map(
      (end) => [end, service.protocol] as const,
    ),
  )
  await learn(ends)
  return name
}

/** Names that can be read again: those of hosts are looked up as IPv4 only. */
function readable(names: Names): Names {
  return { ...names, hostOf: async (address) => (address.includes(':') ? undefined : names.hostOf(address)) }
}

async function listTimeouts({ kernel, streams }: Context): Promise<void> {
  const { tcp, tcpFin, udp } = await readTimeouts('list', await kernel.ask())
  streams.stdout.write(`Timeout (tcp tcpfin udp): ${tcp} ${tcpFin} ${udp}\n`)
}

async function listDaemons({ kernel, streams }: Context): Promise<void> {
  const daemons = await readDaemons('list', await kernel.ask())
  const lines = daemons.map((daemon) => {
    const { role, syncId, maxLength, groupFamily, group, port, ttl } = daemon
    const settings = [
      `mcast=${daemon.interface}`,
      `syncid=${syncId}`,
      ...(maxLength > 0 ? [`maxlen=${maxLength}`] : []),
      ...(groupFamily > 0 ? [`group=${addressText({ family: groupFamily, address: group })}`] : []),
      ...(port > 0 ? [`port=${port}`] : []),
      ...(ttl > 0 ? [`ttl=${ttl}`] : []),
    ]
    return `${daemonRoles.word(role)} sync daemon (${settings.join(', ')})\n`
  })
  streams.stdout.write(lines.join(''))
}
