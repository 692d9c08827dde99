import t from 'tap'
import { contract } from '../contract/index.js'
import { makeNamespace, openIn, sessionIn } from './namespace.js'

await contract(t, async (t) => {
  const namespace = await makeNamespace(t)
  return { ipvs: await openIn(t, namespace), stranger: await openIn(t, namespace), session: sessionIn(t, namespace) }
})
