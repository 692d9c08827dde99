import t from 'tap'
import { Guesses } from '../src/web/guesses.js'

t.test('ten wrong passwords in a minute are enough, for who gave them', (t) => {
  let now = 0
  const guesses = new Guesses(() => now)
  t.equal(guesses.wrong('192.0.2.1'), true, 'the first is told to the log')
  for (let i = 1; i < 10; i++) {
    t.ok(guesses.mayTry('192.0.2.1'))
    t.equal(guesses.wrong('192.0.2.1'), false, 'the others are not')
  }
  t.notOk(guesses.mayTry('192.0.2.1'))
  t.ok(guesses.mayTry('192.0.2.2'))
  now = 60_000
  t.ok(guesses.mayTry('192.0.2.1'))
  t.equal(guesses.wrong('192.0.2.1'), true)
  t.end()
})

t.test('who comes from ever new addresses is one', (t) => {
  let now = 0
  const guesses = new Guesses(() => now)
  for (let i = 0; i < 1000; i++) guesses.wrong(`address ${i}`)
  for (let i = 1000; i < 1010; i++) guesses.wrong(`address ${i}`)
  t.notOk(guesses.mayTry('address 5000'))
  t.ok(guesses.mayTry('address 7'), 'who was known before is himself')
  now = 60_000
  t.ok(guesses.mayTry('address 5000'))
  t.end()
})
