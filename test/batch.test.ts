import t from 'tap'
import { RequestBatch } from '../lib/batch.js'
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

function batchOf(requests: readonly Request[]): RequestBatch {
  const batch = new RequestBatch(3)
  for (const request of requests) batch.add(request)
  return batch
}

t.test('requests stand in a batch as the seam has them, whatever came before', async (t) => {
  for (let first = 0; first < requests.length; first++) {
    const some = [...requests.slice(first), ...requests.slice(0, first)]
    t.same(batchOf(some).slice(0, some.length), encodeRequests(some))
  }
})

t.test('a batch grows, and is sent in parts', async (t) => {
  const many = Array.from({ length: 100 }, (_, i) => requests[i % requests.length] as Request)
  const batch = batchOf(many)
  t.equal(batch.length, 100)
  t.same(batch.slice(40, 60), encodeRequests(many.slice(40, 60)))
  t.same(batch.slice(90, 200), encodeRequests(many.slice(90)), 'no further than there are')
})

t.test('what is picked is a batch of its own, to which more can be added', async (t) => {
  const picked = batchOf(requests).pick([6, 1])
  picked.add(requests[2] as Request)
  t.same(
    decodeRequests(picked.slice(0, 3)),
    decodeRequests(encodeRequests([6, 1, 2].map((i) => requests[i] as Request))),
  )
})
