// A daemon with nothing but its watcher: node watched-program.mjs TRACK_FILE STALL_MS. What it reads, a line at a time, it tells the
// watcher from then on; it prints the watcher's pid.
import { createInterface } from 'node:readline'
import { Watched } from '../dist/ha/watched.js'

const [path = '', stall = ''] = process.argv.slice(2)
const watched = new Watched({
  path,
  stallMs: Number(stall),
  onProblem: (problem) => console.log(`problem ${problem}`),
})
/** @type {string | undefined} */
let value
const tell = () => watched.tell(value)
tell()
console.log(`pid ${watched.pid}`)
setInterval(tell, Number(stall) / 10)
createInterface(process.stdin).on('line', (line) => {
  value = line === '' ? undefined : line
  tell()
})
