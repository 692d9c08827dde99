/**
 * Another program that changes the table, for concurrent.guest.ts: `node churn.mjs NAMESPACE SEED MOST_MS`. It adds, updates
 * and removes services and destinations in bursts, with pauses of up to MOST_MS between them, until its standard input ends.
 *
 * It prints a line before each change and one after it: the time of the monotonic clock, which all processes share, and
 * what is changed. It never brings back what was, and what it adds outlives any reading: the table is never twice the same.
 */
import { open } from '../../lib/index.js'
import { random } from '../random.js'
import { churnable, now, permanent, server, web, type Step } from './churned.js'

const [namespace = '', seed = '', mostMs = ''] = process.argv.slice(2)
const chance = random(Number(seed))
/** How long an addition stays, longer than an exact reading may take; without pauses there would be too many of them. */
const staysMs = 120_000
const mostAdded = 400

const ipvs = await open({ namespace })
let made = 0
const doomed: { readonly at: number; readonly step: Step }[] = []
let ended = false
process.stdin.resume().on('end', () => (ended = true))

const some = () => 1 + Math.floor(chance() * churnable)

function nextStep(): Step {
  const oldest = doomed[0]
  if (oldest && (now() > oldest.at || doomed.length > mostAdded)) {
    doomed.shift()
    return oldest.step
  }
  const number = ++made
  const kind = Math.floor(chance() * 3)
  if (kind === 2) return { type: 'weight', service: some(), weight: 1000 + number }
  const service = kind === 0 ? permanent + number : some()
  const [add, remove]: [Step, Step] =
    kind === 0
      ? [
          { type: 'addService', service },
          { type: 'removeService', service },
        ]
      : [
          { type: 'add', service, port: 10_000 + number },
          { type: 'remove', service, port: 10_000 + number },
        ]
  doomed.push({ at: now() + staysMs, step: remove })
  return add
}

async function carryOut(step: Step): Promise<void> {
  const of = web(step.service)
  switch (step.type) {
    case 'addService':
      return ipvs.addService(of)
    case 'removeService':
      return ipvs.removeService(of)
    case 'add':
      return ipvs.addDestination(of, server(step.port))
    case 'remove':
      return ipvs.removeDestination(of, server(step.port))
    case 'weight':
      return ipvs.updateDestination(of, server(1, step.weight))
  }
}

const tell = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`)

while (!ended) {
  for (let left = 1 + Math.floor(chance() * 4); left > 0 && !ended; left--) {
    const step = nextStep()
    tell({ at: now(), step })
    await carryOut(step)
    tell({ at: now() })
  }
  // A pause of 0 still lets the end of the input in.
  await new Promise((resolve) => setTimeout(resolve, chance() * Number(mostMs)))
}
await ipvs.close()
