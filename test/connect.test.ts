/** Attempts to connect by TCP, in network namespaces made for them. */
import t from 'tap'
import { bundleProgram, nowhere, oneSilent, run, well } from './system/run.js'

t.setTimeout(200_000)
await bundleProgram()

t.test('a port that accepts is told from one that refuses, over IPv4 and IPv6', async (t) => {
  t.match(await run('ports that accept and ports that refuse'), well)
})

t.test('a thousand at once are each told their own end', async (t) => {
  t.match(await run('a thousand attempts at once'), well)
})

t.test('silence lasts until the signal fires, and is told with the address that the kernel sent from', async (t) => {
  t.match(await run('no answer to an attempt', 'raw', oneSilent), well)
})

t.test('an error of the network has such an address, a refusal of this host has none', async (t) => {
  t.match(await run('what the network says, and what this host says', 'raw', nowhere), well)
})

t.test('without a descriptor the end is EMFILE, and the next attempt succeeds', async (t) => {
  t.match(await run('no descriptor left'), well)
})

t.test('what is no address, port or signal is refused', async (t) => {
  t.match(await run('wrong arguments to a connector'), well)
})

t.test('a hundred thousand leave no descriptor, no memory and nothing in TIME_WAIT', async (t) => {
  t.match(await run('a hundred thousand attempts'), well)
})
