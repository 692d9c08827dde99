/** What befalls hosts and links of the rig's LAN: a crash, a pulled cable, packets that are lost on the way from one host to another. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { journalOf } from './cluster.js'
import type { Host, Lan, LanOptions } from './lan.js'

const run = promisify(execFile)
const rig = join(import.meta.dirname, '..', 'rig')

export interface Faults {
  /** The machine is gone: its link first, then all of its processes, by SIGKILL. What its kernel held stays, out of reach. */
  crash(host: Host): Promise<void>
  /** The same director anew, as after a crash: with its addresses, and nothing else. */
  reboot(host: Host): Promise<void>
  /** As if the cable was pulled out of the switch: the host sees that its carrier is lost. */
  unplug(host: Host): Promise<void>
  plug(host: Host): Promise<void>
  /** Loses so many percent, all unless told, of what one host sends the other, on the switch: no host sees it of its link. */
  lose(from: Host, to: Host, percent?: number): Promise<void>
  /** Ends all losses, of which there is one. Resolves with the time at which the kernel did, in milliseconds since the epoch. */
  mend(): Promise<number>
}

export function faultsOf(lan: Lan, { vip = 'first' }: LanOptions = {}): Faults {
  const portOf = (host: Host) => host.namespace.slice(lan.name.length + 1)
  const switchPort = (host: Host, state: 'up' | 'down') =>
    run('ip', ['-n', `${lan.name}-switch`, 'link', 'set', portOf(host), state])
  const onSwitch = (rules: string) => run('ip', ['netns', 'exec', `${lan.name}-switch`, 'nft', rules])
  const table = 'add table bridge rig; add chain bridge rig loss { type filter hook forward priority 0; }'

  return {
    async crash(host) {
      // Found before, so that little time lies between.
      const some = await processesOf(host)
      await switchPort(host, 'down')
      killThese(some)
      for (let left = await processesOf(host); left.length > 0; left = await processesOf(host)) killThese(left)
    },
    async reboot(host) {
      await run(join(rig, 'lan'), ['reboot', lan.name, portOf(host), '--vip', vip])
    },
    async unplug(host) {
      await switchPort(host, 'down')
    },
    async plug(host) {
      await switchPort(host, 'up')
    },
    async lose(from, to, percent = 100) {
      const rule = `iifname ${portOf(from)} oifname ${portOf(to)} numgen random mod 100 <= ${percent - 1} drop`
      await onSwitch(`${table}; add rule bridge rig loss ${rule}`)
    },
    async mend() {
      const monitor = lan.spawn(`${lan.name}-switch`, 'nft', ['monitor', 'tables'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const changes = journalOf(monitor, (line) => ({ line, at: Date.now() }))
      // It does not say when it has begun.
      for (let seen = false; !seen;) {
        for (const change of ['add', 'delete']) await onSwitch(`${change} table bridge look`)
        seen = await Promise.race([changes.first(() => true).then(() => true), sleep(100, false)])
      }
      await onSwitch('delete table bridge rig')
      const { at } = await changes.first(({ line }) => line === 'delete table bridge rig')
      monitor.kill()
      return at
    },
  }
}

async function processesOf(host: Host): Promise<readonly number[]> {
  const { stdout } = await run('ip', ['netns', 'pids', host.namespace])
  return stdout.split('\n').filter(Boolean).map(Number)
}

function killThese(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
    }
  }
}
