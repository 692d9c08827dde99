/** keepalived's checkers as checks. */
import { find, flag, inherited } from './keepalived-tree.js'
import type { Block } from './keepalived-tree.js'
import type { CheckKind, DraftTiming, Notes } from './model.js'
import { bodyOf as expressionBody } from './expression.js'
import type { Body } from './expression.js'
import { commandWords, portOf, isCommand } from './words.js'

export interface Checker {
  readonly check: CheckKind
  readonly timing: DraftTiming
}

/** The blocks that a checker's settings come from, from the inside. */
interface Scope {
  readonly checker: Block
  readonly server: Block
  readonly service: Block
}

interface Kind {
  /** How often a failed check is repeated, unless it is said. */
  readonly retry: number
  /** After so many seconds. */
  readonly delay: number
  readonly check: (scope: Scope, notes: Notes) => CheckKind
}

const KINDS: Readonly<Record<string, Kind>> = {
  TCP_CHECK: { retry: 1, delay: 1, check: () => ({ type: 'tcp' }) },
  HTTP_GET: { retry: 1, delay: 3, check: httpCheck },
  SSL_GET: { retry: 1, delay: 3, check: httpCheck },
  SMTP_CHECK: { retry: 1, delay: 1, check: smtpCheck },
  DNS_CHECK: { retry: 3, delay: 60, check: dnsCheck },
  MISC_CHECK: { retry: 0, delay: 1, check: scriptCheck },
  UDP_CHECK: { retry: 1, delay: 1, check: udpCheck },
  PING_CHECK: { retry: 1, delay: 1, check: () => ({ type: 'icmp' }) },
}

const NO_CHECK: Readonly<Record<string, string>> = {
  BFD_CHECK: 'the daemon speaks no BFD',
  FILE_CHECK: 'the daemon takes no state from a file',
}

export const isChecker = (keyword: string): boolean => Object.hasOwn(KINDS, keyword) || Object.hasOwn(NO_CHECK, keyword)

/** The check of a real server: of several checkers the first that there is a check for. */
export function checkerOf(service: Block, server: Block, notes: Notes): Checker | undefined {
  let chosen: Checker | undefined
  for (const checker of server.children) {
    const { keyword, place } = checker
    const kind = Object.hasOwn(KINDS, keyword) ? KINDS[keyword] : undefined
    if (kind === undefined) {
      const why = Object.hasOwn(NO_CHECK, keyword) ? NO_CHECK[keyword] : undefined
      if (why !== undefined) notes.add(place, keyword, why, 'write a script that looks at it')
    } else if (chosen === undefined) {
      const scope = { checker, server, service }
      noteConnection(scope, notes)
      chosen = { check: kind.check(scope, notes), timing: timingOf(scope, kind) }
    } else notes.add(place, keyword, 'a service has one check', 'only the first checker was taken')
  }
  return chosen
}

function timingOf({ checker, server, service }: Scope, { retry, delay }: Kind): DraftTiming {
  const scope = [checker, server, service]
  const interval = inherited(scope, 'delay_loop') ?? 60
  const isScript = checker.keyword === 'MISC_CHECK'
  const timeout = inherited(isScript ? [checker] : scope, isScript ? 'misc_timeout' : 'connect_timeout')
  const fails = (inherited(scope, 'retry') ?? retry) + 1
  const port = find(checker, 'connect_port')?.words[0] ?? find(find(checker, 'host'), 'connect_port')?.words[0]
  const own = server.words[1]
  return {
    port: port === undefined || port === own ? undefined : portOf(port),
    intervalMs: interval * 1000,
    // A single failure needs no second check.
    fastIntervalMs:
      fails > 1 ? (inherited(scope, 'delay_before_retry') ?? Math.min(delay, interval)) * 1000 : undefined,
    timeoutMs: timeout === undefined ? (isScript ? interval * 900 : 5000) : timeout * 1000,
    rise: 1,
    fall: fails,
  }
}

const CONNECTION: Readonly<Record<string, readonly [why: string, instead: string]>> = {
  bindto: ['the kernel chooses the address that checks come from', 'add a route with src'],
  bind_if: ['the kernel chooses the interface that checks leave by', 'add a route'],
  bind_port: ['the kernel chooses the port that checks come from', 'do without'],
  fwmark: ['checks have no mark', 'do without'],
  log_all_failures: ['every change is logged, not every failure', 'nothing is to be done'],
  http_protocol: ['checks speak HTTP/1.1', 'nothing is to be done'],
  fast_recovery: ['there is one URL, checked at once', 'nothing is to be done'],
  misc_dynamic: [
    "the script's weight counts up to the server's own",
    'give the servers the greatest weight that it tells',
  ],
  warmup: ['first checks are made within a second of the start', 'nothing is to be done'],
  alpha: ['a server of unknown health stays as the kernel has it', 'nothing is to be done'],
  min_reply_length: ['the length of a reply is not looked at', 'do without'],
  max_reply_length: ['the length of a reply is not looked at', 'do without'],
}

function noteConnection({ checker, server }: Scope, notes: Notes): void {
  const hosts = checker.children.filter(({ keyword }) => keyword === 'host')
  for (const child of [...checker.children, ...hosts.flatMap(({ children }) => children)]) {
    const { keyword, words, place } = child
    const known = Object.hasOwn(CONNECTION, keyword) ? CONNECTION[keyword] : undefined
    if (known !== undefined) notes.add(place, keyword, ...known)
    if (keyword === 'connect_ip' && words[0] !== server.words[0])
      notes.add(
        place,
        `connect_ip ${words[0] ?? ''}`,
        "the server's own address is checked",
        'check the other by a script',
      )
  }
  for (const { place } of hosts.slice(1))
    notes.add(place, 'host', 'a server is checked once', 'check the others by a script')
}

function httpCheck({ checker, server, service }: Scope, notes: Notes): CheckKind {
  const isTls = checker.keyword === 'SSL_GET'
  const [url, ...others] = checker.children.filter(({ keyword }) => keyword === 'url')
  for (const { place } of others) notes.add(place, 'url', 'a check asks for one path', 'only the first url was taken')
  const path = find(url, 'path')?.words[0] ?? '/'
  const isPath = /^\/[!-~]*$/.test(path) && path.length <= 1024
  if (!isPath)
    notes.add(url?.place ?? checker.place, `path ${path}`, 'a path begins with / and is ASCII', 'it became /')
  const host = [url, checker, server, service].map((block) => find(block, 'virtualhost')?.words[0]).find((name) => name)
  const isHost = host !== undefined && /^[\w.~-]{1,255}(:\d+)?$/.test(host)
  if (host !== undefined && !isHost)
    notes.add(checker.place, `virtualhost ${host}`, 'it is no host name', 'set check.host')
  const digest = find(url, 'digest')
  if (digest) notes.add(digest.place, 'digest', 'an answer is not digested', 'set check.body to some text of it')
  return {
    type: 'http',
    path: isPath ? path : '/',
    status: statusOf(url, notes),
    ...bodyOf(url, notes),
    ...(isHost && { host }),
    ...(isTls && { tls: tlsOf(checker, isHost ? host : undefined) }),
  }
}

/** keepalived believes every certificate. */
const tlsOf = (checker: Block, host: string | undefined): object => {
  const servername = flag(checker, 'enable_sni') === true ? host?.replace(/:\d+$/, '') : undefined
  return { ...(servername !== undefined && { servername }), verify: false }
}

function statusOf(url: Block | undefined, notes: Notes): unknown {
  const words = find(url, 'status_code')?.words ?? ['200-299']
  const good = words.flatMap((word): (string | number)[] => {
    const [, first = '', last = ''] = /^([1-9]\d\d)(?:-([1-9]\d\d))?$/.exec(word) ?? []
    if (first !== '' && (last === '' || Number(first) <= Number(last))) return [last === '' ? Number(first) : word]
    if (url) notes.add(url.place, `status_code ${word}`, 'it is no status or range of statuses', 'it was left out')
    return []
  })
  return good.length === 1 ? good[0] : good.length === 0 ? '200-299' : good
}

function bodyOf(url: Block | undefined, notes: Notes): { readonly body?: Body } {
  const regex = find(url, 'regex')
  if (regex === undefined) return {}
  const expression = regex.words[0] ?? ''
  const options = find(url, 'regex_options')
  const words = options?.words ?? []
  const isKnown = words.every((word) => ['caseless', 'dotall', 'ungreedy'].includes(word))
  const more = ['regex_no_match', 'regex_min_offset', 'regex_max_offset'].map((keyword) => find(url, keyword))
  const changed = more.find((found) => found) ?? (isKnown ? undefined : options)
  const flags = { ignoreCase: words.includes('caseless'), dotAll: words.includes('dotall') }
  const body = changed === undefined ? expressionBody(expression, flags) : undefined
  if (body !== undefined) return { body }
  const what = `regex ${expression}${changed === undefined ? '' : ` with ${changed.keyword}`}`
  notes.add(
    regex.place,
    what,
    'body is text, or an expression of JavaScript, that must be there',
    'set check.body, or use a script',
  )
  return {}
}

function smtpCheck({ checker }: Scope, notes: Notes): CheckKind {
  const name = find(checker, 'helo_name')?.words[0]
  if (name === undefined || /^[\w.~-]{1,255}$/.test(name))
    return { type: 'smtp', ...(name !== undefined && { hello: name }) }
  notes.add(checker.place, `helo_name ${name}`, 'it is no host name', 'set check.hello')
  return { type: 'smtp' }
}

function dnsCheck({ checker }: Scope, notes: Notes): CheckKind {
  const record = (find(checker, 'type')?.words[0] ?? 'SOA').toUpperCase()
  const name = find(checker, 'name')?.words[0] ?? '.'
  const isName = name === '.' || (/^[\w-]{1,63}(\.[\w-]{1,63})*\.?$/.test(name) && name.length <= 254)
  const isRecord = ['A', 'NS', 'CNAME', 'SOA', 'PTR', 'MX', 'TXT', 'AAAA', 'SRV'].includes(record)
  if (!isName) notes.add(checker.place, `name ${name}`, 'it is no domain name', 'the check asks for the root')
  if (!isRecord)
    notes.add(checker.place, `type ${record}`, 'the daemon asks for no such record', 'the check asks for SOA')
  return { type: 'dns', name: isName ? name : '.', record: isRecord ? record : 'SOA' }
}

function scriptCheck({ checker, server }: Scope, notes: Notes): CheckKind {
  const text = find(checker, 'misc_path')?.words.join(' ') ?? ''
  const [command = '', ...args] = commandWords(text)
  // keepalived has a script for each server, with its address in the words; here one is for all.
  const [address, port] = server.words
  const own = (word: string) => (word === address ? '{address}' : word === port ? '{port}' : word)
  if (isCommand(command, ...args))
    return {
      type: 'script',
      command: [command, ...args.map(own)],
      ...userOf(checker, notes),
      ...(find(checker, 'misc_dynamic') && { weightFromStatus: true }),
    }
  notes.add(
    checker.place,
    `misc_path ${text}`,
    'a script needs an absolute path, and no {address} or {port} in its words',
    'it is checked by ICMP until you write it',
  )
  return { type: 'icmp' }
}

function userOf(checker: Block, notes: Notes): { readonly user?: string } {
  const found = find(checker, 'user')
  const [user = '', ...group] = found?.words ?? []
  if (found === undefined) return {}
  const isName = /^[a-z_][\w.-]{0,31}$/i.test(user)
  if (!isName || group.length > 0)
    notes.add(
      found.place,
      `user ${found.words.join(' ')}`,
      'a program runs as a user, in its primary group',
      'see that it can',
    )
  return isName ? { user } : {}
}

/** Without require_reply silence passes, and a port that refuses does not: ICMP comes near to that. */
function udpCheck({ checker }: Scope, notes: Notes): CheckKind {
  const required = find(checker, 'require_reply')
  const send = textOf(find(checker, 'payload')?.words ?? [])
  const expect = textOf(required?.words ?? [])
  if (required !== undefined && send !== undefined && send !== '' && expect !== undefined)
    return { type: 'udp', send, ...(expect !== '' && { expect }) }
  const why = 'a UDP check sends known text and waits for an answer'
  notes.add(checker.place, 'UDP_CHECK', why, 'the server is checked by ICMP until you write send and expect')
  return { type: 'icmp' }
}

/** Bytes in hexadecimal as text; undefined where they are no ASCII, or some bits do not count. */
function textOf(words: readonly string[]): string | undefined {
  const bytes = words.flatMap((word) => word.match(/..?/g) ?? [])
  if (!bytes.every((byte) => /^[0-7]?[\da-f]$/i.test(byte))) return undefined
  return bytes
    .map((byte) => String.fromCharCode(parseInt(byte, 16)))
    .join('')
    .slice(0, 1400)
}
