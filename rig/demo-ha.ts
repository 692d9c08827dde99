/**
 * The demo of two directors: a client holds connections to their virtual addresses, and makes new ones all the time; the director that has the
 * addresses hands them over, takes them back, and dies.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { emulationMs } from './cluster.js'
import { startPair } from './pair.js'

const advertMs = 100
const graceMs = 5000
/** To each of the two virtual addresses. */
const count = 250
const probeEveryMs = 20
/** The kernel tells the other director of a connection within that time. */
const toldMs = 1000
/** Promised: of a crash, and of a handover. */
const [crashMs, handoverMs] = [1000, 200]

export async function showTwoDirectors(
  say: (text: string) => void,
  expect: (holds: boolean, what: string) => void,
): Promise<void> {
  const pair = await startPair({ advertMs, graceMs })
  try {
    const { members, vips } = pair
    const [first, second] = members
    const both = vips.join(' and ')
    say(`the LAN is up: directors ${first.host.ipv4} and ${second.host.ipv4}, each with ipvs-failover and keepalived`)
    say(
      `${first.host.ipv4} has the virtual addresses ${both}; it says so every ${advertMs} ms, and tells the other one of connections`,
    )

    const held = await pair.hold(count)
    const probe = await pair.probe(probeEveryMs)
    await sleep(toldMs)
    say(`a client holds ${count} connections to each of them, and makes a new one every ${probeEveryMs} ms`)

    async function show(since: number, moved: number, promisedMs: number): Promise<void> {
      for (const [i, vip] of vips.entries()) {
        const { longestMs, failed } = await probe.silence(vip, since, moved)
        say(
          `  ${vip}: ${longestMs} ms without an answer at most (promised: ${promisedMs} ms); ${failed} new connections failed`,
        )
        expect(
          longestMs <= promisedMs + emulationMs,
          `an answer within ${promisedMs} ms (and ${emulationMs} ms for emulation)`,
        )
        const { answered } = (await held[i]?.exchange()) ?? { answered: 0 }
        say(`  ${vip}: ${answered} of ${count} connections are kept`)
        expect(answered >= 0.99 * count, '99 % of them to be kept')
      }
    }

    const asked = Date.now()
    const [, given] = await Promise.all([first.operate('handover'), pair.moved(second, true, asked)])
    say(`ipvs-failover handover: ${second.host.ipv4} has the virtual addresses`)
    await show(asked, given, handoverMs)

    const back = await pair.moved(first, true, given)
    say(`${first.host.ipv4} has waited for ${graceMs / 1000} s, to be told of connections, and has taken them back`)
    await show(given, back, handoverMs)

    const killed = Date.now()
    await pair.faults.crash(first.host)
    say(`killed: every process of ${first.host.ipv4}, by SIGKILL, and its link is cut`)
    const taken = await pair.moved(second, true, killed)
    say(`${second.host.ipv4} has the virtual addresses`)
    await show(killed, taken, crashMs)
  } finally {
    await pair.close()
  }
}
