/** What the daemon does: plain data, as parseConfig() makes it from a file. */
import type { DestinationSpec, ServiceKey, ServiceSpec } from 'ipvs'
import type { DnsCode, DnsOptions, HttpMethod, MonMonitorOptions, ScriptOptions, TlsOptions } from 'ipvs/health'
import type { AlertRule, Hook } from './alerts/schema.js'
import type { BirdConfig } from './announce/schema.js'
import type { EtcdConfig } from './etcd/schema.js'
import type { Flapping } from './flapping.js'
import type { Guard } from './guard.js'
import type { HaConfig } from './ha/config.js'
import type { PageConfig } from './web/schema.js'

/** A service as the daemon writes it: always an address and a port, never a firewall mark. */
export type VirtualService = ServiceSpec & Extract<ServiceKey, { readonly address: string }>

/** What the daemon does. */
export interface Config {
  readonly services: readonly ServiceConfig[]
  /** How often the kernel's table is read and compared. @default 5000 */
  readonly reconcileMs: number
  /** Where the ledger lives, as the file says. @default the caller's choice */
  readonly stateDirectory: string | undefined
  /** Where operators' commands are taken, as the file says. @default the caller's choice */
  readonly controlSocket: string | undefined
  /** When failures are rather ours than the servers'. @default more than half of the hosts within 10 s */
  readonly guard: Guard | undefined
  /** How often names are looked up again. @default 30000 */
  readonly resolveIntervalMs: number
  /** Whether a change of the file is taken at once, without a signal. @default false */
  readonly reloadOnChange: boolean
  /** The folder of the files that tell other scripts of each node. @default there are none */
  readonly nodeStates: string | undefined
  /** The page and what programs read. @default at port 9780 of loopback */
  readonly page: PageConfig | undefined
  /** Who is told of what. */
  readonly alerts: readonly AlertRule[]
  /** What is run when something happens to a server. */
  readonly hooks: readonly Hook[]
  /** How the VIPs are shared with other directors. @default this one is alone */
  readonly ha: HaConfig | undefined
  /** Where more services are, and what other directors find. @default nowhere */
  readonly etcd?: EtcdConfig | undefined
  /** What other directors call this one. @default the host's name */
  readonly director?: string | undefined
  /** How bird is told of what is announced. */
  readonly bird: BirdConfig
}

/** One virtual service with its real servers and how they are checked. */
export interface ServiceConfig {
  readonly spec: VirtualService
  /** How packets reach its servers. */
  readonly forwarding: 'direct' | 'tunnel' | 'masquerade'
  /** Where its servers come from, in the order of the file. */
  readonly sources: readonly Source[]
  /** Its servers, as far as they are known. */
  readonly servers: readonly Server[]
  /** Whether these are all: no name and no file is still waited for. */
  readonly complete: boolean
  /** What else is known of a server, by `serverName()`. */
  readonly about: ReadonlyMap<string, About>
  readonly check: CheckConfig
  readonly policy: PolicyConfig
  /** Who tells routers of its address. @default nobody */
  readonly announce?: 'bird' | undefined
}

/** Where servers come from. */
export type Source =
  | ({ readonly kind: 'address'; readonly address: string; readonly name?: undefined } & SourceSettings)
  | ({ readonly kind: 'name'; readonly name: string; readonly address?: undefined } & SourceSettings)
  | ({ readonly kind: 'file'; readonly path: string } & SourceSettings)
interface SourceSettings {
  readonly port: number
  readonly weight: number
  /** The address that is checked. @default the server's own */
  readonly checkAddress: string | undefined
}

/** What is known of a server beside what the kernel is told. */
export interface About {
  /** The name that it was found by. */
  readonly name?: string | undefined
  /** The address that is checked. @default the server's own */
  readonly checkAddress?: string | undefined
}

/** What becomes of servers that fail, come back or leave. */
export interface PolicyConfig {
  /** Whether a server that fails is removed, or gets weight 0. @default quiesce with mh and without persistence, else remove */
  readonly onFailure: 'remove' | 'quiesce'
  /** How long a healthy server that leaves keeps its connections. @default 300000; 0 for UDP */
  readonly drainTimeoutMs: number
  /** Fewer servers up than this is an emergency; it ends `hysteresis` above. @default 1, 0 */
  readonly quorum: { readonly up: number; readonly hysteresis: number }
  /** At most this share of the servers is out because of failures, one at least. @default 1 */
  readonly maxEjected: number
  /** What to do below the quorum. @default sorry where there is one, else keep */
  readonly whenAllDown: 'keep' | 'sorry' | 'none'
  readonly sorry: Server | undefined
  /** How long a server that comes up takes to its full weight. @default 0 */
  readonly slowStartMs: number
  /** Whether a check's weight counts, up to the configured one. @default false */
  readonly weightFromCheck: boolean
  /** @default 6 changes within 5 m, held for 2 m */
  readonly flapping: Flapping | undefined
  /** Whether our own verdict takes a server out, or that of most directors. @default own */
  readonly agree?: 'own' | 'majority'
}

/** A real server as it is written while it is up. */
export type Server = DestinationSpec & { readonly weight: number }

/** How the servers of a service are checked, with the defaults of ipvs/health where something is left out. Times in milliseconds. */
export type CheckConfig = CheckTiming &
  (
    | { readonly type: 'tcp' }
    | ({ readonly type: 'tls' } & ByTls)
    | ({ readonly type: 'http' | 'http2' } & HttpCheck & ByTls)
    | ({ readonly type: 'sendExpect'; readonly send: string | undefined; readonly expect: string } & ByTls)
    | ({ readonly type: 'smtp'; readonly hello: string | undefined } & ByTls)
    | { readonly type: 'udp'; readonly send: string; readonly expect: string | undefined }
    | {
        readonly type: 'dns'
        readonly name: string
        readonly record: NonNullable<DnsOptions['type']>
        readonly codes: readonly DnsCode[]
      }
    | { readonly type: 'icmp' }
    | ProgramCheckConfig
  )
/** Checks that run a program. */
export type ProgramCheckConfig =
  | ({ readonly type: 'script' } & Pick<ScriptOptions, 'command' | 'user' | 'weightFromStatus' | 'summary'>)
  | ({ readonly type: 'mon' } & Pick<MonMonitorOptions, 'monitor' | 'args' | 'directories' | 'user' | 'summary'>)
/** What is asked, and what is expected: the options of http(), as the file has them. */
interface HttpCheck {
  readonly path: string
  readonly method: HttpMethod | undefined
  readonly send: string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  /** Statuses that pass, as [first, last]. */
  readonly status: readonly (readonly [first: number, last: number])[] | undefined
  /** What the answer must contain, or match. */
  readonly body: string | RegExp | undefined
  /** Host header. */
  readonly host: string | undefined
}
interface ByTls {
  /** With what its files hold. @default no TLS; for the type tls, all defaults */
  readonly tls: TlsOptions | undefined
}
/** When a check runs, and how many results it takes. */
export interface CheckTiming {
  /** Port that is checked. @default the server's own; needed, and the same for all, where that is 0; icmp has none */
  readonly port: number | undefined
  /** From the start of one check of a server to the next. @default 2000 */
  readonly intervalMs: number
  /** The same while the state is unsure. @default 200, or the interval where that is shorter */
  readonly fastIntervalMs: number | undefined
  /** Whole check, from connect to the last byte. Shorter than the interval. @default 1000 */
  readonly timeoutMs: number
  /** At random, an interval is shorter by up to so much. @default a tenth of the interval */
  readonly jitterMs: number | undefined
  /** Consecutive passes before a server is up. @default 2 */
  readonly rise: number
  /** Consecutive failures before a server is down. @default 3 */
  readonly fall: number
  /**
   * Whether an idle connection to each server that is up tells at once when its process dies.
   * @default true, but for checks by UDP, DNS and ICMP
   */
  readonly tripwire: boolean
}
