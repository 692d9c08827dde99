import fc from 'fast-check'
import t from 'tap'
import { distanceBetween, nearest } from '../../lib/command-line/nearest.js'

t.test('the distance of words is how often one slips from one to the other', async (t) => {
  const distances = [
    ['list', 'list', 0],
    ['list', 'lst', 1],
    ['list', 'liist', 1],
    ['list', 'lost', 1],
    ['list', 'lsit', 1],
    ['list', '', 4],
    ['', '', 0],
    ['abcd', 'badc', 2],
    ['plan', 'list', 4],
  ] as const
  for (const [a, b, distance] of distances) {
    t.equal(distanceBetween(a, b), distance, `${a} ${b}`)
    t.equal(distanceBetween(b, a), distance, `${b} ${a}`)
  }
})

t.test('no distance is more than the longer word, nor less than what the lengths differ by', async () => {
  const word = fc.string({ maxLength: 8, unit: fc.constantFrom('a', 'b', 'c') })
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = distanceBetween(a, b)
      return distance <= Math.max(a.length, b.length) && distance >= Math.abs(a.length - b.length)
    }),
  )
})

t.test('what a word begins comes before what it is like, and what is unlike is not meant', async (t) => {
  t.equal(nearest('pla', ['pl', 'plant']), 'plant')
  t.equal(nearest('plan', ['pln', 'clan']), 'pln')
  t.equal(nearest('xyz', ['abc']), undefined)
  t.equal(nearest('FASTINTERVALL', ['interval', 'fastInterval']), 'fastInterval', 'in whatever case')
  t.equal(nearest('abc', []), undefined)
})
