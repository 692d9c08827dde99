import t from 'tap'
import { readArguments } from '../../lib/ipvsadm/popt.js'

const read = (line: string) => readArguments(line.split(' '))
const options = (line: string) =>
  read(line).options.map(({ word, value }) => (value === undefined ? word : [word, value]))

t.test('a value stands behind its option, or in the next word', async (t) => {
  for (const form of ['-p 300', '-p300', '-p=300', '--persistent 300', '--persistent=300']) {
    t.strictSame(options(form), [['persistent', '300']], form)
  }
  t.strictSame(options('-t ='), [['tcp-service', '=']])
  t.strictSame(options('-w=-1'), [['weight', '-1']])
  t.strictSame(options('-w -1'), [['weight', '-1']])
})

t.test('short options stand together', async (t) => {
  t.strictSame(options('-Ln'), ['list', 'numeric'])
  t.strictSame(options('-At 1'), ['add-service', ['tcp-service', '1']])
  t.strictSame(options('-lnp300'), ['list', 'numeric', ['persistent', '300']])
})

t.test('an optional value is none that begins with a dash', async (t) => {
  t.strictSame(options('-p -s rr'), ['persistent', ['scheduler', 'rr']])
  t.strictSame(options('-s rr -p'), [['scheduler', 'rr'], 'persistent'])
  t.strictSame(readArguments(['-p', '']).options[0]?.value, '')
})

t.test('what is no option is kept, and everything behind --', async (t) => {
  t.strictSame(read('--set 1 -n 2 3').others, ['1', '2', '3'])
  t.strictSame(read('-L - -- -n').others, ['-', '-n'])
})

t.test('the first mistake ends the reading, and is named by the word read last', async (t) => {
  for (const [line, last, text] of [
    ['-L -q', '-q', 'unknown option'],
    ['-Lq -n', '-Lq', 'unknown option'],
    ['-L --lists', '--lists', 'unknown option'],
    ['-L --=', '--=', 'unknown option'],
    ['-A -t', '-t', 'missing argument'],
    ['-L --stats=1', '--stats=1', 'option does not take an argument'],
    ['-L -n=', '-n=', 'option does not take an argument'],
  ] as const) {
    t.strictSame(read(line).error, { last, text }, line)
  }
  t.strictSame(options('-L -q -n'), ['list'], 'what stood before counts')
})
