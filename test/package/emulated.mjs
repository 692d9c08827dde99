// For a processor that is emulated together with its system calls: without netlink.
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(import.meta.url)
const folder = dirname(require.resolve('ipvs/package.json'))
const addon = require('node-gyp-build')(folder)
const { layoutHash } = await import(pathToFileURL(`${folder}/dist/wire.js`))
const { notifySystemd } = await import('ipvs/system')
const handle = new addon.Handle('')
// Of the second addon, what takes no kernel to answer.
process.env.NOTIFY_SOCKET = '/nosuch/socket'
const notify = () => {
  try {
    return notifySystemd('READY=1')
  } catch ({ code }) {
    return code
  }
}
console.log(
  JSON.stringify({
    arch: process.arch,
    sameLayout: addon.layoutHash === layoutHash(),
    closed: (await handle.close()) ?? 'closed',
    notified: notify(),
    addons: process.report
      .getReport()
      .sharedObjects.filter((path) => path.endsWith('.node'))
      .sort(),
  }),
)
