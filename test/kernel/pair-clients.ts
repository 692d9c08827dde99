/** What the clients of two directors see: connections that they hold, and addresses that do not answer for a while. */
import type { Test } from 'tap'
import type { Member } from '../../rig/member.js'
import type { Pair } from '../../rig/pair.js'

/** What a busy emulated machine may add to a promise: its timers and processes are late. */
const emulationMs = 500
const probeEveryMs = 20

export interface PairClients {
  /** Asks all of the connections; at least this share is to stand, all unless told. */
  stand(t: Test, after: string, share?: number): Promise<void>
  /** No address is to be silent for longer than promised, from a time until it has answered after another one. */
  served(t: Test, during: string, since: number, until: number, promisedMs: number): Promise<void>
}

/** A client that holds so many connections to each virtual address, and another one that makes new ones all the time. */
export async function clientsOf(t: Test, pair: Pair, count: number): Promise<PairClients> {
  const held = await pair.hold(count)
  const probe = await pair.probe(probeEveryMs)
  t.teardown(() => probe.stop())
  const family = (vip: string) => (vip.includes(':') ? 'IPv6' : 'IPv4')
  return {
    async stand(t, after, share = 1) {
      const answered = []
      for (const each of held) answered.push((await each.exchange()).answered)
      t.ok(Math.min(...answered) >= share * count)
      t.comment(`measured: ${after}: ${answered.join(' and ')} of ${count} connections each by IPv4 and IPv6 stand`)
    },
    async served(t, during, since, until, promisedMs) {
      for (const vip of pair.vips) {
        const { longestMs, failed, attempts } = await probe.silence(vip, since, until)
        const seen = `${longestMs} ms without an answer at most, ${failed} of ${attempts} new connections failed`
        t.ok(longestMs <= promisedMs + emulationMs, seen)
        t.comment(`measured: ${during}, ${family(vip)}: ${seen}`)
      }
    },
  }
}

/** Kills the daemon of the director that has the virtual addresses, and starts it again: clients are to see nothing of it. */
export async function killDaemon(t: Test, director: Member, clients: PairClients): Promise<void> {
  const at = Date.now()
  t.equal(await director.daemon().end('SIGKILL'), 'SIGKILL')
  await clients.stand(t, 'kill -9 of the daemon')
  director.startDaemon()
  await director.daemon().first(({ msg }) => msg === 'table found')
  await clients.served(t, 'kill -9 of the daemon', at, Date.now(), 0)
  // What it said tells why, if they do not.
  t.strictSame(director.moves(at), [], 'the virtual addresses stay', { said: director.daemon().entries })
}
