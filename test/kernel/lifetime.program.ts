/**
 * What lifetime.guest.ts starts: `node lifetime.program.mjs SCENARIO NAMESPACE MARK`, also as the program of a worker thread.
 * MARK is a file that exists once the kernel is held up by the request.
 */
import { existsSync } from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { open } from '../../lib/index.js'

const [scenario = '', namespace = '', mark = ''] = parentPort ? (workerData as string[]) : process.argv.slice(2)
const service = { protocol: 'tcp', address: '192.0.2.1', port: 80, scheduler: 'rr' } as const

async function isHeldUp(): Promise<void> {
  while (!existsSync(mark)) await new Promise((resolve) => setTimeout(resolve, 5))
}

const scenarios: Readonly<Record<string, () => Promise<void>>> = {
  /** Its request is the one that waits for modprobe. */
  async 'exits while its module is loaded'() {
    const ipvs = await open({ namespace })
    ipvs.addService({ ...service, scheduler: 'nosuch' }).catch(() => {})
    await isHeldUp()
    console.log('exits')
    process.exit(7)
  },

  /** Its request waits behind that of somebody else. */
  async 'exits behind another'() {
    const ipvs = await open({ namespace })
    console.log('ready')
    await isHeldUp()
    void ipvs.info()
    // The next turn: it is sent.
    setImmediate(() => {
      console.log('exits')
      process.exit(7)
    })
  },

  async 'worker: waits behind another'() {
    const ipvs = await open({ namespace })
    parentPort?.postMessage('ready')
    await isHeldUp()
    void ipvs.info()
    setImmediate(() => parentPort?.postMessage('in flight'))
  },

  async 'worker: uses a handle'() {
    const ipvs = await open({ namespace })
    const port = Number(mark)
    await ipvs.addService({ ...service, port })
    const [entry] = (await ipvs.table()).filter(({ service }) => service.port === port)
    await ipvs.removeService({ ...service, port })
    await ipvs.close()
    parentPort?.postMessage(entry?.service.scheduler)
  },
}

await scenarios[scenario]?.()
