/** Words that several formats share: ports by name, masks, times, expressions that are plain text. */

/** Ports that load-balanced services are registered by, as /etc/services names them. */
const PORTS: Readonly<Record<string, number>> = {
  ...{ ftp: 21, ssh: 22, telnet: 23, smtp: 25, domain: 53, http: 80, www: 80, pop3: 110, nntp: 119, ntp: 123 },
  ...{ imap2: 143, imap: 143, snmp: 161, ldap: 389, https: 443, smtps: 465, submissions: 465, syslog: 514 },
  ...{ submission: 587, ldaps: 636, imaps: 993, pop3s: 995, 'ms-sql-s': 1433, radius: 1812, squid: 3128 },
  ...{ mysql: 3306, 'ms-wbt-server': 3389, postgresql: 5432, sip: 5060, 'sip-tls': 5061, 'http-alt': 8080 },
}

/** A port as number or name; undefined for what is none. */
export function portOf(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined
  return Object.hasOwn(PORTS, text.toLowerCase()) ? PORTS[text.toLowerCase()] : undefined
}

/** Bits of a mask: `255.255.255.0`, or a number of bits; undefined for what is none. */
export function prefixLengthOf(mask: string): number | undefined {
  if (/^\d{1,3}$/.test(mask)) return Number(mask)
  const number = ipv4Number(mask)
  if (number === undefined) return undefined
  const bits = number.toString(2).padStart(32, '0')
  return /^1+0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : undefined
}

/** The text that an expression matches, where it matches one text only: `It works\!`. */
export function literalOf(expression: string): string | undefined {
  let text = ''
  for (let i = 0; i < expression.length; i++) {
    const c = expression[i] ?? ''
    if (c === '\\') {
      const next = expression[++i]
      if (next === undefined || /[\w\s]/.test(next)) return undefined
      text += next
    } else if (/[.*+?^${}()|[\]]/.test(c)) return undefined
    else text += c
  }
  return text
}

/** `192.0.2.1` to `192.0.2.9`, both included; undefined where it is no range of at most `max`. */
export function addressRange(first: string, last: string, max: number): readonly string[] | undefined {
  const [from, to] = [ipv4Number(first), ipv4Number(last)]
  if (from === undefined || to === undefined || to < from || to - from >= max) return undefined
  return Array.from({ length: to - from + 1 }, (_, i) => ipv4Text(from + i))
}

/** The hosts of `192.0.2.8/29`, all of them; undefined where it is no such network or has more than `max`. */
export function networkRange(address: string, bits: number, max: number): readonly string[] | undefined {
  const number = ipv4Number(address)
  if (number === undefined || !(bits >= 0 && bits <= 32)) return undefined
  const size = 2 ** (32 - bits)
  const first = Math.floor(number / size) * size
  return addressRange(ipv4Text(first), ipv4Text(first + size - 1), max)
}

function ipv4Number(text: string): number | undefined {
  const bytes = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number)
  if (bytes === undefined || bytes.some((byte) => byte > 255)) return undefined
  return bytes.reduce((number, byte) => number * 256 + byte, 0)
}

const ipv4Text = (number: number): string =>
  [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.')

/** Words between blanks as Perl's quotewords() has them: quotes keep blanks together, and go. */
export function quoteWords(text: string): readonly string[] {
  const words: string[] = []
  let [word, quote, open] = ['', '', false]
  for (let i = 0; i < text.length; i++) {
    const c = text[i] ?? ''
    if (quote === '' && /\s/.test(c)) {
      if (open) words.push(word)
      ;[word, open] = ['', false]
    } else if (c === '\\' && quote !== "'" && i + 1 < text.length) [word, open] = [word + (text[++i] ?? ''), true]
    else if (c === quote) quote = ''
    else if (quote === '' && /["']/.test(c)) [quote, open] = [c, true]
    else [word, open] = [word + c, true]
  }
  if (open) words.push(word)
  return words
}

/** What a server says first, of protocols that log in after that. */
export const GREETINGS: Readonly<Record<string, string>> = { ftp: '220', pop: '+OK', nntp: '20', imap: '* OK' }

/** A command line of keepalived: single quotes keep blanks together. */
export const commandWords = (text: string): readonly string[] =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? '')

/** `ops@example.net`, or a user of this host. */
export const isMailAddress = (text: string): boolean =>
  text.length <= 254 && /^([a-z_][a-z0-9_-]*|[\w.!#$%&'*+/=?^`{|}~-]+@[\w.-]+)$/.test(text)

/** Whether a script check can run these words: a program by its absolute path, and none that stands for the server. */
export const isCommand = (...words: readonly string[]): boolean =>
  words[0]?.startsWith('/') === true && !words.some((word) => /\{(address|port)\}|\0/.test(word))
