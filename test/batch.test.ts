import t from 'tap'
import { chunkLength, RequestBatch } from '../lib/batch.js'
import { Command, type Request } from '../lib/records.js'
import { destinationSpec, serviceKey, serviceSpec } from '../lib/validate.js'
import { encodeRequests, requestSize } from '../lib/wire.js'
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

function batchOf(requests: readonly Request[]): RequestBatch {
  const batch = new RequestBatch()
  for (const request of requests) batch.add(request)
  return batch
}

t.test('requests stand in a batch as the seam has them, whatever came before', async (t) => {
  for (let first = 0; first < requests.length; first++) {
    const some = [...requests.slice(first), ...requests.slice(0, first)]
    t.same(batchOf(some).chunks(), [encodeRequests(some)])
  }
})

t.test('a batch grows, and is sent in chunks', async (t) => {
  t.same(new RequestBatch().chunks(), [])
  for (const length of [1, 16, 17, 64, 65, chunkLength, chunkLength + 1, 2 * chunkLength + 40]) {
    const many = Array.from({ length }, (_, i) => requests[i % requests.length] as Request)
    const batch = batchOf(many)
    t.equal(batch.length, length)
    const chunks = batch.chunks()
    t.same(
      chunks.map(({ length }) => length / requestSize),
      Array.from({ length: Math.ceil(length / chunkLength) }, (_, i) =>
        Math.min(chunkLength, length - i * chunkLength),
      ),
    )
    t.same(Buffer.concat(chunks), Buffer.from(encodeRequests(many)))
  }
})

t.test('what is picked is a batch of its own, to which more can be added', async (t) => {
  const many = Array.from({ length: 2 * chunkLength }, (_, i) => requests[i % requests.length] as Request)
  const indices = [6, 1, chunkLength + 3]
  const picked = batchOf(many).pick(indices)
  picked.add(requests[2] as Request)
  const wanted = [...indices.map((i) => many[i] as Request), requests[2] as Request]
  t.same(picked.chunks(), [encodeRequests(wanted)])
})
