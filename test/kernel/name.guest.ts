/** A handle belongs to the network namespace that it entered, whatever becomes of the name. */
import t from 'tap'
import { makeNamespace, openIn, run } from './namespace.js'

const service = { protocol: 'tcp', address: '192.0.2.1', port: 80 } as const
const real = { address: '10.0.0.1', port: 80 } as const

t.test('a handle keeps its table when the name of its namespace is given to another one', async (t) => {
  const name = await makeNamespace(t)
  const ipvs = await openIn(t, name)
  await ipvs.addService({ ...service, scheduler: 'rr' })

  await run('ip', ['netns', 'delete', name])
  await run('ip', ['netns', 'add', name])
  const other = await openIn(t, name)
  t.same(await other.table(), [], 'the name leads to another table')

  await ipvs.addDestination(service, { ...real, forwarding: 'masquerade' })
  t.match(await ipvs.table(), [{ service, destinations: [real] }], 'the handle reads and writes its own')
  t.same(await other.table(), [])
})
