/** Mon's monitors and alerts in the daemon's words. */
import type { CheckKind, DraftAlert, DraftServer, DraftService, Notes, Place } from './model.js'
import type { MonAlert, MonPeriod } from './mon.js'
import { bodyOf } from './expression.js'
import { GREETINGS, isMailAddress, portOf, isCommand } from './words.js'

/** A monitor as a check: its own port and deadline, where its arguments or its defaults say them. */
export interface MonitorCheck {
  readonly check: CheckKind
  readonly port?: number | undefined
  readonly timeoutMs?: number | undefined
}

type Options = ReadonlyMap<string, string>

/** http.monitor: HTTP 200, 301, 302 and 401 pass, a match of -m passes whatever the status. */
function httpCheck(options: Options, place: Place, notes: Notes): CheckKind {
  const expression = options.get('m') || undefined
  // It is matched against the headers, too, which is where a caret stands.
  const isOfBody = expression !== undefined && !/(^|[^\\[])\^/.test(expression)
  const body = isOfBody ? bodyOf(expression, { dotAll: true }) : undefined
  if (expression !== undefined && body === undefined)
    notes.add(
      place,
      `-m ${expression}`,
      'an expression is one of JavaScript, and of the body alone',
      'set check.body, or check by a script',
    )
  const agent = options.get('a')
  const isAgent = agent !== undefined && /^[!-~]([ -~]{0,254}[!-~])?$/.test(agent)
  if (agent !== undefined && !isAgent)
    notes.add(place, `-a ${agent}`, 'a header is printable ASCII', 'set check.headers')
  const path = options.get('u') ?? '/'
  const isPath = /^\/[!-~]*$/.test(path)
  if (!isPath) notes.add(place, `-u ${path}`, 'a path is printable ASCII that begins with /', 'it became /')
  return {
    type: 'http',
    path: isPath ? path : '/',
    ...(isAgent && { headers: { 'User-Agent': agent } }),
    status: body === undefined ? [200, 301, 302, 401] : '100-599',
    ...(body !== undefined && { body }),
  }
}

/** These monitors call hostname() in a way that Perl refuses since 5.36: with any server they fail. */
function greetingCheck(protocol: 'pop' | 'imap' | 'nntp') {
  return (_: Options, place: Place, notes: Notes): CheckKind => {
    const why = 'this monitor fails with every server since Perl 5.36'
    notes.add(place, `${protocol} monitor`, why, 'the greeting is checked; or check by a script that logs in')
    return { type: 'sendExpect', expect: GREETINGS[protocol] }
  }
}

interface Known {
  /** As getopts(3) has it. */
  readonly options: string
  readonly port?: number
  readonly timeoutSeconds: number
  readonly check: (options: Options, place: Place, notes: Notes) => CheckKind
}

const KNOWN: Readonly<Record<string, Known>> = {
  'http.monitor': { options: 'p:t:u:a:m:o', port: 80, timeoutSeconds: 30, check: httpCheck },
  'tcp.monitor': { options: 'p:t:', timeoutSeconds: 10, check: () => ({ type: 'tcp' }) },
  'smtp.monitor': { options: 'p:t:', port: 25, timeoutSeconds: 30, check: () => ({ type: 'smtp' }) },
  'pop3.monitor': { options: 'p:t:', port: 110, timeoutSeconds: 30, check: greetingCheck('pop') },
  'imap.monitor': { options: 'm:p:t:', port: 143, timeoutSeconds: 30, check: greetingCheck('imap') },
  'nntp.monitor': { options: 'fg:p:t:d:u:a:', port: 119, timeoutSeconds: 30, check: greetingCheck('nntp') },
  'fping.monitor': { options: 'ahr:s:t:T', timeoutSeconds: 2, check: () => ({ type: 'icmp' }) },
  'ping.monitor': { options: '', timeoutSeconds: 10, check: () => ({ type: 'icmp' }) },
}

/** The seed's scripts: they ask http.monitor -t 3 of each node that is online, and the daemon keeps that state itself. */
const CLUSTER_HTTP: MonitorCheck = { check: { type: 'http', path: '/', status: [200, 301, 302, 401] }, timeoutMs: 3000 }

/** Where Debian's package has its monitors, and the daemon looks for them. */
const DEBIAN_DIRECTORIES = '/usr/lib/mon/mon.d:/usr/lib/mon/mon-local.d'

/** What stands behind `monitor`; `directories` is where Mon looks for one that is named without a folder. */
export function monitorCheck(
  words: readonly string[],
  directories: readonly string[],
  place: Place,
  notes: Notes,
): MonitorCheck {
  const [path = '', ...rest] = words
  const args = rest.at(-1) === ';;' ? rest.slice(0, -1) : rest
  if (args.length < rest.length)
    notes.add(place, words.join(' '), 'a monitor always gets the host that it checks', 'see that it can live with that')
  const name = path.replace(/^.*\//, '')
  if (name === 'cluster_http.monitor') return CLUSTER_HTTP
  const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined
  const options = known && optionsOf(args, known.options)
  if (known === undefined || options === undefined)
    return { check: monCheck(path, name, args, directories, place, notes) }
  const port = options.get('p')
  const seconds = Number(options.get('t') ?? known.timeoutSeconds)
  return {
    check: known.check(options, place, notes),
    port: port === undefined ? known.port : portOf(port),
    timeoutMs: (seconds > 0 && name !== 'fping.monitor' ? seconds : known.timeoutSeconds) * 1000,
  }
}

/** A monitor that the daemon runs as Mon does. */
function monCheck(
  path: string,
  name: string,
  args: readonly string[],
  directories: readonly string[],
  place: Place,
  notes: Notes,
): CheckKind {
  const folder = path.slice(0, -name.length - 1)
  const folders = folder === '' ? directories : [folder]
  const isDefault = folders.length === 0 || folders.join(':') === DEBIAN_DIRECTORIES
  // cluster_http.monitor as its copies are: it looks at every node, whichever it is given.
  if (name.startsWith('cluster_'))
    notes.add(
      place,
      name,
      'it is run for one server at a time, whose address is its last word',
      'have it look at that one alone, or one bad node takes all out',
    )
  const isRunnable = /^\w[\w.+-]{0,254}$/.test(name) && (folder === '' || isCommand(folder)) && isCommand('/', ...args)
  if (isRunnable)
    return {
      type: 'mon',
      monitor: name,
      ...(args.length > 0 && { args }),
      ...(!isDefault && { directories: folders }),
    }
  const why = 'a monitor has a name of letters, digits and . _ + -, and no {address} or {port} in its words'
  notes.add(place, [path, ...args].join(' '), why, 'the servers are checked by ICMP until you write it')
  return { type: 'icmp' }
}

/** `-p 80 -t3 -o`; undefined where something else stands there. */
function optionsOf(args: readonly string[], letters: string): Options | undefined {
  const options = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const [, letter = '', attached = ''] = /^-(\w)(.*)$/.exec(args[i] ?? '') ?? []
    const at = letters.indexOf(letter)
    if (letter === '' || at < 0) return undefined
    if (letters[at + 1] !== ':') options.set(letter, '')
    else options.set(letter, attached === '' ? (args[++i] ?? '') : attached)
  }
  return options
}

const MAIL_ALERTS = ['mail.alert', 'cluster_mail.alert']
/** Alerts that did the failover itself. */
const FAILOVER_ALERT = /^(node_up|nodeup|\w+_down)\.alert$/

export type AlertOf = Omit<DraftAlert, 'services'> & { readonly of: readonly DraftService[] }

/** The alerts of a period for a service; an alert and an upalert that are the same program are one. */
export function alertsOf(
  { alerts, period, numalerts, alertafter, alertevery }: MonPeriod,
  directory: string,
  service: DraftService,
  notes: Notes,
): readonly AlertOf[] {
  const limits = {
    ...(numalerts !== undefined && numalerts > 0 && { numalerts }),
    ...(alertafter !== undefined && { alertafter }),
    ...(alertevery !== undefined && { alertevery }),
    ...(period !== undefined && { period }),
  }
  const sinks = new Map<string, { sink: DraftAlert['sink']; events: ('down' | 'up')[] }>()
  for (const alert of alerts) {
    const sink = sinkOf(alert, directory, notes)
    if (sink === undefined) continue
    const key = JSON.stringify(sink)
    const known = sinks.get(key) ?? { sink, events: [] }
    if (!known.events.includes(alert.event)) known.events.push(alert.event)
    sinks.set(key, known)
  }
  return [...sinks.values()].map(({ sink, events }) => ({ sink, events, ...limits, of: [service] }))
}

function sinkOf({ place, program, args }: MonAlert, directory: string, notes: Notes): DraftAlert['sink'] | undefined {
  const name = program.replace(/^.*\//, '')
  const shown = [program, ...args].join(' ')
  if (FAILOVER_ALERT.test(name)) {
    notes.add(
      place,
      shown,
      'the daemon itself takes failed servers out and puts them back',
      'run no such script beside it',
    )
    return undefined
  }
  const command = program.startsWith('/') ? program : `${directory}/${program}`
  const exec = { exec: { command, ...(args.length > 0 && { args }) } }
  if (!MAIL_ALERTS.includes(name)) return exec
  const mail = mailOf(args)
  if (mail !== undefined) return mail
  // A subject of its own: mail has Mon's.
  const isProgram = name === 'mail.alert' && args.includes('-S') && args.some(isMailAddress)
  return isProgram ? exec : noteMail(place, shown, notes)
}

/** mail.alert [-f from] [-S subject] address …; it hands its mail to this host's own mail system. */
function mailOf(args: readonly string[]): DraftAlert['sink'] | undefined {
  const to: string[] = []
  let from: string | undefined
  for (let i = 0; i < args.length; i++) {
    const word = args[i] ?? ''
    if (word === '-f') from = args[++i]
    else if (isMailAddress(word)) to.push(word)
    else return undefined
  }
  if (to.length === 0) return undefined
  return { mail: { to, ...(from !== undefined && { from }), server: 'smtp://localhost' } }
}

function noteMail(place: Place, shown: string, notes: Notes): undefined {
  notes.add(place, shown, 'these words are no mail addresses', 'add a mail alert by hand')
}

/** The servers that a service gets from a hostgroup, without those that are excluded. */
export const without = (servers: readonly DraftServer[], hosts: readonly string[]): readonly DraftServer[] =>
  servers.filter(({ host }) => host === undefined || !hosts.includes(host))
