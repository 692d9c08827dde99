/** A man page, from the data of the commands. */
import { formsOf, generalOptions, helpOption } from './command.js'
import { sentence, wrap } from './help.js'
import { bold, italic, literal, prose, textLine } from './roff.js'
import type { Command, CommandLine, Option, Relay } from './command.js'

/** A section of its own: ENVIRONMENT, FILES. */
export interface Section {
  /** In capitals. */
  readonly title: string
  /** What each is about, a variable or a path for instance, and a sentence. */
  readonly items: readonly (readonly [term: string, text: string])[]
}

/** What the page has beside the commands. */
export interface ManPage {
  /** Where it is made, for those who would change it. */
  readonly source: string
  /** Of the package. */
  readonly version: string
  /** Paragraphs. What stands here is not repeated with each command. */
  readonly description: readonly string[]
  /** Between exit statuses and examples. */
  readonly sections: readonly Section[]
  /** Pages with their sections: `ip(8)`. */
  readonly seeAlso: readonly string[]
}

/** The page in the macros of man(7), for section 8. */
export function manPage(line: CommandLine, page: ManPage): string {
  const { name, purpose, commands, relays = [], statuses } = line
  return [
    `.\\" Made by ${page.source}: change it there.`,
    `.TH ${literal(name.toUpperCase())} 8 "" "${literal(`${name} ${page.version}`)}" "System Administration"`,
    // Words to type are neither broken nor stretched.
    '.nh',
    '.ad l',
    ...section('NAME', `${literal(name)} \\- ${literal(purpose)}`),
    ...section('SYNOPSIS', '.nf', ...synopses(line), '.fi'),
    ...section('DESCRIPTION', ...paragraphs(page.description).slice(1)),
    ...section('OPTIONS', ...optionItems(generalOptions(line))),
    ...section(
      'COMMANDS',
      ...commands.flatMap((command) => commandLines(line, command, page.description)),
      ...relays.flatMap((relay) => relayLines(line, relay)),
    ),
    ...section('EXIT STATUS', ...statusItems(statuses), ...paragraphs(statusesOfCommands(line))),
    ...page.sections.flatMap(({ title, items }) => {
      return section(title, ...items.flatMap(([term, text]) => item(bold(term), text)))
    }),
    ...section('EXAMPLES', ...commands.flatMap(exampleLines).slice(1)),
    ...section('SEE ALSO', page.seeAlso.map(reference).join(', ')),
    '',
  ].join('\n')
}

function section(title: string, ...lines: readonly string[]): string[] {
  return [`.SH ${title}`, ...lines]
}

/** Text that is marked up already, in lines as editors like them. */
function text(marked: string): string[] {
  return wrap(marked, 80).map(textLine)
}

function paragraphs(all: readonly string[]): string[] {
  return all.flatMap((paragraph) => ['.PP', ...text(prose(paragraph))])
}

/** An indented explanation under what it is about. */
function item(tag: string, explanation: string): string[] {
  return ['.TP', tag, ...text(prose(explanation))]
}

/** `ip(8)` */
function reference(page: string): string {
  const [name = '', rest = ''] = page.split(/(?=\()/)
  return `${bold(name)}${literal(rest)}`
}

function synopses(line: CommandLine): string[] {
  return [
    ...line.commands.flatMap((command) => formsOf(command).map((form) => synopsis(line, command, form))),
    ...(line.relays ?? []).map((relay) => synopsis(line, relay, 'ARGUMENT...')),
    ...generalOptions(line).map(({ name }) => bold(`${line.name} --${name}`)),
  ]
}

/** A call: what is typed as it stands is bold, what stands for something else is italic. */
function synopsis(line: CommandLine, { name }: Pick<Command, 'name'>, form: string): string {
  const words = form
    .split(/(--?[a-z][a-z-]*|[A-Z]+(?:[:=][A-Z]+)*)/)
    .map((part, i) => (i % 2 === 0 ? literal(part) : part.startsWith('-') ? bold(part) : italic(part)))
  return `${bold(`${line.name} ${name}`)} ${words.join('')}`.trimEnd()
}

function commandLines(line: CommandLine, command: Command, said: readonly string[]): string[] {
  const [form = '', ...others] = formsOf(command)
  return [
    `.SS ${synopsis(line, command, others.length === 0 ? form : '')}`,
    ...text(prose(sentence(command.summary))),
    ...paragraphs(command.description.filter((paragraph) => !said.includes(paragraph))),
    ...optionItems([...command.options, helpOption]),
    ...(command.statuses ? ['.PP', 'Exit status:', ...statusItems(command.statuses)] : []),
  ]
}

function relayLines(line: CommandLine, relay: Relay): string[] {
  return [
    `.SS ${synopsis(line, relay, 'ARGUMENT...')}`,
    ...text(prose(sentence(relay.summary))),
    ...paragraphs(relay.description),
  ]
}

function optionItems(options: readonly Option[]): string[] {
  return options.flatMap(({ short, name, value, help }) => {
    const flags = [...(short === undefined ? [] : [bold(`-${short}`)]), bold(`--${name}`)].join(', ')
    return item(value === undefined ? flags : `${flags} ${italic(value)}`, help)
  })
}

function statusItems(all: Readonly<Record<number, string>>): string[] {
  return Object.entries(all).flatMap(([status, meaning]) => item(bold(status), meaning))
}

/** One place for all of them. */
function statusesOfCommands(line: CommandLine): string[] {
  const own = line.commands.flatMap(({ name, statuses = {} }) =>
    Object.entries(statuses).map(([status, meaning]) => `${status} of \`${line.name} ${name}\`: ${meaning}`),
  )
  return own.length === 0 ? [] : [`${own.join('; ')}.`]
}

function exampleLines({ summary, examples }: Command): string[] {
  return [
    '.PP',
    ...text(`${prose(sentence(summary).slice(0, -1))}:`),
    '.PP',
    '.RS 4',
    '.EX',
    ...examples.map((example) => textLine(literal(example))),
    '.EE',
    '.RE',
  ]
}
