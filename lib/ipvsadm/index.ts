/**
 * What ipvsadm does, with its words, in process; and its save files as the library's tables.
 *
 * @packageDocumentation
 */
import { fieldsOf, list, text, wrongType } from '../check.js'
import { openSession } from '../session.js'
import { runIpvsadm } from './run.js'
import { streamsOf, type TextSink, type TextSource } from './streams.js'

export { formatRules, parseRules, RulesError } from './rules.js'
export type { TextSink, TextSource } from './streams.js'

/** Options of `ipvsadm()`. */
export interface IpvsadmOptions {
  /** Network namespace: a name under /run/netns or an absolute path. @default the process's own */
  readonly namespace?: string | undefined
  /** What -R reads: a text, or a stream. @default the process's own */
  readonly stdin?: TextSource | undefined
  /** Takes lists and saved rules. @default the process's own */
  readonly stdout?: TextSink | undefined
  /** Takes complaints. @default the process's own */
  readonly stderr?: TextSink | undefined
}

/**
 * Carries out one command line of ipvsadm 1.31, without the program's name: `ipvsadm(['-A', '-t', '192.0.2.1:80', '-s', 'rr'])`.
 *
 * Resolves to its exit status: 0 done; 1 the table could not be listed; 2 wrong arguments, or no IPVS here; 255 the kernel
 * refused, or no such command. What ipvsadm would print goes to the streams. Rejects with TypeError for arguments that are not
 * of these types, and with nothing else but a bug.
 */
export async function ipvsadm(argv: readonly string[], options: IpvsadmOptions = {}): Promise<number> {
  const words = list('argv', argv).map((word, i) => text(`argv[${i}]`, word, 'a string'))
  const { namespace, stdin, stdout, stderr } = fieldsOf('options', options, ['namespace', 'stdin', 'stdout', 'stderr'])
  const streams = streamsOf({
    stdin: source('stdin', stdin),
    stdout: sink('stdout', stdout),
    stderr: sink('stderr', stderr),
  })
  return runIpvsadm(words, streams, () => openSession(namespace))
}

function source(field: string, value: unknown): TextSource | undefined {
  const isSource =
    typeof value === 'string' ||
    typeof (value as { [Symbol.asyncIterator]?: unknown } | null | undefined)?.[Symbol.asyncIterator] === 'function'
  if (value === undefined || isSource) return value as TextSource | undefined
  throw wrongType(field, 'a text or a readable stream', value)
}

function sink(field: string, value: unknown): TextSink | undefined {
  if (value === undefined || typeof (value as TextSink | null)?.write === 'function') return value as TextSink
  throw wrongType(field, 'anything with a method write', value)
}
