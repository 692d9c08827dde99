/** The shape of `ha:`. What it takes reaches a file that root's keepalived reads: no blank, quote, brace or newline gets through. */
import type * as z from 'zod'
import { absolutePath, address, duration, integer, line, list, mapping, orBoolean, words, yesOrNo } from '../fields.js'
import { durationPattern, durationText, parseDuration } from '../scalars.js'

const interfaceName = () =>
  line("an interface's name such as eth0, at most 15 of letters, digits, _, - and .", /^[A-Za-z0-9][\w.-]{0,14}$/)

// VRRPv3 counts in hundredths of a second (RFC 5798, 5.2.7). More than a second would be slower than any client's patience.
const longestAdvertMs = 1000
const advertInterval = (text: string): number | undefined => {
  const ms = parseDuration(text) ?? 0
  return ms % 10 === 0 && ms >= 10 && ms <= longestAdvertMs ? ms : undefined
}
const advertRange = `10ms to ${durationText(longestAdvertMs)}, in steps of 10ms`

const Sync = mapping('true, false, or a mapping with interface and id', {
  interface: interfaceName()
    .meta({
      description: 'Where connections are told to the other directors, by multicast and unencrypted.',
      otherwise: 'the `interface` of `ha`',
      example: 'eth1',
    })
    .optional(),
  id: integer('a number', 1, 255)
    .meta({
      description: 'Which directors belong together: the same on all of them.',
      otherwise: 'the `routerId`',
      example: 51,
    })
    .optional(),
})

const Ha = mapping('a mapping with interface and routerId', {
  interface: interfaceName().meta({
    description: 'Where directors hear of each other, and the VIPs are added.',
    example: 'eth0',
  }),
  routerId: integer('a number', 1, 255).meta({
    description:
      "VRRP's virtual router id: the same on all directors of these VIPs, and used by nobody else in their network.",
    example: 51,
  }),
  priority: integer('a number', 101, 150)
    .prefault(120)
    .describe('Of directors that are equally fit, the one with the highest has the VIPs.'),
  vips: list('a list of at least one address', address(), 1)
    .meta({
      description: 'The addresses that move between directors: virtual addresses of services.',
      otherwise: 'those of all services',
      example: ['192.0.2.100', '2001:db8:0:2::100'],
    })
    .optional(),
  peers: list('a list of addresses', address())
    .prefault([])
    .meta({
      description:
        'The other directors, who are told by unicast. Without any, all hosts of the network are told by multicast.',
      example: ['192.0.2.2'],
    }),
  advertInterval: words(`a duration from ${advertRange}, such as 100ms`, advertInterval, {
    pattern: `^${durationPattern}$`,
    unit: 'ms, s',
    value: advertRange,
  })
    .prefault('100ms')
    .describe(
      'How often the director that has the VIPs says so; another one takes them when it has heard nothing for three of them and a bit. The ' +
        'same on all directors.',
    ),
  preempt: yesOrNo()
    .default(true)
    .describe('Whether a director of a higher priority takes the VIPs back from one that works.'),
  grace: duration(0, 3_600_000)
    .prefault('10s')
    .describe(
      'So long a director that starts, or is well again, is told of connections before it takes the VIPs back.',
    ),
  stall: duration(500, 60_000).prefault('3s').describe('A daemon that stands still for so long gives the VIPs up.'),
  sync: orBoolean(Sync.optional())
    .prefault(true)
    .describe(
      'The sync daemons of the kernel, by which connections survive the move of the VIPs. `false` leaves them alone.',
    ),
  runDirectory: line('an absolute path of letters, digits, _, -, . and /, at most 80', /^\/[\w./-]*$/, 80)
    .prefault('/run/ipvs-failover')
    .describe('Where keepalived and the daemon tell each other: the files `vrrp.fifo` and `standing`.'),
  include: absolutePath()
    .prefault('/etc/keepalived/ipvs-failover.conf')
    .describe(
      'Where `ipvs-failover keepalived --output` has written; the daemon says so if it is not what stands here any more.',
    ),
})

/** As the file has it. */
export type HaShape = z.output<typeof Ha>

/** `ha:` of the file. */
export const HaField = Ha.meta({
  description: 'Another director takes over when this one fails, by VRRP of keepalived.',
  otherwise: 'this director is alone',
}).optional()
