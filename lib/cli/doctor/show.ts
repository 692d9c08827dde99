/** Findings as people read them: one begins each line that is not indented. */
import { wrap } from '../../command-line/help.js'
import type { Finding, Level } from './finding.js'
import type { Colour, Paint } from '../../command-line/style.js'

const words: Readonly<Record<Level, { readonly word: string; readonly colour: Colour }>> = {
  ok: { word: 'ok', colour: 'green' },
  info: { word: 'info', colour: 'dim' },
  warn: { word: 'warn', colour: 'yellow' },
  fail: { word: 'FAIL', colour: 'red' },
}
const gap = '  '
const leastText = 30

/** `columns`: of a terminal; Infinity leaves each sentence on its line. A command is never broken. */
export function showFindings(findings: readonly Finding[], paint: Paint, columns: number): string {
  const widest = Math.max(...findings.map(({ about }) => about.length))
  const indent = ' '.repeat('FAIL'.length + gap.length + widest + gap.length)
  const lines = findings.flatMap(({ level, group, about, text, fix }, i) => {
    const { word, colour } = words[level]
    const [first = '', ...more] = wrap(text, Math.max(leastText, columns - indent.length))
    return [
      ...(i > 0 && findings[i - 1]?.group !== group ? [''] : []),
      [paint(colour, word.padEnd('FAIL'.length)), about.padEnd(widest), first].join(gap),
      ...more.map((line) => indent + line),
      ...(fix === undefined ? [] : [indent + paint('bold', fix)]),
    ]
  })
  return lines.map((line) => `${line}\n`).join('')
}
