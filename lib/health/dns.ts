import { randomInt } from 'node:crypto'
import { checkedRecord, wrongType, wrongValue } from './arguments.js'
import type { Check, Verdict } from './check.js'
import { exchanges } from './datagram.js'

/** Types of records that can be asked for, by their numbers (RFC 1035, RFC 3596, RFC 2782). */
const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28, SRV: 33 } as const
/** What a server says of a question, by its number (RFC 1035 4.1.1). */
const codes: readonly DnsCode[] = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']

/** What a name server says of a question. */
export type DnsCode = 'NOERROR' | 'FORMERR' | 'SERVFAIL' | 'NXDOMAIN' | 'NOTIMP' | 'REFUSED'

/** What `dns()` asks. */
export interface DnsOptions {
  /** The name that is asked for. @default '.' */
  readonly name?: string | undefined
  /** The type of record. @default 'SOA' */
  readonly type?: keyof typeof types | undefined
  /** Which codes are a pass. @default ['NOERROR'] */
  readonly codes?: readonly DnsCode[] | undefined
}

/**
 * Passes when the target, a name server, answers a question over UDP with one of these codes, whatever the records. Another
 * code fails with `mismatch`, what is no answer of DNS with `protocol`; a server that does not answer times out.
 *
 * Throws TypeError or RangeError for a wrong option.
 */
export function dns(options: DnsOptions = {}): Check {
  const {
    name = '.',
    type = 'SOA',
    codes: passing = ['NOERROR'],
  } = checkedRecord('options', options, ['name', 'type', 'codes'])
  const labels = labelsOf(name)
  if (!Object.hasOwn(types, type)) throw wrongValue('options.type', `one of ${Object.keys(types).join(', ')}`, type)
  if (!Array.isArray(passing)) throw wrongType('options.codes', 'an array', passing)
  if (passing.length === 0) throw wrongValue('options.codes', 'at least one code', passing)
  for (const [i, code] of (passing as readonly DnsCode[]).entries()) {
    if (!codes.includes(code)) throw wrongValue(`options.codes[${i}]`, `one of ${codes.join(', ')}`, code)
  }
  const exchange = exchanges()
  return (target, signal) => {
    const id = randomInt(0x10000)
    return exchange(target, signal, question(id, labels, types[type]), (answer) => judge(answer, id, passing))
  }
}

function labelsOf(name: unknown): readonly string[] {
  const expected = 'a domain name'
  if (typeof name !== 'string') throw wrongType('options.name', expected, name)
  if (name === '.') return []
  const labels = name.replace(/\.$/, '').split('.')
  const valid = name.length <= 254 && labels.every((label) => /^[\w-]{1,63}$/.test(label))
  if (!valid) throw wrongValue('options.name', expected, name)
  return labels
}

const headerBytes = 12

/** RFC 1035 4.1: a header, here with "recursion desired", and one question in class IN. */
function question(id: number, labels: readonly string[], type: number): Uint8Array {
  const name = labels.map((label) => Buffer.concat([Uint8Array.of(label.length), Buffer.from(label, 'latin1')]))
  const bytes = Buffer.concat([new Uint8Array(headerBytes), ...name, new Uint8Array(5)])
  bytes.writeUInt16BE(id, 0)
  bytes.writeUInt16BE(0x0100, 2)
  bytes.writeUInt16BE(1, 4)
  bytes.writeUInt16BE(type, bytes.length - 4)
  bytes.writeUInt16BE(1, bytes.length - 2)
  return bytes
}

/** undefined for an answer to another question. */
function judge(answer: Buffer, id: number, passing: readonly DnsCode[]): Verdict | undefined {
  const isAnswer = answer.length >= headerBytes && (answer.readUInt16BE(2) & 0x8000) !== 0
  if (!isAnswer) return { outcome: 'fail', reason: 'protocol', detail: 'an answer that is none of DNS' }
  if (answer.readUInt16BE(0) !== id) return undefined
  const number = answer.readUInt16BE(2) & 0xf
  const code = codes[number]
  if (code !== undefined && passing.includes(code)) return { outcome: 'pass' }
  return { outcome: 'fail', reason: 'mismatch', detail: `status ${code ?? number}` }
}
