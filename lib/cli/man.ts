/** The man page ipvs(8), from the data of the commands. */
import { adm, commands, helpOption, objectWords } from './commands.js'
import { generalOptions, purpose, sentence, statuses, wrap } from './help.js'
import { bold, italic, literal, prose, textLine } from './roff.js'
import type { Command, Operand, Option } from './command.js'

/** The page of a version of the package. */
export function manPage(version: string): string {
  return [
    '.\\" Made by docs/man/make.mjs from lib/cli/commands.ts: change it there.',
    `.TH IPVS 8 "" "ipvs ${literal(version)}" "System Administration"`,
    // Words to type are neither broken nor stretched.
    '.nh',
    '.ad l',
    ...section('NAME', literal(`ipvs - ${purpose}`)),
    ...section('SYNOPSIS', '.nf', ...synopses(), '.fi'),
    ...section('DESCRIPTION', ...paragraphs(description).slice(1)),
    ...section('OPTIONS', ...optionItems(generalOptions)),
    ...section('COMMANDS', ...commands.flatMap(commandLines), ...admLines()),
    ...section('EXIT STATUS', ...statusItems(statuses), ...paragraphs([statusesOfCommands()])),
    ...section('ENVIRONMENT', ...environment.flatMap(([name, text]) => item(bold(name), text))),
    ...section('EXAMPLES', ...commands.flatMap(exampleLines).slice(1)),
    ...section('SEE ALSO', seeAlso.map((name) => `${bold(name)}(8)`).join(', ')),
    '',
  ].join('\n')
}

const description = [
  'Reads and writes the table of virtual services and real servers in the Linux kernel, by netlink. The services are those of one ' +
    'network namespace.',
  objectWords,
  'DURATION is 500ms, 60s, 5m or 1h; digits alone are seconds.',
  'To read or write the table needs CAP_NET_ADMIN in the initial user namespace; to enter another network namespace, ' +
    'CAP_SYS_ADMIN. The kernel loads the module ip_vs when it is asked the first time.',
  'What fails is told in one sentence on stderr, which says what to do.',
]

const environment = [
  ['NO_COLOR', 'If it is set and not empty, nothing is coloured, unless --color is always.'],
  ['TERM', 'If it is dumb, nothing is coloured, unless --color is always.'],
] as const

const seeAlso = ['ipvsadm', 'ip-netns', 'nft', 'keepalived']

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

function synopses(): string[] {
  const general = generalOptions.map(({ name }) => `${bold(`ipvs --${name}`)}`)
  return [...commands.map(synopsis), `${bold(`ipvs ${adm.name}`)} ${italic('ARGUMENT')}...`, ...general]
}

function synopsis({ name, operands, options }: Command): string {
  const option = options.length > 0 ? [`[${italic('OPTION')}...]`] : []
  return [bold(`ipvs ${name}`), ...option, ...operands.map(operandWord)].join(' ')
}

function operandWord({ name, optional }: Operand): string {
  return optional === true ? `[${italic(name)}]` : italic(name)
}

function commandLines(command: Command): string[] {
  // What all commands share stands in DESCRIPTION.
  const own = command.description.filter((paragraph) => paragraph !== objectWords)
  return [
    `.SS ${synopsis(command)}`,
    ...text(prose(sentence(command.summary))),
    ...paragraphs(own),
    ...optionItems([...command.options, helpOption]),
    ...(command.statuses ? ['.PP', 'Exit status:', ...statusItems(command.statuses)] : []),
  ]
}

function admLines(): string[] {
  return [
    `.SS ${bold(`ipvs ${adm.name}`)} ${italic('ARGUMENT')}...`,
    ...text(prose(sentence(adm.summary))),
    ...paragraphs([adm.description, 'Its options are those of ipvsadm(8), its exit statuses too.']),
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
function statusesOfCommands(): string {
  const own = commands.flatMap(({ name, statuses = {} }) =>
    Object.entries(statuses).map(([status, meaning]) => `${status} of \`ipvs ${name}\`: ${meaning}`),
  )
  return `${own.join('; ')}.`
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
