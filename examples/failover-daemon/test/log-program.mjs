// Writes numbered lines of 1 KiB, as many as its argument says and one at the end, and ends at SIGTERM. What its event loop does
// is on stderr.
import { openLog } from '../dist/log.js'

const { log, end } = openLog(1)
const text = 'x'.repeat(1024)
const started = performance.now()
for (let n = 0; n < Number(process.argv[2]); n++) log.info({ n }, text)
const timer = setInterval(() => process.stderr.write('alive\n'), 50)
process.stderr.write(`written in ${Math.round(performance.now() - started)} ms\n`)
process.once('SIGTERM', async () => {
  clearInterval(timer)
  log.info({}, 'ended')
  await end()
})
