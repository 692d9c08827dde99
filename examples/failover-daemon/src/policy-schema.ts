/** What becomes of servers that fail, come back or leave, as the file says it. */
import * as z from 'zod'
import { duration, integer, mapping, oneOf, scalar, words } from './fields.js'
import { parseAddress, parseEndpoint } from './scalars.js'

/** `50%` as 0.5. */
const share = (expected: string) =>
  scalar(expected, (value) => {
    const percent = typeof value === 'string' ? /^(\d{1,3})%$/.exec(value)?.[1] : undefined
    return percent !== undefined && Number(percent) >= 1 && Number(percent) <= 100 ? Number(percent) / 100 : undefined
  })

const servers = (expected: string, min: number) => integer(expected, min, 65535)

/** A mapping that may be left to its defaults, or out, by a word. */
const orFalse = (value: unknown) => (value === true ? {} : value === false ? undefined : value)

const Quorum = z.preprocess(
  (value) => (Number.isInteger(value) ? { up: value } : value),
  mapping('a number of servers, or a mapping with up and hysteresis', {
    up: servers('a number of servers', 1).default(1),
    hysteresis: servers('a number of servers', 0).default(0),
  }),
)

const Sorry = z.preprocess(
  (value) => {
    const endpoint = typeof value === 'string' ? parseEndpoint(value) : undefined
    return endpoint === undefined ? value : { address: endpoint.address, port: endpoint.port }
  },
  mapping('an address such as 192.0.2.200 or 192.0.2.200:80, or a mapping with address, port, weight and forwarding', {
    address: words('an IPv4 or IPv6 address of one host, without port or zone', parseAddress),
    port: integer('a port', 0, 65535).optional(),
    weight: integer('a weight', 1, 2147483647).default(1),
    forwarding: oneOf('direct', 'tunnel', 'masquerade').optional(),
  }),
)

const dayMs = 86_400_000

const Flapping = z.preprocess(
  orFalse,
  mapping('true, false, or a mapping with changes, within and hold', {
    changes: integer('a number of changes', 2, 1000).default(6),
    within: duration(1000, dayMs).default(300_000),
    hold: duration(1000, 3_600_000).default(120_000),
  }).optional(),
)

/** The fields of a service that are its policy. */
export const policyFields = {
  onFailure: oneOf('remove', 'quiesce').default('remove'),
  drainTimeout: duration(0, dayMs).optional(),
  quorum: Quorum.default({ up: 1, hysteresis: 0 }),
  maxEjected: share('a share of the servers such as 50%, from 1% to 100%').default(1),
  whenAllDown: oneOf('keep', 'sorry', 'none').optional(),
  sorry: Sorry.optional(),
  slowStart: duration(0, 3_600_000).default(0),
  weightFromCheck: z.boolean({ error: 'true or false' }).default(false),
  flapping: Flapping.prefault(true),
}

/** The guard against faults of the director itself. */
export const Guard = z.preprocess(
  orFalse,
  mapping('true, false, or a mapping with share and hold', {
    share: share('a share of the hosts such as 50%, from 1% to 100%').default(0.5),
    hold: duration(0, 3_600_000).default(10_000),
  }).optional(),
)
