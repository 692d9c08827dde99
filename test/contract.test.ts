import t from 'tap'
import { createIpvs } from '../lib/ipvs.js'
import { FakeKernel } from '../lib/testing/fake-session.js'
import { schedulers } from '../lib/types.js'
import { contract } from './contract/index.js'

await contract(t, async () => {
  const kernel = new FakeKernel(schedulers)
  const open = () => createIpvs(kernel.session())
  return Promise.resolve({ ipvs: open(), stranger: open(), session: kernel.session() })
})
