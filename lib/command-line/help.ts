/** Help, from the data of the commands. */
import { formsOf, generalOptions, helpOption } from './command.js'
import type { Command, CommandLine, Option } from './command.js'

/** What `NAME --help` prints. Lines of `columns` characters, of 60 to 100. */
export function helpOfAll(line: CommandLine, columns?: number): string {
  const width = widthOf(columns)
  return lines(
    `Usage: ${line.name} COMMAND [OPTION...] [OPERAND...]`,
    '',
    ...wrap(sentence(line.purpose), width),
    '',
    'Commands:',
    ...wrapSecond(
      [...line.commands, ...(line.relays ?? [])].map(({ name, summary }) => [`  ${name}`, summary]),
      width,
    ),
    '',
    'Options:',
    ...optionLines(generalOptions(line), width),
    '',
    ...statusLines(line.statuses, width),
  )
}

/** What `NAME COMMAND --help` prints. */
export function helpOf(line: CommandLine, command: Command, columns?: number): string {
  const width = widthOf(columns)
  const usages = formsOf(command).map((form, i) => {
    return [`${i === 0 ? 'Usage:' : '      '} ${line.name} ${command.name} `, form] as const
  })
  return lines(
    ...wrapSecond(usages, width, 0).map((line) => line.trimEnd()),
    '',
    ...[sentence(command.summary), ...command.description].flatMap((paragraph) => [...wrap(paragraph, width), '']),
    'Options:',
    ...optionLines([...command.options, helpOption], width),
    '',
    ...statusLines({ ...line.statuses, ...command.statuses }, width),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
  )
}

/** Lines of a terminal that is too narrow, or too wide to be read with ease, are as if it were not. */
function widthOf(columns = 80): number {
  return Math.min(Math.max(columns, 60), 100)
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`
}

function optionLines(options: readonly Option[], width: number): string[] {
  const flag = ({ short, name, value }: Option) =>
    `  ${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
  return wrapSecond(
    options.map((option) => [flag(option), option.help]),
    width,
  )
}

function statusLines(all: Readonly<Record<number, string>>, width: number): string[] {
  return [
    'Exit status:',
    ...wrapSecond(
      Object.entries(all).map(([status, text]) => [`  ${status}`, text]),
      width,
    ),
  ]
}

/** Two columns, the second wrapped. */
function wrapSecond(rows: readonly (readonly [string, string])[], width: number, gap = 2): string[] {
  const first = Math.max(...rows.map(([cell]) => cell.length)) + gap
  return rows.flatMap(([cell, text]) =>
    wrap(text, width - first).map((line, i) => (i === 0 ? cell : '').padEnd(first) + line),
  )
}

/** Lines of whole words, at most so many characters each; a longer word has a line of its own. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}

function lines(...all: string[]): string {
  return `${all.join('\n')}\n`
}
