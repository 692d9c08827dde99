/** The shape of `alerts:` and `hooks:`. */
import { hostname } from 'node:os'
import type * as z from 'zod'
import {
  absolutePath,
  argument,
  authorities,
  duration,
  integer,
  line,
  list,
  mapping,
  oneOf,
  programUser,
  scalar,
  shorter,
  words,
} from '../fields.js'
import { durationPattern, parseDuration } from '../scalars.js'
import { secretFile } from '../secrets.js'
import { parsePeriod } from './periods.js'

const url = (expected: string, ...schemes: readonly string[]) => {
  const pattern = `^(?:${schemes.join('|')})://`
  return words(
    expected,
    (text) => {
      const parsed = URL.canParse(text) && !/[\p{C}\s]/u.test(text) ? new URL(text) : undefined
      return new RegExp(pattern).test(text) && parsed?.hostname !== '' && parsed?.password === '' ? text : undefined
    },
    { pattern },
  )
}

/** Without a domain it is an account of the mail server's host. */
const mailAddress = () => line('a mail address such as ops@example.net', /^[^\s@<>,;:"()[\]\\]+(@[\w.-]+)?$/, 254)
const Mail = mapping('a mapping with to, from and server', {
  to: list('a list of mail addresses', mailAddress(), 1).meta({
    description: 'Whom the mail is for.',
    example: ['ops@example.net'],
  }),
  from: mailAddress()
    .meta({
      description: 'From whom it is.',
      otherwise: '`ipvs-failover@` and the name of this host',
      example: 'lvs@example.net',
    })
    .default(`ipvs-failover@${hostname()}`),
  server: url(
    'a URL such as smtps://user@mail.example.net:465 or smtp://mail.example.net, without password',
    'smtp',
    'smtps',
  ).meta({
    description: 'The mail server. With a user, STARTTLS is required of smtp.',
    example: 'smtps://user@mail.example.net:465',
  }),
  passwordFile: secretFile("The user's password, read for each mail.")
    .meta({ otherwise: 'none', example: '/etc/ipvs-failover/smtp' })
    .optional(),
  ca: authorities(),
  digest: duration(0, 3_600_000).prefault('30s').describe('What comes within this time is one mail.'),
  timeout: duration(1000, 600_000).prefault('30s').describe('For a whole mail.'),
})

const Exec = mapping('a mapping with command', {
  command: absolutePath().meta({
    description: "The program, which gets Mon's arguments and environment.",
    example: '/usr/lib/mon/alert.d/mail.alert',
  }),
  args: list('a list of arguments', argument())
    .prefault([])
    .meta({
      description: "Further arguments, after Mon's.",
      example: ['root'],
    }),
  user: programUser(),
  timeout: duration(100, 600_000).prefault('30s').describe('For a whole run.'),
})

const Webhook = mapping('a mapping with url', {
  url: url('an http or https URL without password', 'http', 'https').meta({
    description: 'Where JSON is posted. A redirect is a failure.',
    example: 'https://hooks.example.net/lvs',
  }),
  headersFile: secretFile('Further headers, lines `Name: value`.')
    .meta({ otherwise: 'none', example: '/etc/ipvs-failover/headers' })
    .optional(),
  timeout: duration(100, 60_000).prefault('5s').describe('For a whole request.'),
})

const facilities = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...Array.from({ length: 8 }, (_, i) => `local${i}`),
]

const Syslog = mapping('a mapping with facility, tag and server', {
  facility: oneOf(...facilities)
    .prefault('daemon')
    .describe('Facility of its lines.'),
  tag: line('a tag of at most 32 letters, digits, _, . and -', /^\w[\w.-]{0,31}$/)
    .prefault('ipvs-failover')
    .describe('Tag of its lines.'),
  server: url('a URL such as udp://192.0.2.5:514 or tcp://192.0.2.5:601', 'udp', 'tcp')
    .meta({ description: 'Where they go.', otherwise: 'the local one, or the journal', example: 'udp://192.0.2.5:514' })
    .optional(),
})

const period = words("a period in Mon's notation such as 'wd {Mon-Fri} hr {9am-5pm}', '' or none", parsePeriod)

const alertAfter = scalar(
  "Mon's alertafter: a count such as 3, a time such as 10m, or both such as '3 10m'",
  (value) => {
    const [, count, time] = /^(?:(\d{1,6})(?:\s+|$))?(\S+)?$/.exec(String(value).trim()) ?? []
    const withinMs = time === undefined ? undefined : parseDuration(time)
    if ((time !== undefined && withinMs === undefined) || (count === undefined && withinMs === undefined))
      return undefined
    return count === '0' ? undefined : { count: count === undefined ? undefined : Number(count), withinMs }
  },
  {
    anyOf: [
      { type: 'integer', minimum: 1, maximum: 999_999 },
      { type: 'string', pattern: `^\\s*(?:\\d{1,6}|(?:\\d{1,6}\\s+)?${durationPattern})\\s*$` },
    ],
  },
)

const everyWords = ['strict', 'observe_detail', 'ignore_summary'] as const

const alertEvery = words(
  `Mon's alertevery: a time such as 1h, then ${everyWords.join(', ')} or nothing`,
  (text) => {
    const [, time = '', word] = /^(\S+)(?:\s+(\S+))?$/.exec(text.trim()) ?? []
    const ms = parseDuration(time)
    const by = word === undefined ? ('summary' as const) : everyWords.find((known) => known === word)
    return ms === undefined || by === undefined ? undefined : { ms, by }
  },
  { pattern: `^\\s*${durationPattern}(?:\\s+(?:${everyWords.join('|')}))?\\s*$` },
)

const serviceList = (what: string) =>
  list('a list of services', line('a service such as 192.0.2.100:80 or tcp 192.0.2.100:80', /./, 100))
    .meta({ description: what, otherwise: 'all', example: ['192.0.2.100:80', 'udp 192.0.2.100:53'] })
    .optional()

const sinks = ['mail', 'exec', 'webhook', 'syslog'] as const

const AlertRule = mapping('a mapping with one of mail, exec, webhook and syslog', {
  mail: Mail.describe('A mail.').optional(),
  exec: Exec.describe(
    "A program, such as those of Mon's alert.d. One at a time, not repeated when it fails.",
  ).optional(),
  webhook: Webhook.describe('A request to a web server.').optional(),
  syslog: Syslog.describe(
    'A line of the system log, by logger(1): severity err for ALERT, notice for UPALERT.',
  ).optional(),
  services: serviceList('The services that it is about.'),
  events: list('a list of events', oneOf('down', 'up', 'quorum', 'config', 'kernel', 'guard', 'role'))
    .prefault(['down', 'up'])
    .describe(
      'What is told: `down` and `up` of a server; lost and back are `quorum` of a service, `config` (a file that can be used), ' +
        '`kernel` (a table that can be written), `guard` (most hosts failed at once) and `role` (master or backup beside other directors).',
    ),
  numalerts: integer('a number of alerts', 1, 1_000_000)
    .meta({ description: 'At most so many in one outage.', otherwise: 'no limit', example: 1 })
    .optional(),
  alertafter: alertAfter
    .meta({
      description: 'Not before so many failing results in a row, so long a failure, or so many results within a time.',
      otherwise: 'at once',
      example: '3 10m',
    })
    .optional(),
  alertevery: alertEvery
    .meta({
      description:
        'No repeat sooner than this, unless the summary changes (`observe_detail`: or the detail; `ignore_summary`: whatever ' +
        'changes; `strict`: not even after a recovery).',
      otherwise: 'every result',
      example: '1h',
    })
    .optional(),
  period: period
    .meta({
      description: "When, in Mon's notation and local time; '' is always. `hr {9am-5pm}` ends at 17:59:59.",
      otherwise: 'always',
      example: 'wd {Mon-Fri} hr {9am-4pm}',
    })
    .optional(),
})
  .refine((rule) => sinks.filter((name) => rule[name] !== undefined).length === 1, {
    error: 'exactly one of mail, exec, webhook and syslog',
  })
  .meta({ oneOf: sinks.map((sink) => ({ required: [sink] })) })

/** What stands for the server in a hook's command, always as a whole argument. */
export const placeholders = ['{address}', '{port}', '{server}', '{name}', '{service}', '{from}', '{to}'] as const

const hookStates = ['online', 'failed', 'offline', 'draining', 'disabled'] as const
const hookOn = oneOf('up', ...hookStates)

const Hook = mapping('a mapping with on and command', {
  on: shorter(
    [{ enum: ['up', ...hookStates] }],
    (value): unknown[] => (Array.isArray(value) ? value : [value]),
    list(`a list of ${hookStates.join(', ')}`, hookOn, 1).meta({ value: 'a list of these' }),
  ).meta({ description: 'The new state of the server, or a list of these; `up` is `online`.', example: 'up' }),
  command: list(
    'a list: an absolute path and its arguments',
    words(
      `an argument; in braces only ${placeholders.join(' ')}, as a whole argument`,
      (text) =>
        !text.includes('\0') && (!/[{}]/.test(text) || placeholders.some((known) => known === text)) ? text : undefined,
      { pattern: `^(?:[^{}\\u0000]*|${placeholders.map((word) => word.replace(/[{}]/g, '\\$&')).join('|')})$` },
    ),
  )
    .refine((command) => command[0]?.startsWith('/') === true, { error: 'a list: an absolute path and its arguments' })
    .meta({
      description: `An absolute path and its arguments, which no shell reads; one that is ${placeholders.map((word) => `\`${word}\``).join(', ')} is the value.`,
      example: ['/usr/local/sbin/vip-on-real-server', '{address}'],
    }),
  services: serviceList('The services whose servers it is about.'),
  user: programUser(),
  timeout: duration(100, 600_000).prefault('30s').describe('For a whole run.'),
})

export const Alerts = list('a list of alerts', AlertRule).prefault([])
export const Hooks = list('a list of hooks', Hook).prefault([])

export type AlertRule = z.output<typeof AlertRule>
export type Hook = z.output<typeof Hook>
export type MailOptions = z.output<typeof Mail>
export type ExecOptions = z.output<typeof Exec>
export type WebhookOptions = z.output<typeof Webhook>
export type SyslogOptions = z.output<typeof Syslog>
