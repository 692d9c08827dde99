import t from 'tap'
import { diff, toJSON, type Table } from '../lib/index.js'
import { createTestKernel } from '../lib/testing/index.js'
import { fill, http, server } from './tables.js'

t.test('a table is JSON by the replacer: totals as decimal strings, and desired again as it comes back', async (t) => {
  const table = await fill(createTestKernel().open(), [
    { service: { ...http, scheduler: 'wlc', persistence: { timeoutSeconds: 300 } }, destinations: [server(1)] },
  ])
  t.throws(() => JSON.stringify(table), TypeError, 'bigint alone is not JSON')
  const text = JSON.stringify(table, toJSON)
  const back = JSON.parse(text) as Table
  t.match(back, [{ service: { stats: { total: { bytesIn: '0' }, rate: { bytesIn: 0 } } } }])
  t.same(diff(table, back).changes, [])
  t.same(diff(back, table).changes, [])
})

t.test('a total beyond what a number holds keeps its last digit', async (t) => {
  t.equal(
    JSON.stringify({ total: 18446744073709551615n, other: [1, 'two', null] }, toJSON),
    '{"total":"18446744073709551615","other":[1,"two",null]}',
  )
})
