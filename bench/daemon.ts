/**
 * How fast the failover daemon is, in the guest: `node bench-daemon.mjs`. From a verdict to the kernel's acknowledgement of what it
 * changed in the table, and from its start to its first check, beside the start of a node that does nothing. By the times of
 * the log's lines, which are whole milliseconds. It prints a sample a line.
 */
import { execFile } from 'node:child_process'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { failoverYaml, openDirector, servers, startDaemon, tableThat, writeConfig } from '../rig/cluster.js'
import type { Daemon } from '../rig/cluster.js'
import { createLan, type Host } from '../rig/lan.js'
import { quantile } from './statistics.js'
import type { Sample } from './samples.js'

const starts = 3
const flaps = 50
const check = { intervalMs: 400, fastMs: 400, timeoutMs: 350, fall: 1 }

/** A real server that closes and opens its port as it is told, and tells when it has, and when a client comes. */
const flapping = `
  const server = require('node:http').createServer((_, response) => response.end())
  const tell = (what) => console.log(what + ' ' + Date.now())
  server.on('connection', () => tell('asked'))
  require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
    if (line === 'up') return server.listen(80, '::', () => tell('up'))
    server.close().closeAllConnections()
    tell('down')
  })`

function startFlapping(real: Host) {
  const { stdin, stdout } = lan.spawn(real.namespace, process.execPath, ['-e', flapping], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  if (!stdin || !stdout) throw new TypeError('expected a child with piped streams, found none')
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  /** The time of the next line of that kind. */
  async function next(kind: 'up' | 'down' | 'asked'): Promise<number> {
    for (;;) {
      const { value, done } = (await lines.next()) as IteratorResult<string, undefined>
      if (done) throw new Error(`expected the line '${kind}', found that the server had ended`)
      const [word, time] = value.split(' ')
      if (word === kind) return Number(time)
    }
  }
  async function turn(state: 'up' | 'down'): Promise<void> {
    stdin?.write(`${state}\n`)
    await next(state)
  }
  return { next, turn }
}

/** From the verdict to the table, in milliseconds, once in each direction. */
async function flap(daemon: Daemon, state: 'up' | 'down', turn: () => Promise<void>): Promise<number> {
  const from = daemon.entries.length
  const change = state === 'up' ? 'addDestination' : 'removeDestination'
  await turn()
  const written = await daemon.first(({ written = [] }) => written.some((name) => name.startsWith(change)), from)
  const verdict = await daemon.first((line) => line.to === (state === 'up' ? 'online' : 'failed'), from)
  return Date.parse(written.time) - Date.parse(verdict.time)
}

function print(measure: string, ms: readonly number[]): void {
  for (const [round, value] of ms.entries()) {
    const sample: Sample = {
      workload: 'daemon',
      case: 'one real server',
      measure,
      contestant: 'ours',
      round,
      value: value * 1000,
    }
    console.log(JSON.stringify(sample))
  }
}

const lan = await createLan({ reals: 1 })
try {
  const [director] = lan.directors as [Host]
  const server = startFlapping(lan.reals[0] as Host)
  await server.turn('up')
  // It is to go up and down for as long as it is told to, the only one that there is.
  const config = await writeConfig(`${failoverYaml(lan, check)}    flapping: false\n    whenAllDown: none\n`)

  const [bare, found, asked]: [number[], number[], number[]] = [[], [], []]
  for (let i = 0; i < starts; i++) {
    const begun = Date.now()
    await promisify(execFile)('ip', ['netns', 'exec', director.namespace, process.execPath, '-e', '0'])
    bare.push(Date.now() - begun)
    const started = Date.now()
    const daemon = startDaemon(lan, director, config)
    const first = daemon.first(({ msg }) => msg === 'table found')
    const [askedAt, { time }] = await Promise.all([server.next('asked'), first])
    asked.push(askedAt - started)
    found.push(Date.parse(time) - started)
    await daemon.end('SIGTERM')
    // Its last connections are those of no later start.
    await server.turn('down')
    await server.turn('up')
  }
  print('start of a node that does nothing', bare)
  print('start to the table as it was found', found)
  print('start to the first check', asked)

  const daemon = startDaemon(lan, director, config)
  const ipvs = await openDirector(director)
  await tableThat(ipvs, (table) => servers(table).length === 1, 60_000)
  await ipvs.close()
  const [removals, additions]: [number[], number[]] = [[], []]
  for (let i = 0; i < flaps; i++) {
    removals.push(await flap(daemon, 'down', () => server.turn('down')))
    additions.push(await flap(daemon, 'up', () => server.turn('up')))
  }
  for (const [what, times] of Object.entries({ dead: removals, back: additions })) {
    print(`verdict to table, ${what}`, times)
    print(`verdict to table, ${what}, p99`, [quantile(times, 0.99)])
  }
  await daemon.end('SIGTERM')
} finally {
  await lan.close()
}
