/** Every option of ipvsadm for real servers, each with what the library reads for it, and writes. */
import type { DestinationSettings, Encapsulation, GreEncapsulation, GueEncapsulation } from '../../lib/index.js'
import { four, mark, rip4, rip6, six, type NamedServer, type NamedService } from './interop-identities.js'

/** Options of `-a`, and what they mean. */
export type DestinationRow = readonly [options: string, settings: DestinationSettings]

/** Rows of options for the servers of one service: an edit gives each server the options of another one. */
interface DestinationGroup {
  readonly name: string
  readonly service: NamedService
  readonly persistent?: boolean
  readonly server: (n: number) => NamedServer
  readonly rows: readonly DestinationRow[]
}

const wrapped = (encapsulation: Encapsulation): DestinationSettings => ({
  forwarding: 'tunnel',
  encapsulation: { checksum: 'none', ...encapsulation },
})
const gue = (checksum: GueEncapsulation['checksum'], port = 6080) => wrapped({ type: 'gue', port, checksum })
const gre = (checksum: GreEncapsulation['checksum']) => wrapped({ type: 'gre', checksum })

const masquerade: DestinationSettings = { forwarding: 'masquerade' }
const direct: DestinationSettings = { forwarding: 'direct' }
const tunnel = wrapped({ type: 'ipip' })

const tunnelRows: readonly DestinationRow[] = [
  ['-i', tunnel],
  ['--ipip --tun-type ipip', tunnel],
  ['-i --tun-type gue --tun-port 6080', gue('none')],
  ['-i --tun-type gue --tun-port 1 --tun-nocsum', gue('none', 1)],
  ['-i --tun-type gue --tun-port 65535 --tun-csum', gue('full', 65535)],
  ['-i --tun-type gue --tun-port 6080 --tun-remcsum', gue('remote')],
  ['-i --tun-type gre', gre('none')],
  ['-i --tun-type gre --tun-nocsum', gre('none')],
  ['-i --tun-type gre --tun-csum', gre('full')],
]
const destinationRows: readonly DestinationRow[] = [
  ['', direct],
  ['-g', direct],
  ['-m', masquerade],
  ...tunnelRows,
  ['-w 0', { ...direct, weight: 0 }],
  ['-m --weight 65536', { ...masquerade, weight: 65536 }],
  ['--gatewaying -w 2147483647', { ...direct, weight: 2147483647 }],
  ['-x 100', { ...direct, limits: { upper: 100 } }],
  ['-x 100 -y 50', { ...direct, limits: { upper: 100, lower: 50 } }],
  ['--masquerading -x 2147483647 -y 2147483647', { ...masquerade, limits: { upper: 2147483647, lower: 2147483647 } }],
  [
    '-i --tun-type gue --tun-port 6080 --tun-csum -w 7 --u-threshold 9 --l-threshold 1',
    { ...gue('full'), weight: 7, limits: { upper: 9, lower: 1 } },
  ],
]
const fewRows: readonly DestinationRow[] = [
  ['-g -w 5', { ...direct, weight: 5 }],
  ['-m', masquerade],
  ['-i --tun-type gue --tun-port 6080', gue('none')],
]

export const destinationGroups: readonly DestinationGroup[] = [
  { name: 'TCP, IPv4', service: four('tcp', 200, 80), server: (n) => rip4(n, 80), rows: destinationRows },
  { name: 'TCP, IPv6', service: six('tcp', 200, 80), server: (n) => rip6(n, 80), rows: destinationRows },
  { name: 'a firewall mark, IPv4', service: mark(200, 'ipv4'), server: (n) => rip4(n, 0), rows: destinationRows },
  { name: 'a firewall mark, IPv6', service: mark(200, 'ipv6'), server: (n) => rip6(n, 80), rows: destinationRows },
  { name: 'UDP, IPv4', service: four('udp', 200, 53), server: (n) => rip4(n, 53), rows: fewRows },
  { name: 'UDP, IPv6', service: six('udp', 200, 53), server: (n) => rip6(n, 53), rows: fewRows },
  { name: 'SCTP, IPv4', service: four('sctp', 200, 132), server: (n) => rip4(n, 132), rows: fewRows },
  { name: 'SCTP, IPv6', service: six('sctp', 200, 132), server: (n) => rip6(n, 132), rows: fewRows },
  {
    name: 'every port',
    service: four('tcp', 201, 0),
    persistent: true,
    server: (n) => rip4(n, 0),
    rows: fewRows,
  },
  {
    name: 'another port by masquerading',
    service: four('tcp', 202, 80),
    server: (n) => rip4(n, 8080),
    rows: [
      ['-m', masquerade],
      ['-m -w 3 -x 8', { ...masquerade, weight: 3, limits: { upper: 8 } }],
    ],
  },
  {
    name: "another port without it, where ipvsadm takes the service's",
    service: four('tcp', 203, 80),
    server: (n) => ({ ...rip4(n, 80), option: rip4(n, 8080).option }),
    rows: [
      ['-g', direct],
      ['-i', tunnel],
    ],
  },
  {
    name: 'no port, which is the port of the service',
    service: four('tcp', 204, 80),
    server: (n) => ({ ...rip4(n, 80), option: rip4(n, 80).key.address }),
    rows: [
      ['-g', direct],
      ['-m', masquerade],
    ],
  },
  {
    name: 'an address of the director',
    service: four('tcp', 205, 80),
    server: (n) => ({ option: `127.0.0.${n + 1}:80`, key: { address: `127.0.0.${n + 1}`, port: 80 } }),
    rows: [
      ['-g', direct],
      ['-m', masquerade],
    ],
  },
  { name: 'IPv6 behind IPv4', service: four('tcp', 206, 80), server: (n) => rip6(n, 80), rows: tunnelRows },
  { name: 'IPv4 behind IPv6', service: six('tcp', 206, 80), server: (n) => rip4(n, 80), rows: tunnelRows },
]
