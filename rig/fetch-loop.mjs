// A client of the rig: fetches URL every INTERVAL_MS, each time by a new connection, and prints one JSON line per request:
// {at, ok, body} or {at, ok, error}, where `at` is the start in ms since the epoch. Usage: node fetch-loop.mjs URL INTERVAL_MS
// [TIMEOUT_MS]: 1000 unless told.
import { get } from 'node:http'

const [url, interval, timeout = '1000'] = process.argv.slice(2)
if (!url || !URL.canParse(url) || !(Number(interval) > 0) || !(Number(timeout) > 0)) {
  console.error(
    `expected a URL, an interval and a time-out in ms, found '${process.argv.slice(2).join(' ')}': node fetch-loop.mjs URL INTERVAL_MS [TIMEOUT_MS]`,
  )
  process.exit(2)
}

/** Resolves with the body; rejects if it is not whole, with status 200, in time. */
function fetchOnce() {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      let body = ''
      response.setEncoding('utf8')
      response.on('data', (chunk) => (body += chunk))
      response.on('error', reject)
      response.on('end', () => {
        if (response.statusCode === 200) resolve(body.trim())
        else reject(new Error(`HTTP status ${response.statusCode}`))
      })
    })
    request.on('error', reject)
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeout} ms`)), Number(timeout))
    request.on('close', () => clearTimeout(timer))
  })
}

async function report() {
  const at = Date.now()
  try {
    console.log(JSON.stringify({ at, ok: true, body: await fetchOnce() }))
  } catch (error) {
    console.log(JSON.stringify({ at, ok: false, error: error.message }))
  }
}

setInterval(() => void report(), Number(interval))
void report()
