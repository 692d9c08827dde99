/** The shape of `alerts:` and `hooks:`. */
import { readFileSync, statSync } from 'node:fs'
import { hostname } from 'node:os'
import * as z from 'zod'
import { duration, integer, line, mapping, oneOf, pemFile, scalar, words } from '../fields.js'
import { parseDuration } from '../scalars.js'
import { parsePeriod } from './periods.js'

/** Reads a file with a secret in it. Throws what is wrong with it: it must be a regular file that its owner alone can read. */
export function readSecret(path: string): string {
  const { mode } = statSync(path)
  if ((mode & 0o170000) !== 0o100000 || (mode & 0o077) !== 0)
    throw new Error(`expected a regular file of mode 0600 or 0400, found mode 0${(mode & 0o7777).toString(8)}: ${path}`)
  return readFileSync(path, 'utf8').slice(0, 65536)
}

const secretFile = words('an absolute path of a readable file of mode 0600 or 0400', (path) => {
  try {
    return path.startsWith('/') && readSecret(path) !== '' ? path : undefined
  } catch {
    return undefined
  }
})

const url = (expected: string, ...schemes: readonly string[]) =>
  words(expected, (text) => {
    const parsed = URL.canParse(text) && !/[\p{C}\s]/u.test(text) ? new URL(text) : undefined
    return parsed?.hostname !== '' && schemes.includes(parsed?.protocol ?? '') && parsed?.password === ''
      ? text
      : undefined
  })

/** Without a domain it is an account of the mail server's host. */
const mailAddress = line('a mail address such as ops@example.net', /^[^\s@<>,;:"()[\]\\]+(@[\w.-]+)?$/, 254)
const absolutePath = line('an absolute path', /^\//, 4096)
const argument = words('an argument of at most 4096 characters without NUL', (text) =>
  text.length <= 4096 && !text.includes('\0') ? text : undefined,
)
const argumentList = z.array(argument, { error: 'a list of arguments' })
const user = line("a user's name", /^[a-z_][a-z0-9_-]{0,31}$/)

const Mail = mapping('a mapping with to, from and server', {
  to: z.array(mailAddress, { error: 'a list of mail addresses' }).min(1, { error: 'a list of mail addresses' }),
  from: mailAddress.default(`ipvs-failover@${hostname()}`),
  server: url(
    'a URL such as smtps://user@mail.example.net:465 or smtp://mail.example.net, without password',
    'smtp:',
    'smtps:',
  ),
  passwordFile: secretFile.optional(),
  ca: pemFile.optional(),
  digest: duration(0, 3_600_000).default(30_000),
  timeout: duration(1000, 600_000).default(30_000),
})

const Exec = mapping('a mapping with command', {
  command: absolutePath,
  args: argumentList.default([]),
  user: user.optional(),
  timeout: duration(100, 600_000).default(30_000),
})

const Webhook = mapping('a mapping with url', {
  url: url('an http or https URL without password', 'http:', 'https:'),
  headersFile: secretFile.optional(),
  timeout: duration(100, 60_000).default(5000),
})

const facilities = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...Array.from({ length: 8 }, (_, i) => `local${i}`),
]

const Syslog = mapping('a mapping with facility, tag and server', {
  facility: oneOf(...facilities).default('daemon'),
  tag: line('a tag of at most 32 letters, digits, _, . and -', /^\w[\w.-]{0,31}$/).default('ipvs-failover'),
  server: url('a URL such as udp://192.0.2.5:514 or tcp://192.0.2.5:601', 'udp:', 'tcp:').optional(),
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
)

const alertEvery = words(
  "Mon's alertevery: a time such as 1h, then strict, observe_detail, ignore_summary or nothing",
  (text) => {
    const [, time = '', word] = /^(\S+)(?:\s+(strict|observe_detail|ignore_summary))?$/.exec(text.trim()) ?? []
    const ms = parseDuration(time)
    return ms === undefined
      ? undefined
      : { ms, by: (word ?? 'summary') as 'summary' | 'strict' | 'observe_detail' | 'ignore_summary' }
  },
)

const serviceList = z.array(line('a service such as 192.0.2.100:80 or tcp 192.0.2.100:80', /./, 100), {
  error: 'a list of services',
})

const sinks = ['mail', 'exec', 'webhook', 'syslog'] as const

const AlertRule = mapping('a mapping with one of mail, exec, webhook and syslog', {
  mail: Mail.optional(),
  exec: Exec.optional(),
  webhook: Webhook.optional(),
  syslog: Syslog.optional(),
  services: serviceList.optional(),
  events: z
    .array(oneOf('down', 'up', 'quorum', 'config', 'kernel', 'guard'), { error: 'a list of events' })
    .default(['down', 'up']),
  numalerts: integer('a number of alerts', 1, 1_000_000).optional(),
  alertafter: alertAfter.optional(),
  alertevery: alertEvery.optional(),
  period: period.optional(),
}).refine((rule) => sinks.filter((name) => rule[name] !== undefined).length === 1, {
  error: 'exactly one of mail, exec, webhook and syslog',
})

/** What stands for the server in a hook's command, always as a whole argument. */
export const placeholders = ['{address}', '{port}', '{server}', '{name}', '{service}', '{from}', '{to}'] as const

const hookStates = ['online', 'failed', 'offline', 'draining', 'disabled'] as const
const hookOn = oneOf('up', ...hookStates)

const Hook = mapping('a mapping with on and command', {
  on: z.preprocess(
    (value): unknown[] => (Array.isArray(value) ? value : [value]),
    z.array(hookOn).min(1, { error: `a list of ${hookStates.join(', ')}` }),
  ),
  command: z
    .array(
      words(`an argument; in braces only ${placeholders.join(' ')}, as a whole argument`, (text) =>
        !text.includes('\0') && (!/[{}]/.test(text) || placeholders.some((known) => known === text)) ? text : undefined,
      ),
      { error: 'a list: an absolute path and its arguments' },
    )
    .refine((command) => command[0]?.startsWith('/') === true, { error: 'a list: an absolute path and its arguments' }),
  services: serviceList.optional(),
  user: user.optional(),
  timeout: duration(100, 600_000).default(30_000),
})

export const Alerts = z.array(AlertRule, { error: 'a list of alerts' }).default([])
export const Hooks = z.array(Hook, { error: 'a list of hooks' }).default([])

export type AlertRule = z.output<typeof AlertRule>
export type Hook = z.output<typeof Hook>
export type MailOptions = z.output<typeof Mail>
export type ExecOptions = z.output<typeof Exec>
export type WebhookOptions = z.output<typeof Webhook>
export type SyslogOptions = z.output<typeof Syslog>
