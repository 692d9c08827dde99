/** `ipvsadm -L -c` */
import { parseAddress } from '../address.js'
import { openConnections, readConnections } from '../connections.js'
import { IpvsError } from '../errors.js'
import type { ThreadRecord } from '../records.js'
import { protocols } from '../words.js'
import type { Endpoint } from '../director.js'
import { Failure, listStatus } from './failure.js'
import type { Command } from './grammar.js'
import type { Context } from './run.js'
import { lookup, numeric, type EndpointRecord } from './text.js'

const file = '/proc/net/ip_vs_conn'
/** Characters that are written at once. */
const chunk = 16384

export async function listConnections(given: Command['given'], context: Context, thread: ThreadRecord): Promise<void> {
  const {
    names,
    streams: { stdout },
  } = context
  const withEngine = given.has('persistent-conn')
  const opened = await openConnections(thread).catch((error: unknown) => {
    throw IpvsError.is(error) ? new Failure(`cannot open file ${file}`, listStatus) : error
  })
  stdout.write('IPVS connection entries\n')
  stdout.write(`pro expire ${row(titles, withEngine ? ['pe name', 'pe_data'] : [])}\n`)
  if (!opened) return
  const { learn, name } = given.has('numeric') ? { learn: undefined, name: numeric } : lookup(names)
  let text = ''
  for await (const connection of readConnections(opened, Infinity, undefined)) {
    const { protocol, engine, expiresSeconds } = connection
    const number = protocols.number(protocol) ?? 0
    const ends = [connection.client, connection.virtual, connection.destination].map(recordOf)
    await learn?.(ends.map((end) => [end, number]))
    const expire = [Math.floor(expiresSeconds / 60), expiresSeconds % 60].map((part) => String(part).padStart(2, '0'))
    const cells = [connection.state, ...ends.map((end) => name(end, number))]
    const more = withEngine && engine ? [engine.name, engine.data] : []
    const line = more.length > 0 ? engineRow(cells, more) : row(cells, [])
    text += `${protocol.toUpperCase().padEnd(3)} ${expire.join(':').padEnd(6)} ${line}\n`
    if (text.length < chunk) continue
    stdout.write(text)
    text = ''
  }
  stdout.write(text)
}

const titles = ['state', 'source', 'virtual', 'destination']

/** The last of what stands there is as wide as it is. */
function row(
  [state = '', source = '', virtual = '', destination = '']: readonly string[],
  more: readonly string[],
): string {
  const [engine, data] = more
  const start = [state.padEnd(11), source.padEnd(18), virtual.padEnd(18)]
  if (engine === undefined) return [...start, destination].join(' ')
  return [...start, destination.padEnd(18), engine.padEnd(16), data].join(' ')
}

/** ipvsadm's title has these two columns the other way round. */
function engineRow(
  [state = '', source = '', virtual = '', destination = '']: readonly string[],
  [engine = '', data = '']: readonly string[],
): string {
  return [
    state.padEnd(11),
    source.padEnd(18),
    virtual.padEnd(18),
    destination.padEnd(16),
    engine.padEnd(18),
    data,
  ].join(' ')
}

function recordOf({ address, port }: Endpoint): EndpointRecord {
  return { ...(parseAddress(address) as NonNullable<ReturnType<typeof parseAddress>>), port }
}
