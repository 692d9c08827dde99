import t from 'tap'
import { orWords, readCall } from '../../lib/command-line/arguments.js'
import { UsageError } from '../../lib/command-line/command.js'
import type { Command } from '../../lib/command-line/index.js'

const command: Command = {
  name: 'try',
  operands: [{ name: 'ONE' }, { name: 'TWO', optional: true }],
  summary: '',
  description: [],
  options: [
    { name: 'switch', short: 's', help: '' },
    { name: 'wide', short: 'w', help: '' },
    { name: 'text', short: 't', value: 'TEXT', help: '' },
    { name: 'many', short: 'm', value: 'TEXT', multiple: true, help: '' },
  ],
  examples: [],
}
const line = { name: 'program' }

/** Values and operands of a line. */
function read(words: string) {
  const call = readCall(line, command, words.split(' '))
  return call && { ...call.values, operands: call.operands }
}

t.test('options stand before, between and after operands', async (t) => {
  for (const line of ['-s --text x a b', 'a --text x b --switch', 'a b -t x -s']) {
    t.same(read(line), { switch: true, text: 'x', operands: ['a', 'b'] }, line)
  }
})

t.test('the value of an option stands after it, after =, or right after its letter', async (t) => {
  for (const line of ['a --text x=y', 'a --text=x=y', 'a -t x=y', 'a -tx=y']) {
    t.same(read(line), { text: 'x=y', operands: ['a'] }, line)
  }
  t.same(read('a --text='), { text: '', operands: ['a'] })
})

t.test('letters stand together', async (t) => {
  t.same(read('-swt x a'), { switch: true, wide: true, text: 'x', operands: ['a'] })
})

t.test('a value may begin with a dash, and an operand after --', async (t) => {
  t.same(read('a --text -1'), { text: '-1', operands: ['a'] })
  t.same(read('--switch -- --text -s'), { switch: true, operands: ['--text', '-s'] })
  t.same(read('- -s'), { switch: true, operands: ['-'] }, '- is a word of its own')
})

t.test('the last of an option counts, and all of one that may be repeated', async (t) => {
  t.same(read('a -t x -t y -m 1 --many=2'), { text: 'y', many: ['1', '2'], operands: ['a'] })
})

t.test('an operand may be left out where it is optional', async (t) => {
  t.same(read('a'), { operands: ['a'] })
  t.throws(() => readCall(line, command, []), {
    constructor: UsageError,
    message: 'try: expected ONE, found nothing; see program try --help',
  })
})

t.test('a required option may not be left out', async (t) => {
  const options = [{ name: 'config', short: 'c', value: 'FILE', required: true, help: '' }] as const
  const running = { ...command, name: 'run', options, operands: [] }
  t.equal(readCall(line, running, ['--config', 'f'])?.values['config'], 'f')
  t.equal(readCall(line, running, ['-h']), undefined, 'help needs nothing')
  t.throws(() => readCall(line, running, []), {
    constructor: UsageError,
    message: 'run: expected -c FILE, found nothing; see program run --help',
  })
})

t.test('help is wanted wherever it is asked for, but not where it is a value or an operand', async (t) => {
  for (const line of ['--help', '-h', 'a b c -sh', '--frob -h']) t.equal(read(line), undefined, line)
  t.same(read('a --text --help'), { text: '--help', operands: ['a'] })
  t.same(read('-- -h'), { operands: ['-h'] })
})

t.test('choices in words', async (t) => {
  t.equal(orWords(['a', 'b', 'c']), 'a, b or c')
  t.equal(orWords(['a', 'b']), 'a or b')
  t.equal(orWords(['a']), 'a')
})
