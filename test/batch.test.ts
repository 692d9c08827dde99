import t from 'tap'
import { chunkLength, RequestBatch } from '../lib/batch.js'
import { Command, type Request } from '../lib/records.js'
import { destinationSpec, serviceKey, serviceSpec } from '../lib/validate.js'
import { decodeRequests, encodeRequests } from '../lib/wire.js'
import { http, http6, server } from './tables.js'

const [one, other] = [serviceKey(http), serviceKey(http6)]
const spec = serviceSpec({ ...http, scheduler: 'wlc', persistence: {} })
const [real, drained] = [destinationSpec(server(1, { weight: 7 })), destinationSpec(server(2, { weight: 0 }))]
const { newService, newDest, setDest, delDest, delService } = Command
const requests: readonly Request[] = [
  { command: newService, service: spec },
  { command: newDest, service: one, destination: real },
  { command: setDest, service: one, destination: drained },
  { command: delDest, service: one, destination: real },
  { command: delService, service: one },
  { command: newDest, service: one, destination: drained },
  { command: newDest, service: other, destination: real },
  { command: newDest, service: one, destination: real },
]

t.test('requests stand in a batch as the seam has them, whatever came before', async (t) => {
  for (let first = 0; first < requests.length; first++) {
    const some = [...requests.slice(first), ...requests.slice(0, first)]
    t.same(RequestBatch.of(some).chunks(), [{ bytes: encodeRequests(some), length: some.length }])
  }
})

t.test('a batch grows, and is sent in chunks that stand by themselves', async (t) => {
  t.same(new RequestBatch().chunks(), [])
  for (const length of [1, 8, 9, 40, chunkLength, chunkLength + 1, 2 * chunkLength + 40]) {
    const many = Array.from({ length }, (_, i) => requests[i % requests.length] as Request)
    const batch = RequestBatch.of(many)
    t.equal(batch.length, length)
    const chunks = Array.from({ length: Math.ceil(length / chunkLength) }, (_, i) =>
      many.slice(i * chunkLength, (i + 1) * chunkLength),
    )
    t.same(
      batch.chunks(),
      chunks.map((some) => ({ bytes: encodeRequests(some), length: some.length })),
    )
    t.same(batch.requests(), decodeRequests(encodeRequests(many)))
  }
})

t.test('a service is written once for all that follow about it', async (t) => {
  const add = (destination: typeof real): Request => ({ command: newDest, service: one, destination })
  const [alone, both] = [encodeRequests([add(real)]), encodeRequests([add(real), add(drained)])]
  t.equal(both.length - alone.length, 52, 'a head and a destination')
})
