/** Where alerts go. Each sink sends what it is given before its deadline, or rejects with the reason. */
import { createTransport } from 'nodemailer'
import { programFailure, runProgram } from '../programs.js'
import { readSecret, readSecretLine } from '../secrets.js'
import { oneLine } from './events.js'
import type { Alert } from './events.js'
import type { AlertRule, ExecOptions, MailOptions, SyslogOptions, WebhookOptions } from './schema.js'

export interface Sink {
  readonly name: string
  /** Alerts of this time go out together. */
  readonly digestMs: number
  /** At most so many at once. */
  readonly batch: number
  /** Whether what failed is tried again. */
  readonly retries: boolean
  send(alerts: readonly Alert[], dropped: number): Promise<void>
}

export function openSink({ mail, exec, webhook, syslog }: AlertRule): Sink {
  if (mail !== undefined) return mailSink(mail)
  if (exec !== undefined) return execSink(exec)
  if (webhook !== undefined) return webhookSink(webhook)
  return syslogSink(syslog ?? { facility: 'daemon', tag: 'ipvs-failover' })
}

/** `Thu Nov 26 10:15:00`, by the system's clocks. */
const monTime = (at: number) => new Date(at).toString().replace(/^(\w+ \w+ \d+) \d+ ([\d:]+).*$/, '$1 $2')

const word = ({ kind }: Alert) => (kind === 'up' ? 'UPALERT' : 'ALERT')

/** Mon's subject: `ALERT group/service: summary (time)`. */
const subject = (alert: Alert) =>
  `${word(alert)} ${alert.group}/${alert.service}: ${oneLine(alert.summary, 200)} (${monTime(alert.at)})`

/** As mail: one alert in Mon's words, several as a list. */
export function composeMail(alerts: readonly Alert[], dropped: number): { subject: string; text: string } {
  const lost = dropped > 0 ? `${dropped} older alerts were dropped.\n` : ''
  const [first, ...more] = alerts
  if (first !== undefined && more.length === 0)
    return {
      subject: subject(first),
      text: `${lost}
Group                 : ${first.group}
Service               : ${first.service}
Time noticed          : ${new Date(first.at).toString()}
Members               : ${first.hosts.join(' ')}

Detailed text (if any) follows:
-------------------------------
${first.detail}
`,
    }
  const downs = alerts.filter(({ kind }) => kind === 'down').length
  const kind = downs === 0 ? 'UPALERT' : 'ALERT'
  return {
    subject: `${kind} ipvs-failover: ${downs} down, ${alerts.length - downs} up (${monTime(alerts.at(-1)?.at ?? 0)})`,
    text: `${lost}${alerts.map(subject).join('\n')}\n`,
  }
}

function mailSink({ to, from, server, passwordFile, ca, digest, timeout }: MailOptions): Sink {
  const { protocol, hostname, port, username } = new URL(server)
  const secure = protocol === 'smtps:'
  return {
    name: `mail by ${hostname}`,
    digestMs: digest,
    batch: 1000,
    retries: true,
    async send(alerts, dropped) {
      const user = decodeURIComponent(username)
      const pass = passwordFile === undefined ? '' : readSecretLine(passwordFile)
      const transport = createTransport({
        host: hostname.replace(/^\[|\]$/g, ''),
        port: port === '' ? (secure ? 465 : 25) : Number(port),
        secure,
        // A password is never sent in the clear.
        requireTLS: !secure && user !== '',
        ...(user === '' ? {} : { auth: { user, pass } }),
        tls: ca === undefined ? {} : { ca },
        pool: true,
        maxConnections: 1,
        connectionTimeout: timeout,
        greetingTimeout: timeout,
        socketTimeout: timeout,
        disableFileAccess: true,
        disableUrlAccess: true,
      })
      try {
        await before(timeout, transport.sendMail({ from, to: [...to], ...composeMail(alerts, dropped) }))
      } finally {
        transport.close()
      }
    },
  }
}

/** Rejects at the deadline; what it waited for is no longer listened to. */
async function before(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`expected an end within ${ms} ms`)), ms)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Mon's arguments, environment and standard input. */
export function monProgram(alert: Alert, args: readonly string[]) {
  const seconds = (at: number) => String(Math.floor(at / 1000))
  const { kind, group, service, hosts, output, firstFailure, lastFailure } = alert
  const flags = kind === 'up' ? ['-u'] : []
  const optional = (name: string, at: number | undefined) => (at === undefined ? {} : { [name]: seconds(at) })
  return {
    args: ['-s', service, '-g', group, '-h', hosts.join(' '), '-t', seconds(alert.at), ...flags, ...args],
    stdin: `${output}\n`,
    env: {
      MON_GROUP: group,
      MON_SERVICE: service,
      MON_ALERTTYPE: kind === 'up' ? 'up' : 'failure',
      MON_LAST_SUMMARY: alert.summary,
      MON_LAST_OUTPUT: alert.detail,
      MON_RETVAL: kind === 'up' ? '0' : '1',
      // Mon's numbers: 0 failing, 1 all right.
      MON_OPSTATUS: kind === 'up' ? '1' : '0',
      ...optional('MON_FIRST_FAILURE', firstFailure),
      ...optional('MON_LAST_FAILURE', lastFailure),
      ...optional('MON_LAST_SUCCESS', kind === 'up' ? alert.at : undefined),
    },
  }
}

function execSink({ command, args, user, timeout }: ExecOptions): Sink {
  return {
    name: `exec ${command}`,
    digestMs: 0,
    batch: 1,
    // It may have done half of its work.
    retries: false,
    async send(alerts) {
      for (const alert of alerts) {
        const program = monProgram(alert, args)
        await mustRun([command, ...program.args], program.env, program.stdin, timeout, user)
      }
    },
  }
}

async function mustRun(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  stdin: string,
  timeoutMs: number,
  user?: string,
): Promise<void> {
  const failure = programFailure(await runProgram(argv, { env, stdin, timeoutMs, user }))
  if (failure !== undefined) throw new Error(failure)
}

function webhookSink({ url, headersFile, timeout }: WebhookOptions): Sink {
  return {
    name: `webhook ${new URL(url).host}`,
    digestMs: 0,
    batch: 100,
    retries: true,
    async send(alerts, dropped) {
      const headers = new Headers({ 'content-type': 'application/json' })
      for (const line of headersFile === undefined ? [] : readSecret(headersFile).split('\n')) {
        const [, name, value = ''] = /^([\w-]+):\s*(.*?)\s*$/.exec(line) ?? []
        if (name !== undefined) headers.set(name, value)
      }
      const body = JSON.stringify({
        version: 1,
        dropped,
        alerts: alerts.map(({ at, kind, group, service, hosts, summary, detail }) => ({
          ...{ time: new Date(at).toISOString(), kind, group, service, hosts, summary, detail },
        })),
      })
      const signal = AbortSignal.timeout(timeout)
      const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal })
      await answer.body?.cancel()
      if (!answer.ok) throw new Error(`expected a status from 200 to 299, found ${answer.status}`)
    },
  }
}

/** By logger(1): Node has no Unix datagrams. */
function syslogSink({ facility, tag, server }: SyslogOptions): Sink {
  const { protocol, hostname, port } = new URL(server ?? 'unix://local')
  const host = hostname.replace(/^\[|\]$/g, '')
  const remote = ['--server', host, protocol === 'tcp:' ? '--tcp' : '--udp', '--port', port === '' ? '514' : port]
  const argv = [
    ...['logger', '--tag', tag, '--priority', `${facility}.err`, '--prio-prefix', '--size', '2KiB'],
    ...(server === undefined ? ['--socket-errors=on'] : remote),
  ]
  return {
    name: server === undefined ? 'syslog' : `syslog ${host}`,
    digestMs: 0,
    batch: 100,
    retries: true,
    async send(alerts, dropped) {
      const lost = dropped > 0 ? [`<3>${dropped} older alerts were dropped`] : []
      const lines = alerts.map((alert) => {
        const about = `${word(alert)} ${alert.group}/${alert.service}: ${alert.summary}`
        return `<${alert.kind === 'up' ? 5 : 3}>${oneLine(about, 1000)}`
      })
      await mustRun(argv, {}, `${[...lost, ...lines].join('\n')}\n`, 5000)
    },
  }
}
