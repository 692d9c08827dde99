import type { Ipvs } from 'ipvs'
import type { Verdict } from 'ipvs/health'
import type { Votes } from './agreement.js'
import type { Every } from './agenda.js'
import type { StartMonitor } from './checks.js'
import type { Clock } from './clock.js'
import type { Config } from './config.js'
import type { DirectorEvent } from './events.js'
import type { Facts } from './facts.js'
import type { Echo } from './hosts.js'
import type { Log } from './log.js'
import type { Orders } from './orders.js'
import type { Rates } from './rates.js'
import type { Asking } from './resolver.js'
import type { Ledger } from './state.js'
import type { DirectorStatus, Status } from './status.js'
import type { Timeline } from './timeline.js'

/** What a director works with; the caller opens and closes it. */
export interface DirectorParts {
  readonly config: Config
  readonly ipvs: Ipvs
  readonly ledger: Ledger
  readonly orders: Orders
  readonly log: Log
  readonly startMonitor: StartMonitor
  /** How hosts are pinged. @default they are not: a server that is down is failed, never offline */
  readonly echo?: Echo | undefined
  /** Hears what happens. Must not throw. @default nobody */
  readonly onEvent?: ((event: DirectorEvent) => void) | undefined
  /**
   * Hears of each full round: the table was read, and written where need be, if the kernel took all of it (`written`). Counters and times are
   * those of the last round that had something to decide. Must not throw. @default nobody
   */
  readonly onRound?:
    ((status: Status, round: { readonly tookMs: number; readonly written: boolean }) => void) | undefined
  /** What else is wrong with the daemon, for people. Must not throw. @default nothing */
  readonly problems?: (() => readonly string[]) | undefined
  /** The daemon and its host, for the snapshot. @default alone */
  readonly director?: (() => DirectorStatus) | undefined
  /** Hears that the table was read: the snapshot may be another. Must not throw. @default nobody */
  readonly onTable?: (() => void) | undefined
  /** Where what happens is remembered for the snapshot; others may note there, too. @default one of its own */
  readonly timeline?: Timeline | undefined
  /** Who counts new connections. @default nobody does */
  readonly rates?: Rates | undefined
  /** Hears each verdict, once for each server in a service that it is about. Must not throw. @default nobody */
  readonly onVerdict?: ((service: string, verdict: Verdict, latencyMs: number) => void) | undefined
  /** Hears how many changes a round wrote that undid what others did. Must not throw. @default nobody */
  readonly onRepair?: ((changes: number) => void) | undefined
  /** The addresses that are announced to routers, as far as that is known. Must not throw. @default it is not */
  readonly announced?: (() => ReadonlySet<string> | undefined) | undefined
  /** @default setInterval */
  readonly every?: Every | undefined
  /** @default the system's */
  readonly clock?: Clock | undefined
  /** How names and node lists are asked. @default the system's way */
  readonly asking?: Asking | undefined
  /** Other directors: what they find, and who tells them what this one does. @default there are none */
  readonly others?: { readonly votes: Votes; publish(config: Config, facts: Facts): void } | undefined
}
