/** Every option of ipvsadm for services, each with what the library reads for it, and writes. */
import type { Persistence, Scheduler, Service, ServiceSettings } from '../../lib/index.js'
import { four, mark, six, type NamedService } from './interop-identities.js'

/** Options of `-A`, what they mean, and whether the library refuses to create that. */
export type ServiceRow = readonly [options: string, settings: Settings, refused?: 'refused']
export type Settings = ServiceSettings & Pick<Service, 'idlePersistence'>

/** Rows of options that fit the same kind of service: an edit gives each service the options of another one. */
interface ServiceGroup {
  readonly name: string
  readonly service: (n: number) => NamedService
  readonly rows: readonly ServiceRow[]
}

export const persistent = (timeoutSeconds = 360, more: Persistence = { prefixLength: 32 }): ServiceSettings => ({
  scheduler: 'wlc',
  persistence: { timeoutSeconds, ...more },
})
const onSixes = (timeoutSeconds: number, prefixLength = 128) => persistent(timeoutSeconds, { prefixLength })
export const wlc: ServiceSettings = { scheduler: 'wlc' }
/** What ipvsadm sets for a persistence that it does not turn on. */
const idle = (settings: Persistence): Settings => ({ ...wlc, idlePersistence: { timeoutSeconds: 0, ...settings } })
const fallback = 'flag-1'
const port = 'flag-2'

const flagRows: readonly ServiceRow[] = [
  ['-s sh -b sh-fallback', { scheduler: 'sh', schedulerFlags: [fallback] }],
  ['-s sh -b sh-port', { scheduler: 'sh', schedulerFlags: [port] }],
  ['-s sh -b sh-port,sh-fallback', { scheduler: 'sh', schedulerFlags: [fallback, port] }],
  ['-s mh -b mh-fallback', { scheduler: 'mh', schedulerFlags: [fallback] }],
  ['-s mh -b mh-port', { scheduler: 'mh', schedulerFlags: [port] }],
  ['-s mh -b mh-fallback,mh-port,flag-3', { scheduler: 'mh', schedulerFlags: [fallback, port, 'flag-3'] }],
  ['-s rr --sched-flags flag-1', { scheduler: 'rr', schedulerFlags: ['flag-1'] }],
  ['-s rr -b flag-2', { scheduler: 'rr', schedulerFlags: ['flag-2'] }],
  ['-s rr -b flag-3', { scheduler: 'rr', schedulerFlags: ['flag-3'] }],
  ['-s wrr -b flag-3,flag-2,flag-1', { scheduler: 'wrr', schedulerFlags: ['flag-1', 'flag-2', 'flag-3'] }],
]
const sixRows: readonly ServiceRow[] = [
  ['', wlc],
  ['-p', onSixes(360)],
  ['-p 120 -M 64', onSixes(120, 64)],
  ['-p 120 -M 1', onSixes(120, 1)],
  ['-p 120 -M 128', onSixes(120)],
  ['-M 64', idle({ prefixLength: 64 }), 'refused'],
  ['-s mh -b mh-port -p 60', { ...onSixes(60), scheduler: 'mh', schedulerFlags: [port] }],
]
const udpRows: readonly ServiceRow[] = [
  ['', wlc],
  ['--ops', { ...wlc, onePacket: true }],
  ['-p 60 --pe sip', persistent(60, { prefixLength: 32, engine: 'sip' })],
  ['-p 60 --pe sip -o -M 255.255.0.0', { ...persistent(60, { prefixLength: 16, engine: 'sip' }), onePacket: true }],
]

/** @param scheduling the schedulers that this kernel has */
export const serviceGroups = (scheduling: readonly Scheduler[]): readonly ServiceGroup[] => [
  {
    name: 'TCP, IPv4',
    service: (n) => four('tcp', n, 80),
    rows: [
      ['', wlc],
      ...scheduling.map((scheduler): ServiceRow => [`-s ${scheduler}`, { scheduler }]),
      ['-s none', { scheduler: 'none' }],
      ['--scheduler rr', { scheduler: 'rr' }],
      ['-p', persistent()],
      ['-p 1', persistent(1)],
      ['--persistent 2678400', persistent(2678400)],
      ['-p 300 -M 255.255.255.0', persistent(300, { prefixLength: 24 })],
      ['-p 300 --netmask 128.0.0.0', persistent(300, { prefixLength: 1 })],
      ['-p 300 -M 255.255.255.255', persistent(300)],
      ['-p 300 -M 255.0.255.0', persistent(300, { netmask: '255.0.255.0' })],
      // No prefix length for IPv4: ipvsadm takes it for an address.
      ['-p 300 -M 24', persistent(300, { netmask: '0.0.0.24' })],
      ['-p 300 -M 0.0.0.0', persistent(300, { prefixLength: 0 }), 'refused'],
      ['-M 255.255.255.0', idle({ prefixLength: 24 }), 'refused'],
      ['--pe sip', idle({ prefixLength: 32, engine: 'sip' }), 'refused'],
      ['-p --pe sip', persistent(360, { prefixLength: 32, engine: 'sip' }), 'refused'],
      ...flagRows,
      [
        '-s sh -b sh-port -p 300 -M 255.255.255.0',
        { ...persistent(300, { prefixLength: 24 }), scheduler: 'sh', schedulerFlags: [port] },
      ],
    ],
  },
  {
    name: 'TCP, IPv4, every port',
    service: (n) => four('tcp', 100 + n, 0),
    rows: [
      ['-p', persistent()],
      ['-p 30 -s rr', { ...persistent(30), scheduler: 'rr' }],
    ],
  },
  { name: 'UDP, IPv4', service: (n) => four('udp', n, 5060), rows: udpRows },
  {
    name: 'SCTP, IPv4',
    service: (n) => four('sctp', n, 132),
    rows: [
      ['', wlc],
      ['-s rr -p 5', { ...persistent(5), scheduler: 'rr' }],
    ],
  },
  { name: 'TCP, IPv6', service: (n) => six('tcp', n, 80), rows: sixRows },
  {
    name: 'UDP, IPv6',
    service: (n) => six('udp', n, 5060),
    rows: [
      ['', wlc],
      ['-o', { ...wlc, onePacket: true }],
      ['-p 60 --pe sip', persistent(60, { prefixLength: 128, engine: 'sip' })],
    ],
  },
  { name: 'SCTP, IPv6', service: (n) => six('sctp', n, 132), rows: [['-s rr', { scheduler: 'rr' }]] },
  {
    name: 'a firewall mark, IPv4',
    service: (n) => mark(n + 1, 'ipv4'),
    rows: [
      ['', wlc],
      ['-o', { ...wlc, onePacket: true }],
      ['-p 10 -M 255.255.255.0', persistent(10, { prefixLength: 24 })],
      ['-p --pe sip', persistent(360, { prefixLength: 32, engine: 'sip' })],
      ['-s sh -b sh-port', { scheduler: 'sh', schedulerFlags: [port] }],
    ],
  },
  { name: 'a firewall mark, IPv6', service: (n) => mark(n + 1, 'ipv6'), rows: sixRows },
  // ipvsadm shows it as -1.
  { name: 'the last firewall mark', service: () => mark(4294967295, 'ipv4'), rows: [['', wlc]] },
]
