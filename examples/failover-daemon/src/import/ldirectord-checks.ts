/** What ldirectord asks of a server, as a check. */
import type { Option, Options, Section } from './ldirectord-lines.js'
import { unquoted } from './ldirectord-lines.js'
import { ImportError } from './model.js'
import type { CheckKind, DraftTiming, Notes } from './model.js'
import { bodyOf } from './expression.js'
import type { Body } from './expression.js'
import { GREETINGS, literalOf, isCommand } from './words.js'

/** ldirectord's own choice of a service by the port. */
const SERVICES: Readonly<Record<number, string>> = {
  ...{ 21: 'ftp', 25: 'smtp', 53: 'dns', 80: 'http', 110: 'pop', 119: 'nntp', 143: 'imap', 389: 'ldap', 443: 'https' },
  ...{ 587: 'submission', 636: 'ldaps', 993: 'imaps', 995: 'pops', 1521: 'oracle', 1812: 'radius', 3128: 'http_proxy' },
  ...{ 3306: 'mysql', 5432: 'pgsql', 5060: 'sip' },
}

const BY_TLS = ['pops', 'imaps', 'ldaps']

interface Asked {
  readonly section: Section
  readonly options: Options
  /** Of the virtual. */
  readonly address: string
  readonly port: number
  readonly protocol: string
  /** Of a real server, where it has a pair of its own. */
  readonly request: string | undefined
  readonly receive: string | undefined
}

/** undefined where ldirectord would never put a server in. */
export function checkOf(asked: Asked, notes: Notes): CheckKind | undefined {
  const { section, options, protocol } = asked
  const option = options.own('checktype')
  const type = option?.value ?? 'negotiate'
  const add = (what: string, why: string, instead: string) =>
    notes.add(option?.place ?? section.place, what, why, instead)
  if (type === 'connect') return protocol === 'udp' ? { type: 'icmp' } : { type: 'tcp' }
  if (type === 'ping') return { type: 'icmp' }
  if (type === 'off') {
    add('checktype = off', 'no server of it was ever in the table', 'the service was left out')
    return undefined
  }
  if (type === 'on') {
    add(
      'checktype = on',
      'every service is checked',
      `its servers are checked by ${protocol === 'udp' ? 'ICMP' : 'TCP'}`,
    )
    return protocol === 'udp' ? { type: 'icmp' } : { type: 'tcp' }
  }
  if (type === 'external' || type === 'external-perl') return scriptOf(asked, type, notes)
  if (/^\d+/.test(type)) add(`checktype = ${type}`, 'a service has one check', 'it negotiates every time')
  else if (type !== 'negotiate')
    throw new ImportError(
      (option ?? section).place,
      `checktype: expected connect, external, external-perl, negotiate, off, on, ping or a number, found ${JSON.stringify(type)}`,
    )
  return negotiated(asked, notes)
}

/** ldirectord gives it the virtual and the real address and port as its last four arguments. */
function scriptOf({ section, options, address, port, protocol }: Asked, type: string, notes: Notes): CheckKind {
  const command = options.own('checkcommand')
  const [path = '', ...args] = unquoted(command?.value ?? '/bin/true').split(/\s+/)
  const place = command?.place ?? section.place
  if (type === 'external-perl')
    notes.add(
      place,
      'external-perl',
      'it is run as a program, not read by a Perl that runs',
      'see that it is executable',
    )
  if (isCommand(path, ...args))
    return { type: 'script', command: [path, ...args, address, String(port), '{address}', '{port}'] }
  const needed = 'a script needs an absolute path, and no {address} or {port} in its words'
  notes.add(place, `checkcommand ${path}`, needed, 'its servers are checked by connecting')
  return protocol === 'udp' ? { type: 'icmp' } : { type: 'tcp' }
}

function negotiated(asked: Asked, notes: Notes): CheckKind {
  const { section, options, port, protocol } = asked
  const option = options.own('service')
  const service = option?.value ?? SERVICES[port] ?? 'none'
  const place = option?.place ?? section.place
  for (const name of ['login', 'passwd', 'database', 'secret', 'load']) {
    const found = options.own(name)
    if (found) notes.add(found.place, name, 'checks do not log in', 'check by a script that does')
  }
  const plain: CheckKind = protocol === 'udp' ? { type: 'icmp' } : { type: 'tcp' }
  const byPlain = protocol === 'udp' ? 'ICMP' : 'TCP'
  if (service === 'http' || service === 'https') return httpOf(asked, service === 'https', notes)
  if (service === 'smtp' || service === 'submission') return { type: 'smtp' }
  if (service === 'dns') return dnsOf(asked, notes)
  if (service === 'simpletcp') return simpleOf(asked, notes) ?? plain
  if (Object.hasOwn(GREETINGS, service)) {
    notes.add(place, `service = ${service}`, 'its greeting is checked, no login', 'check by a script that logs in')
    return { type: 'sendExpect', expect: GREETINGS[service] }
  }
  if (BY_TLS.includes(service)) {
    notes.add(place, `service = ${service}`, 'its handshake is checked, no login', 'check by a script that logs in')
    return { type: 'tls', tls: { verify: false } }
  }
  const why = service === 'none' ? 'ldirectord asked nothing' : `there is no check that speaks ${service}`
  notes.add(place, `service = ${service}`, why, `its servers are checked by ${byPlain}; or check by a script`)
  return plain
}

const receiveOf = ({ receive, options }: Asked): string | undefined => receive ?? options.text('receive')
const requestOf = ({ request, options }: Asked): string | undefined => request ?? options.text('request')

function placeOf({ section, options }: Asked, name: string): Option['place'] {
  return options.own(name)?.place ?? section.place
}

function httpOf(asked: Asked, isTls: boolean, notes: Notes): CheckKind {
  const { options } = asked
  const request = requestOf(asked) ?? '/'
  const url = /^https?:\/\/([^/]*)(\/.*)?$/.exec(request)
  if (url)
    notes.add(placeOf(asked, 'request'), request, "the server's own address is asked", 'see that the path is right')
  const path = url ? (url[2] ?? '/') : request.replace(/^(?!\/)/, '/')
  const isPath = /^\/[!-~]*$/.test(path) && path.length <= 1024
  if (!isPath) notes.add(placeOf(asked, 'request'), `request ${path}`, 'a path is printable ASCII', 'it became /')
  const host = options.text('virtualhost') ?? url?.[1]
  const isHost = host !== undefined && /^[\w.~-]{1,255}(:\d+)?$/.test(host)
  if (host !== undefined && !isHost)
    notes.add(placeOf(asked, 'virtualhost'), `virtualhost ${host}`, 'it is no host name', 'set check.host')
  const body = bodyOfReceive(asked, notes)
  return {
    type: 'http',
    path: isPath ? path : '/',
    ...methodOf(asked, body, notes),
    status: '200-299',
    ...(body !== undefined && { body }),
    ...(isHost && { host }),
    ...(isTls && { tls: { verify: false } }),
  }
}

function methodOf({ options }: Asked, body: Body | undefined, notes: Notes): { readonly method?: string } {
  const option = options.own('httpmethod')
  const method = option?.value.toUpperCase() ?? 'GET'
  if (method === 'HEAD' && body === undefined) return { method }
  if (option && method !== 'GET') {
    const why = method === 'HEAD' ? 'an answer to HEAD has no text to receive' : 'ldirectord knows GET and HEAD'
    notes.add(option.place, `httpmethod = ${option.value}`, why, 'it asks by GET')
  }
  return {}
}

function bodyOfReceive(asked: Asked, notes: Notes): Body | undefined {
  const receive = receiveOf(asked)
  const body = receive ? bodyOf(receive) : undefined
  if (receive && body === undefined)
    notes.add(
      placeOf(asked, 'receive'),
      `receive ${receive}`,
      'JavaScript has no such expression',
      'set check.body, or check by a script',
    )
  return body
}

/** What is to be received, where it is no expression. */
function plainText(asked: Asked, notes: Notes): string | undefined {
  const receive = receiveOf(asked)
  if (receive === undefined || receive === '') return undefined
  const text = literalOf(receive)
  if (text !== undefined && text !== '' && text.length <= 1024 && !/\p{C}/u.test(text)) return text
  const why = 'an answer is searched for plain text, not for an expression'
  notes.add(placeOf(asked, 'receive'), `receive ${receive}`, why, 'set it by hand, or check by a script')
  return undefined
}

function dnsOf(asked: Asked, notes: Notes): CheckKind {
  const name = (requestOf(asked) ?? '').replace(/^\//, '')
  if (receiveOf(asked))
    notes.add(
      placeOf(asked, 'receive'),
      'receive',
      'any answer without an error passes',
      'check by a script that compares it',
    )
  const quad = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(name)
  if (quad) return { type: 'dns', name: `${quad.slice(1).reverse().join('.')}.in-addr.arpa`, record: 'PTR' }
  if (/^[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(name) && name.length <= 254) return { type: 'dns', name, record: 'A' }
  if (name !== '')
    notes.add(placeOf(asked, 'request'), `request ${name}`, 'it is no domain name', 'the check asks for the root')
  return { type: 'dns', name: '.', record: 'SOA' }
}

function simpleOf(asked: Asked, notes: Notes): CheckKind | undefined {
  const send = (requestOf(asked) ?? '').replace(/^\//, '').replaceAll('\\n', '\n')
  const expect = plainText(asked, notes)
  if (expect !== undefined) return { type: 'sendExpect', ...(send !== '' && { send }), expect }
  notes.add(
    placeOf(asked, 'service'),
    'service = simpletcp',
    'nothing is told that must be answered',
    'set expect; it is checked by TCP',
  )
  return undefined
}

/** A server is out after failurecount failures, and in again at once. */
export function timingOf(options: Options, isForking: boolean, notes: Notes): DraftTiming {
  const own = options.own('checkinterval')
  if (own && !isForking)
    notes.add(own.place, 'checkinterval', 'without fork = yes ldirectord minds the global one only', 'here it counts')
  const type = options.own('checktype')?.value ?? 'negotiate'
  const [check, negotiate] = [options.number('checktimeout'), options.number('negotiatetimeout')]
  const isNegotiating = type === 'negotiate' || /^\d/.test(type)
  const seconds = isNegotiating ? (negotiate ?? check ?? 30) : (check ?? negotiate ?? 5)
  const intervalMs = (options.number('checkinterval') ?? 10) * 1000
  const count = type === 'ping' ? (options.number('checkcount') ?? 1) : 1
  const counted = options.get('checkcount')
  if (counted && type !== 'ping' && counted.value !== '1')
    notes.add(counted.place, 'checkcount', 'it is for pings only', 'set check.fall')
  const fall = Math.max(options.number('failurecount') ?? 1, count)
  return {
    port: options.number('checkport'),
    intervalMs,
    fastIntervalMs: fall > 1 ? intervalMs : undefined,
    timeoutMs: seconds * 1000,
    rise: 1,
    fall,
  }
}
