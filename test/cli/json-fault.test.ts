import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { jsonFault } from '../../lib/cli/json-fault.js'

const faults: readonly (readonly [json: string, line: number, column: number, expected: string, found: string])[] = [
  ['', 1, 1, 'a value', 'the end'],
  ['[', 1, 2, 'a value or ]', 'the end'],
  ['[1,]', 1, 4, 'a value', '"]"'],
  ['[1 2]', 1, 4, ', or ]', '"2"'],
  ['[01]', 1, 3, ', or ]', '"1"'],
  ['[1.]', 1, 3, ', or ]', '"."'],
  ['[-]', 1, 2, 'a value or ]', '"-"'],
  ['[}', 1, 2, 'a value or ]', '"}"'],
  ['{"a":1]', 1, 7, ', or }', '"]"'],
  ['{"a" 1}', 1, 6, ':', '"1"'],
  ['{"a":1 "b":2}', 1, 8, ', or }', 'a string'],
  ['{"a":1,}', 1, 8, 'a name in double quotes', '"}"'],
  ["{'a':1}", 1, 2, 'a name in double quotes, or }', '"\'"'],
  ['{a:1}', 1, 2, 'a name in double quotes, or }', '"a"'],
  ['[\n  {\n    "port": eighty\n  }\n]', 3, 13, 'a value', '"eighty"'],
  ['[\r\n  1\r\n  2]', 3, 3, ', or ]', '"2"'],
  ['[] []', 1, 4, 'nothing more', '"["'],
  ['["no end]', 1, 2, 'a value or ]', 'a string without end, or with a wrong escape'],
  ['["\\x"]', 1, 2, 'a value or ]', 'a string without end, or with a wrong escape'],
  ['["a\nb"]', 1, 2, 'a value or ]', 'a string without end, or with a wrong escape'],
  ['[true, nul]', 1, 8, 'a value', '"nul"'],
  ['[\u00a01]', 1, 2, 'a value or ]', '"\u00a0"'],
  ['[1, \u{1f600}]', 1, 5, 'a value', '"\u{1f600}"'],
]

t.test('the place, what was expected there and what is found', (t) => {
  for (const [json, line, column, expected, found] of faults) {
    t.same(jsonFault(json), { line, column, expected, found }, JSON.stringify(json))
  }
  t.end()
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

t.test('it finds a fault exactly where there is one: JSON with a few characters changed', (t) => {
  let [good, bad] = [0, 0]
  const piece = fc.constantFrom(...'{}[]:,"\\0e-.tn \n\u0001', 'null', '\\u00', '1e5')
  const edit = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(2), piece)
  fc.assert(
    fc.property(fc.json(), fc.array(edit, { maxLength: 2 }), (json, edits) => {
      let text = json
      for (const [where, length, insert] of edits) {
        const at = Math.floor(where * text.length)
        text = text.slice(0, at) + insert + text.slice(at + length)
      }
      const fault = jsonFault(text)
      assert.equal(fault === undefined, isJson(text), text)
      if (fault) bad++
      else good++
    }),
    { numRuns: 2000 },
  )
  t.ok(good > 300 && bad > 300, `${good} good, ${bad} bad`)
  t.end()
})

t.test('a file of many brackets, or of one long string, is no trouble', (t) => {
  t.match(jsonFault('['.repeat(1_000_000)), { column: 1_000_001 })
  t.match(jsonFault(`["${'a'.repeat(20_000_000)}" 1]`), { column: 20_000_005 })
  t.match(jsonFault(`["${'\\n'.repeat(2_000_000)}" 1]`), { column: 4_000_005 })
  t.match(jsonFault(`["${'a'.repeat(2_000_000)}`), { column: 2 })
  t.end()
})
