/** The metrics of node_exporter's collector ipvs, names and labels, so that what was made for those shows these. Pure. */
import type { Destination, Service } from 'ipvs'
import type { Family } from './family.js'
import type { Totals } from './ip-vs-stats.js'

const total = (name: string, help: string, field: keyof Totals): Family => ({
  name: `node_ipvs_${name}_total`,
  type: 'counter',
  help,
  labels: [],
  samples: ({ totals }) => (totals === undefined ? [] : [[totals[field], {}]]),
})

const backend = (name: string, help: string, valueOf: (server: Destination) => number): Family => ({
  name: `node_ipvs_backend_${name}`,
  type: 'gauge',
  help,
  labels: ['local_address', 'local_port', 'remote_address', 'remote_port', 'proto', 'local_mark'],
  *samples({ table }) {
    for (const { service, destinations } of table) {
      const local = localLabels(service)
      for (const server of destinations)
        yield [valueOf(server), { ...local, remote_address: server.address, remote_port: String(server.port) }]
    }
  },
})

/** As that collector reads them from /proc/net/ip_vs, where a mark has eight digits. */
function localLabels({ firewallMark, protocol, address, port }: Service) {
  return firewallMark === undefined
    ? { local_address: address, local_port: String(port), proto: protocol.toUpperCase(), local_mark: '' }
    : {
        local_address: '',
        local_port: '0',
        proto: 'FWM',
        local_mark: firewallMark.toString(16).toUpperCase().padStart(8, '0'),
      }
}

export const nodeExporterFamilies: readonly Family[] = [
  total('connections', 'Connections, of all services together.', 'connections'),
  total('incoming_packets', 'Packets from clients, of all services together.', 'incomingPackets'),
  total('outgoing_packets', 'Packets to clients, with masquerading only.', 'outgoingPackets'),
  total('incoming_bytes', 'Bytes from clients, of all services together.', 'incomingBytes'),
  total('outgoing_bytes', 'Bytes to clients, with masquerading only.', 'outgoingBytes'),
  backend(
    'connections_active',
    'Established connections of an entry of the table.',
    ({ connections }) => connections.active,
  ),
  backend(
    'connections_inactive',
    'All other connections that the kernel still knows.',
    ({ connections }) => connections.inactive,
  ),
  backend('weight', 'The weight of an entry of the table.', ({ weight }) => weight),
]
