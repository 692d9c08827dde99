/** What becomes of servers that fail, come back or leave, as the file says it. */
import { address, duration, integer, mapping, oneOf, orBoolean, shorter, words, yesOrNo } from './fields.js'
import { hostPattern, parseEndpoint } from './scalars.js'

const sharePattern = '(100|[1-9]\\d?)%'

/** `50%` as 0.5. */
const share = (whole: string) =>
  words(
    `a share of the ${whole} such as 50%, from 1% to 100%`,
    (text) => {
      const percent = new RegExp(`^${sharePattern}$`).exec(text)?.[1]
      return percent === undefined ? undefined : Number(percent) / 100
    },
    { pattern: `^${sharePattern}$`, unit: `% of the ${whole}`, value: '1% to 100%' },
  )

const servers = (min: number) => integer('a number of servers', min, 65535)

const Quorum = shorter(
  [{ type: 'integer', minimum: 1, maximum: 65535, value: '1 to 65535' }],
  (value) => (Number.isInteger(value) ? { up: value } : value),
  mapping('a number of servers, or a mapping with up and hysteresis', {
    up: servers(1).prefault(1).describe('Fewer servers up than this is an emergency.'),
    hysteresis: servers(0).prefault(0).describe('An emergency ends when so many more than `up` are up.'),
  }),
)

const Sorry = shorter(
  [{ type: 'string', pattern: `^${hostPattern}$`, value: 'an address, with or without a port' }],
  (value) => {
    const endpoint = typeof value === 'string' ? parseEndpoint(value) : undefined
    return endpoint === undefined ? value : { address: endpoint.address, port: endpoint.port }
  },
  mapping('an address such as 192.0.2.200 or 192.0.2.200:80, or a mapping with address, port, weight and forwarding', {
    address: address().meta({ description: 'Its address.', example: '192.0.2.200' }),
    port: integer('a port', 0, 65535)
      .meta({
        description: "Its port. Another one than the service's with masquerade only.",
        otherwise: "the service's",
        example: 80,
      })
      .optional(),
    weight: integer('a weight', 1, 2147483647).prefault(1).describe('Its weight.'),
    forwarding: oneOf('direct', 'tunnel', 'masquerade')
      .meta({ description: 'How packets reach it.', otherwise: "the service's" })
      .optional(),
  }),
)

const dayMs = 86_400_000

const Flapping = orBoolean(
  mapping('true, false, or a mapping with changes, within and hold', {
    changes: integer('a number of changes', 2, 1000)
      .prefault(6)
      .describe('So many changes of health within `within` are flapping.'),
    within: duration(1000, dayMs).prefault('5m').describe('The time in which changes are counted.'),
    hold: duration(1000, 3_600_000)
      .prefault('2m')
      .describe('So long a flapping server stays out, and twice as long each time again.'),
  }).optional(),
)

/** The fields of a service that are its policy. */
export const policyFields = {
  onFailure: oneOf('remove', 'quiesce')
    .meta({
      description:
        'A server that fails is removed, or gets weight 0 (`quiesce`): not together with persistence, unless the sysctl ' +
        '`net.ipv4.vs.expire_quiescent_template` is 1. With mh and `quiesce`, servers keep their places in the hash table, ' +
        'in one order on all directors.',
      otherwise: '`quiesce` with mh and without persistence, else `remove`',
      example: 'quiesce',
    })
    .optional(),
  drainTimeout: duration(0, dayMs)
    .meta({
      description:
        'A healthy server that leaves (the file, or by `ipvs-failover drain`) gets nothing new, and so long for what it has.',
      otherwise: '`5m`; `0s` for UDP',
      example: '30m',
    })
    .optional(),
  quorum: Quorum.prefault(1).meta({
    description: 'How many servers must be up: fewer is an emergency.',
    unit: 'servers',
  }),
  maxEjected: share('servers')
    .prefault('100%')
    .describe('At most this share of the servers is out because of failures, but one at least.'),
  whenAllDown: oneOf('keep', 'sorry', 'none')
    .meta({
      description:
        'In an emergency those that fail then stay in, as the fault may be ours (`keep`), the sorry server takes over ' +
        '(`sorry`), or nobody is there (`none`).',
      otherwise: '`sorry` where there is a sorry server, else `keep`',
    })
    .optional(),
  sorry: Sorry.meta({
    description: 'The server that takes over in an emergency.',
    otherwise: 'none',
    example: '192.0.2.200',
  }).optional(),
  slowStart: duration(0, 3_600_000)
    .prefault('0s')
    .describe(
      'A server that comes up gets its weight in ten steps over this time; so its weight has to be more than 1.',
    ),
  weightFromCheck: yesOrNo()
    .default(false)
    .describe("Whether a check that tells a weight (`script`) sets it, up to the server's `weight`."),
  flapping: Flapping.prefault(true).describe(
    'What goes up and down too often stays out for a while. `false` turns it off.',
  ),
  agree: oneOf('own', 'majority')
    .prefault('own')
    .describe(
      "Whose verdict takes a server out: this director's (`own`), or that of a majority of the directors that have one (`majority`), of which " +
        'this one hears by `config`.',
    ),
}

/** The guard against faults of the director itself. */
export const Guard = orBoolean(
  mapping('true, false, or a mapping with share and hold', {
    share: share('hosts')
      .prefault('50%')
      .describe(
        'When more than this share of all hosts (three at least) fails within `hold`, this director is suspected first.',
      ),
    hold: duration(0, 3_600_000).prefault('10s').describe('So long stays in the table what failed in that time.'),
  }).optional(),
)
