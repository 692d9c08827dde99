/** The state of the services and their servers as metrics. Pure. */
import type { Counters, Destination, Service } from 'ipvs'
import { serverName, serviceName } from '../names.js'
import { isConfigured } from '../status.js'
import type { ServerStatus, ServiceStatus } from '../status-schema.js'
import type { Family, Sample, View } from './family.js'

/** The start of every name that is ours alone. */
export const prefix = 'ipvs_failover_'

/** Those that a server of the configuration can be in. */
export const configuredStates = ['online', 'failed', 'offline', 'flapping', 'draining', 'disabled', 'unknown'] as const
const states: readonly ServerStatus['state'][] = [...configuredStates, 'leaving', 'sorry', 'foreign']

const gauge = (name: string, help: string, labels: readonly string[], samples: Family['samples']): Family => ({
  name: prefix + name,
  type: 'gauge',
  help,
  labels,
  samples,
})

const ofService = (name: string, help: string, valueOf: (service: ServiceStatus) => number): Family =>
  gauge(`service_${name}`, help, ['service'], ({ status }) =>
    status.services.map((service) => [valueOf(service), { service: service.service }]),
  )

/** Samples of each server of the snapshot. */
const serverSamples = (
  samplesOf: (server: ServerStatus, labels: ServerLabels) => readonly Sample[],
): Family['samples'] =>
  function* ({ status }) {
    for (const { service, servers } of status.services)
      for (const server of servers) yield* samplesOf(server, { service, server: server.server })
  }

interface ServerLabels extends Readonly<Record<string, string>> {
  readonly service: string
  readonly server: string
}

const ofServer = (name: string, help: string, valueOf: (server: ServerStatus) => number): Family =>
  gauge(
    `server_${name}`,
    help,
    ['service', 'server'],
    serverSamples((server, labels) => [[valueOf(server), labels]]),
  )

/** What the kernel counts, for the services of the snapshot and for their servers. Lost with the entry. */
function counted(name: string, help: string, field: keyof Counters<bigint>): readonly Family[] {
  const valueOf = ({ stats }: Service | Destination) => Number(stats.total[field])
  const ours = ({ status, table }: View) => {
    const names = new Set(status.services.map(({ service }) => service))
    return table.filter(({ service }) => names.has(serviceName(service)))
  }
  return [
    {
      name: `${prefix}service_${name}_total`,
      type: 'counter',
      help: `${help} of a service, with those of servers that are gone.`,
      labels: ['service'],
      samples: (view) => ours(view).map(({ service }) => [valueOf(service), { service: serviceName(service) }]),
    },
    {
      name: `${prefix}server_${name}_total`,
      type: 'counter',
      help: `${help} of a server.`,
      labels: ['service', 'server'],
      *samples(view) {
        for (const { service, destinations } of ours(view))
          for (const server of destinations)
            yield [valueOf(server), { service: serviceName(service), server: serverName(server) }]
      },
    },
  ]
}

const roles = ['alone', 'master', 'backup', 'fault', 'unknown'] as const
const standings = ['preferred', 'willing', 'sick', 'leaving', 'undecided'] as const

/** 1 for the word that is so, 0 for every other; nothing where none is. */
const oneOf = (name: string, help: string, words: readonly string[], now: (view: View) => string | undefined): Family =>
  gauge(name, help, [name], (view) => {
    const is = now(view)
    return is === undefined ? [] : words.map((word) => [Number(word === is), { [name]: word }])
  })

export const stateFamilies: readonly Family[] = [
  gauge(
    'server_state',
    '1 for the state that the server is in, 0 for every other.',
    ['service', 'server', 'state'],
    serverSamples((server, labels) => states.map((state) => [state === server.state ? 1 : 0, { ...labels, state }])),
  ),
  gauge(
    'server_weight_configured',
    'The weight of a server while it is online; `name` is what it was found by.',
    ['service', 'server', 'name'],
    serverSamples(({ name, configuredWeight: weight }, labels) =>
      weight === undefined ? [] : [[weight, name === undefined ? labels : { ...labels, name }]],
    ),
  ),
  ofServer('connections_active', 'Established connections of a server.', ({ active }) => active),
  ofServer(
    'connections_inactive',
    'All other connections of a server that the kernel still knows.',
    ({ inactive }) => inactive,
  ),
  ...counted('connections', 'Connections', 'connections'),
  ...counted('incoming_packets', 'Packets from clients', 'packetsIn'),
  ...counted('outgoing_packets', 'Packets to clients, with masquerading only,', 'packetsOut'),
  ...counted('incoming_bytes', 'Bytes from clients', 'bytesIn'),
  ...counted('outgoing_bytes', 'Bytes to clients, with masquerading only,', 'bytesOut'),
  ofService('servers_online', 'How many servers of a service are online.', ({ online }) => online),
  ofService('servers', 'How many servers the configuration gives to a service.', ({ servers }) => {
    return servers.filter(isConfigured).length
  }),
  ofService('quorum', 'Fewer servers online than these are an emergency.', ({ quorum }) => quorum),
  ofService('below_quorum', '1 while a service is in that emergency.', ({ short }) => Number(short)),
  ofService('present', '1 while the kernel has the service.', ({ present }) => Number(present)),
  gauge(
    'service_announced',
    '1 while bird has the route of the address of a service that is announced.',
    ['service'],
    ({ status }) =>
      status.services.flatMap(({ service, announced }): readonly Sample[] =>
        announced === undefined ? [] : [[Number(announced), { service }]],
      ),
  ),
  gauge(
    'problems',
    'How many things are wrong with the daemon itself; `ipvs-failover status` says which.',
    [],
    (view) => [[view.status.problems.length, {}]],
  ),
  oneOf(
    'role',
    '1 for the part of this director beside others, 0 for every other.',
    roles,
    (view) => view.status.director.role,
  ),
  oneOf(
    'standing',
    '1 for how fit this director is to have the VIPs, 0 for every other.',
    standings,
    (view) => view.status.director.standing,
  ),
  oneOf(
    'sync_daemon',
    "1 for the kernel's sync daemon that runs, 0 for the other.",
    ['master', 'backup'],
    (view) => view.status.director.syncDaemon,
  ),
]
