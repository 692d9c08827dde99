/** Help, from the data of the commands. */
import { adm, commands, helpOption } from './commands.js'
import type { Command, Operand, Option } from './command.js'

/** `ipvs list [OPTION...] [SERVICE]` */
export function synopsis({ name, operands, options }: Command): string {
  const words = operands.map(operandWord)
  return ['ipvs', name, ...(options.length > 0 ? ['[OPTION...]'] : []), ...words].join(' ')
}

function operandWord({ name, optional }: Operand): string {
  return optional === true ? `[${name}]` : name
}

/** The exit statuses that every command has, in words. */
export const statuses: Readonly<Record<number, string>> = {
  0: 'done, or nothing to do',
  1: 'it failed: the sentence on stderr says why, and what to do',
  64: 'wrong arguments',
  130: 'interrupted',
}

/** What the command is for. */
export const purpose = "control the Linux kernel's load balancer (IPVS)"

/** What can stand instead of a command. */
export const generalOptions: readonly Option[] = [
  { ...helpOption, help: 'show this help; after a command, or as `ipvs help COMMAND`, show what it takes' },
  { name: 'version', short: 'V', help: 'show the version' },
]

/** `ipvs --help` */
export function helpOfAll(columns?: number): string {
  const width = widthOf(columns)
  return lines(
    'Usage: ipvs COMMAND [OPTION...] [OPERAND...]',
    '',
    sentence(purpose),
    '',
    'Commands:',
    ...wrapSecond(
      [...commands, adm].map(({ name, summary }) => [`  ${name}`, summary]),
      width,
    ),
    '',
    'Options:',
    ...optionLines(generalOptions, width),
    '',
    ...statusLines(statuses, width),
  )
}

/** `ipvs COMMAND --help` */
export function helpOf(command: Command, columns?: number): string {
  const width = widthOf(columns)
  return lines(
    `Usage: ${synopsis(command)}`,
    '',
    ...[sentence(command.summary), ...command.description].flatMap((paragraph) => [...wrap(paragraph, width), '']),
    'Options:',
    ...optionLines([...command.options, helpOption], width),
    '',
    ...statusLines({ ...statuses, ...command.statuses }, width),
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
function wrapSecond(rows: readonly (readonly [string, string])[], width: number): string[] {
  const first = Math.max(...rows.map(([cell]) => cell.length)) + 2
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
