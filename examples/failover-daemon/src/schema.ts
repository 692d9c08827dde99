/** The shape of the configuration file. A zod message here is what was expected; what was found comes from the file. */
import * as z from 'zod'
import { Alerts, Hooks } from './alerts/schema.js'
import { duration, hostName, integer, line, mapping, oneOf, payload, pemFile, scalar, words } from './fields.js'
import { body, headers, method, send } from './http-fields.js'
import { Guard, policyFields } from './policy-schema.js'
import { parseDuration, parseEndpoint } from './scalars.js'
import { ServerItem } from './servers-schema.js'

// Linux keeps it in jiffies of at most 2^32 / 1000 s, whole seconds (kernel: IPVS_SVC_ATTR_TIMEOUT).
const persistenceSeconds = (text: string): number | undefined => {
  const seconds = (parseDuration(text) ?? 0) / 1000
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= 4294967 ? seconds : undefined
}

const Persistence = z.preprocess(
  (value) => (typeof value === 'string' && persistenceSeconds(value) !== undefined ? { timeout: value } : value),
  mapping('whole seconds such as 300s, from 1s to 4294967s, or a mapping with timeout and prefixLength', {
    timeout: words('whole seconds such as 300s, from 1s to 4294967s', persistenceSeconds).default(360),
    prefixLength: integer('a number of bits', 1, 128).optional(),
  }),
)

const statusExpected = 'a status such as 200, a range such as "200-299", from 100 to 999, or a list of these'

/** Lists of [first, last]. */
const Status = scalar(statusExpected, (value) => {
  const ranges = (Array.isArray(value) ? (value as unknown[]) : [value]).map(statusRange)
  return ranges.length > 0 && !ranges.includes(undefined) ? (ranges as StatusRange[]) : undefined
})

type StatusRange = readonly [first: number, last: number]

function statusRange(value: unknown): StatusRange | undefined {
  const match = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/.exec(String(value))
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])]
  return first <= last ? [first, last] : undefined
}

const times = {
  interval: duration(10, 3_600_000).default(2000),
  fastInterval: duration(10, 3_600_000).optional(),
  timeout: duration(10, 600_000).default(1000),
  jitter: duration(0, 3_600_000).optional(),
  rise: integer('a number of checks', 1, 1000).default(2),
  fall: integer('a number of checks', 1, 1000).default(3),
  tripwire: z.boolean({ error: 'true or false' }).optional(),
}
const timing = { port: integer('a port', 1, 65535).optional(), ...times }

const Tls = z.preprocess(
  (value) => (value === true ? {} : value === false ? undefined : value),
  mapping('true, or a mapping with servername, verify, ca, cert and key', {
    servername: hostName('a host name').optional(),
    verify: z.boolean({ error: 'true or false' }).default(true),
    ca: pemFile.optional(),
    cert: pemFile.optional(),
    key: pemFile.optional(),
  }).optional(),
)

// A program takes longer than a connection, and costs more.
const programTiming = {
  ...timing,
  interval: duration(10, 3_600_000).default(10_000),
  fastInterval: duration(10, 3_600_000).default(1000),
  timeout: duration(10, 600_000).default(5000),
}
const argument = words('text without the character 0', (text) => (text.includes('\0') ? undefined : text))
const user = line('the name of a user of /etc/passwd', /^[a-z_][\w.-]{0,31}$/i)
const yesOrNo = z.boolean({ error: 'true or false' })

const httpOptions = {
  path: line('a path of printable ASCII that begins with /', /^\/[!-~]*$/).default('/'),
  method,
  send,
  headers,
  status: Status.optional(),
  body,
  host: hostName('a host name or address, with or without a port').optional(),
  tls: Tls,
}

const checkTypes = 'tcp, tls, http, http2, sendExpect, smtp, udp, dns, icmp, script or mon'

const Check = z.discriminatedUnion(
  'type',
  [
    mapping('a mapping', { type: z.literal('tcp'), ...timing }),
    mapping('a mapping', { type: z.literal('tls'), tls: Tls, ...timing }),
    mapping('a mapping', { type: z.literal('http'), ...httpOptions, ...timing }),
    mapping('a mapping', { type: z.literal('http2'), ...httpOptions, ...timing }),
    mapping('a mapping', {
      type: z.literal('sendExpect'),
      send: payload('text to send, of 1 to 65536 characters', 65536).optional(),
      expect: payload('text to find in the answer, of 1 to 4096 characters', 4096),
      tls: Tls,
      ...timing,
    }),
    mapping('a mapping', {
      type: z.literal('smtp'),
      hello: hostName('the name to introduce oneself by').optional(),
      tls: Tls,
      ...timing,
    }),
    mapping('a mapping', {
      type: z.literal('udp'),
      send: payload('text to send, of 1 to 1400 characters', 1400),
      expect: payload('text to find in the answer, of 1 to 1400 characters', 1400).optional(),
      ...timing,
    }),
    mapping('a mapping', {
      type: z.literal('dns'),
      name: line('a domain name', /^(\.|(?=.{1,254}$)[\w-]{1,63}(\.[\w-]{1,63})*\.?)$/).default('.'),
      record: oneOf('A', 'NS', 'CNAME', 'SOA', 'PTR', 'MX', 'TXT', 'AAAA', 'SRV').default('SOA'),
      codes: z
        .array(oneOf('NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'), { error: 'a list of codes' })
        .min(1, { error: 'a list of at least one code' })
        .default(['NOERROR']),
      ...timing,
    }),
    mapping('a mapping', { type: z.literal('icmp'), ...times }),
    mapping('a mapping', {
      type: z.literal('script'),
      command: z
        .array(argument, { error: 'a list of a program and its words' })
        .min(1, { error: 'a list of a program and its words' }),
      user: user.optional(),
      weightFromStatus: yesOrNo.default(false),
      summary: yesOrNo.default(false),
      ...programTiming,
    }),
    mapping('a mapping', {
      type: z.literal('mon'),
      monitor: line('the name of a monitor, without a folder', /^\w[\w.+-]*$/, 255),
      args: z.array(argument, { error: 'a list of words' }).default([]),
      directories: z
        .array(line('an absolute path', /^\//, 4096), { error: 'a list of folders' })
        .min(1, { error: 'a list of at least one folder' })
        .optional(),
      user: user.optional(),
      summary: yesOrNo.default(true),
      ...programTiming,
    }),
  ],
  { error: ({ code }) => (code === 'invalid_union' ? checkTypes : `a mapping with the type ${checkTypes}`) },
)

/** One item of `services:`. */
export const Service = mapping('a mapping with virtual, forwarding, servers and check', {
  virtual: words('an address and a port such as 192.0.2.100:80 or "[2001:db8::1]:80"', (text) => {
    const endpoint = parseEndpoint(text)
    return endpoint?.port === undefined ? undefined : { ...endpoint, port: endpoint.port }
  }),
  protocol: oneOf('tcp', 'udp').default('tcp'),
  scheduler: line("a scheduler's name such as wlc, at most 15 of a-z, 0-9, _ and -", /^[a-z0-9_-]{1,15}$/).default(
    'wlc',
  ),
  persistence: Persistence.optional(),
  forwarding: oneOf('direct', 'tunnel', 'masquerade'),
  servers: z
    .array(ServerItem, { error: 'a list of at least one server' })
    .min(1, { error: 'a list of at least one server' }),
  check: Check,
  ...policyFields,
})

/** The whole file; each service is judged by itself, so that an error in one hides none in another. */
export const File = mapping('a mapping with services', {
  services: z
    .array(z.unknown(), { error: 'a list of at least one service' })
    .min(1, { error: 'a list of at least one service' }),
  reconcile: duration(100, 3_600_000).default(5000),
  guard: Guard.prefault(true),
  resolveInterval: duration(1000, 86_400_000).default(30_000),
  reloadOnChange: z.boolean({ error: 'true or false' }).default(false),
  stateDirectory: line('an absolute path', /^\//, 4096).optional(),
  controlSocket: line('an absolute path of at most 100 characters', /^\//, 100).optional(),
  nodeStates: line('an absolute path', /^\//, 4096).optional(),
  alerts: Alerts,
  hooks: Hooks,
})
