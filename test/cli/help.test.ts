import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { failover } from '../../examples/failover-daemon/src/command-line.js'
import { commands, ipvs } from '../../lib/cli/commands.js'
import { readCall } from '../../lib/command-line/arguments.js'
import { formsOf } from '../../lib/command-line/command.js'
import { helpOf, helpOfAll, wrap } from '../../lib/command-line/help.js'
import type { CommandLine } from '../../lib/command-line/index.js'

const lines: readonly CommandLine[] = [ipvs, failover]
const all = lines.flatMap((line) => line.commands.map((command) => ({ line, command })))

t.test('help of all names every command with what it is for', async (t) => {
  for (const line of lines) {
    const shown = helpOfAll(line, 100).split('\n')
    for (const { name, summary } of [...line.commands, ...(line.relays ?? [])]) {
      const found = shown.find((text) => text.startsWith(`  ${name} `))
      t.equal(found?.slice(2 + name.length).trim(), summary, name)
    }
  }
})

t.test('help of a command has its operands, options, choices, statuses and examples', async (t) => {
  for (const { line, command } of all) {
    const help = helpOf(line, command)
    const words = help.replace(/\s+/g, ' ')
    for (const form of formsOf(command)) t.ok(words.includes(` ${line.name} ${command.name} ${form}`.trimEnd()), form)
    for (const { name, optional } of command.operands) {
      t.match(help.split('\n')[0], optional === true ? `[${name}]` : ` ${name}`, `${command.name} ${name}`)
    }
    for (const { name, short, value, help: meaning, choices = [] } of command.options) {
      const flag = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`
      t.ok(words.includes(` ${flag} ${meaning} `), `${command.name} ${flag}`)
      t.same(
        choices.filter((choice) => !meaning.includes(choice)),
        [],
        `${command.name} --${name}: choices that its help does not name`,
      )
    }
    for (const paragraph of command.description) t.ok(words.includes(paragraph), paragraph)
    for (const [status, meaning] of Object.entries({ ...line.statuses, ...command.statuses })) {
      t.match(words, ` ${status} ${meaning}`, `${command.name}: status ${status}`)
    }
    for (const example of command.examples) t.ok(help.includes(`\n  ${example}\n`), example)
  }
})

t.test('help fits the terminal, from 60 columns to 100, and 80 where that is not known', async (t) => {
  const longest = (text: string) => Math.max(...text.split('\n').map((line) => line.length))
  for (const columns of [20, 60, 80, 100, 200, undefined]) {
    const width = Math.min(Math.max(columns ?? 80, 60), 100)
    const helps = [...lines.map((line) => helpOfAll(line, columns))]
    for (const help of [...helps, ...all.map(({ line, command }) => helpOf(line, command, columns))]) {
      const [head = ''] = help.split('Examples:')
      t.ok(longest(head) <= width, `${longest(head)} of ${columns} columns: ${help.slice(0, 20)}`)
    }
  }
  t.ok(longest(helpOf(ipvs, commands[0] as never, 100)) > 80, 'a wide terminal is used')
})

t.test('every example is a call that its command takes', async (t) => {
  for (const { line, command } of all) {
    t.ok(
      command.examples.some((example) => example.includes(`${line.name} ${command.name}`)),
      command.name,
    )
    for (const example of command.examples) {
      const [, program, called, rest = ''] = /^(?:source <\()?([a-z-]+) ([a-z-]+)([^<>)|]*)/.exec(example) ?? []
      const meant = line.commands.find(({ name }) => name === called)
      const words = rest.split(' ').filter((word) => word !== '')
      t.equal(program, line.name)
      t.ok(meant && readCall(line, meant, words), example)
    }
  }
})

t.test('texts are of one form: sentences end with a full stop, meanings are no sentences, all is ASCII', async (t) => {
  const relays = lines.flatMap(({ relays = [] }) => relays)
  const meanings = [
    ...lines.flatMap(({ purpose, statuses }) => [purpose, ...Object.values(statuses)]),
    ...all.flatMap(({ command: { summary, options, statuses = {} } }) => [
      ...[summary, ...options.map(({ help }) => help), ...Object.values(statuses)],
    ]),
    ...relays.map(({ summary }) => summary),
  ]
  for (const text of meanings) t.notMatch(text, /^[A-Z][a-z]|\.$/, text)
  const sentences = [...all.map(({ command }) => command), ...relays].flatMap(({ description }) => description)
  for (const text of sentences) t.match(text, /\.$/, text)
  for (const text of [...meanings, ...sentences]) t.match(text, /^[\x21-\x7e]+( [\x21-\x7e]+)*$/)
})

t.test('within a command neither a name nor a letter stands for two options', async (t) => {
  for (const { name, options } of all.map(({ command }) => command)) {
    const names = ['h', 'help', ...options.flatMap(({ name, short = [] }) => [name, short].flat())]
    t.equal(new Set(names).size, names.length, name)
  }
})

const sources = readdirSync('lib/cli', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => ({ file, text: readFileSync(join('lib/cli', file), 'utf8') }))

t.test('every command has a module, and every module that runs is a command', async (t) => {
  for (const command of commands) {
    const program = await command.load()
    t.equal(typeof program.run, 'function', command.name)
  }
  const programs = sources.filter(({ text }) => /^export (async )?function run\(/m.test(text))
  t.same(programs.map(({ file }) => file).sort(), commands.map(({ name }) => `${name}.ts`).sort())
})

t.test('every option is read, and what is read of a call is an option', async (t) => {
  const read = sources.flatMap(({ text }) => [...text.matchAll(/\b(?:textOf|textsOf|isOn)\(call, '([^']+)'/g)])
  t.same(
    [...new Set(read.map(([, name]) => name))].sort(),
    [...new Set(commands.flatMap(({ options }) => options.map(({ name }) => name)))].sort(),
  )
})

t.test('lines are wrapped between words', async (t) => {
  t.same(wrap('one two three', 7), ['one two', 'three'])
  t.same(wrap('one two three', 8), ['one two', 'three'])
  t.same(wrap('one elephants two', 5), ['one', 'elephants', 'two'], 'a long word stands alone')
  t.same(wrap('', 5), [''])
})
