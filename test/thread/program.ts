/** The program that test/thread.test.ts runs: prints the name of the thread that a handle tells, or the error. */
import { readFileSync } from 'node:fs'
import { readThread } from '../../lib/commands.js'
import { exchange } from '../../lib/exchange.js'
import { openNativeSession } from '../../lib/native.js'

const session = openNativeSession('')
try {
  const { id } = await readThread('connections', async (requests) => exchange(session, requests))
  console.log(readFileSync(`/proc/self/task/${id}/comm`, 'utf8').trim())
} catch (error) {
  console.log((error as Error).message)
}
await session.close()
