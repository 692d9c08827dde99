import t from 'tap'
import { alignColumns } from '../../lib/cli/columns.js'

t.test('cells are padded to the widest of their column', async (t) => {
  t.same(
    alignColumns([
      ['a', 'bb', 'c'],
      ['aaa', 'b', 'c'],
    ]),
    ['a    bb  c', 'aaa  b   c'],
  )
})

t.test('numbers are flushed right, and no line ends with blanks', async (t) => {
  const rows = [
    ['NAME', 'COUNT', ''],
    ['x', '7', ''],
    ['y', '12345', 'more'],
  ]
  t.same(alignColumns(rows, new Set([1])), ['NAME  COUNT', 'x         7', 'y     12345  more'])
})

t.test('rows may be of unequal length, or none', async (t) => {
  t.same(alignColumns([['a'], ['b', 'c']]), ['a', 'b  c'])
  t.same(alignColumns([]), [])
})
