import t from 'tap'
import { contract } from '../contract/index.js'
import { syncInterface } from '../contract/directors.js'
import { addInterface, makeNamespace, openIn, sessionIn } from './namespace.js'

await contract(t, async (t) => {
  const namespace = await makeNamespace(t)
  await addInterface(namespace, syncInterface)
  return { ipvs: await openIn(t, namespace), stranger: await openIn(t, namespace), session: sessionIn(t, namespace) }
})
