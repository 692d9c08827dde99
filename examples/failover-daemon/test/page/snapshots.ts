/** Snapshots and changes for the page's tests: the same at each run. */
import type { EventStatus, LastTransition, ServerStatus, ServiceStatus, Status } from '../../src/status-schema.js'
import type { StatusChange } from '../../src/web/status-change.js'

export const time = '2026-11-28T12:00:00.000Z'
const before = (seconds: number): string => new Date(Date.parse(time) - 1000 * seconds).toISOString()

/** As good as random, and the same for the same number. */
const noise = (seed: number): number => {
  const value = Math.sin(seed * 12.9898) * 43758.5453
  return value - Math.floor(value)
}

const history = (seed: number, level: number): readonly number[] =>
  Array.from({ length: 60 }, (_, i) => {
    const wave = 1 + 0.25 * Math.sin((i + seed) / 7) + 0.2 * noise(seed * 60 + i)
    return Math.round(10 * level * wave) / 10
  })

/** One server, online if nothing else is said. */
export function server(number: number, about: Partial<ServerStatus> = {}): ServerStatus {
  const values = history(number, 20 + 30 * noise(number))
  return {
    server: `192.0.2.${number}:80`,
    name: `web${number}.example.net`,
    state: 'online',
    latencyMs: Math.round(10 * (0.3 + 4 * noise(number))) / 10,
    weight: 1,
    configuredWeight: 1,
    active: Math.round(400 * noise(number + 7)),
    inactive: Math.round(90 * noise(number + 13)),
    persistent: 0,
    connectionsPerSecond: values.at(-1) ?? 0,
    history: values,
    ...about,
  }
}

/** A server, or its row, that the kernel does not have. */
export const withoutWeight = <S extends { readonly weight?: number | undefined }>({
  weight: _,
  ...rest
}: S): Omit<S, 'weight'> => rest

/** One that has been taken out of the kernel. */
export const out = (number: number, about: Partial<ServerStatus>): ServerStatus => {
  const known = withoutWeight(server(number, { active: 0, inactive: 0, connectionsPerSecond: 0 }))
  const fallen = known.history.map((value, i) => (i < 43 ? value : 0))
  return { ...known, history: fallen, sinceMs: 85_000, ...about }
}

export function service(
  port: number,
  servers: readonly ServerStatus[],
  about: Partial<ServiceStatus> = {},
): ServiceStatus {
  const online = servers.filter(({ state }) => state === 'online').length
  return {
    service: `tcp 192.0.2.100:${port}`,
    protocol: 'tcp',
    address: '192.0.2.100',
    port,
    vipHere: true,
    scheduler: 'wlc',
    forwarding: 'direct',
    present: true,
    online,
    quorum: 1,
    short: false,
    complete: true,
    connectionsPerSecond: servers.reduce((sum, { connectionsPerSecond = 0 }) => sum + connectionsPerSecond, 0),
    servers,
    ...about,
  }
}

export const status = (services: readonly ServiceStatus[], about: Partial<Status> = {}): Status => ({
  version: 1,
  time,
  director: { host: 'lb1.example.net', version: '0.1.0', startedAt: before(270_000), role: 'alone' },
  problems: [],
  services,
  foreign: [],
  events: [],
  ...about,
})

const recovered = (number: number): LastTransition => ({
  at: before(3600 * (1 + (number % 48))),
  from: 'failed',
  to: 'online',
  reason: 'timeout',
  detail: 'no answer within 2 s',
})

/** So many services of so many servers each; a third of them has failed once. */
export const many = (services: number, servers: number): Status =>
  status(
    Array.from({ length: services }, (_, i) =>
      service(
        8000 + i,
        Array.from({ length: servers }, (_, k) => {
          const number = i * servers + k
          return server(number % 250, {
            server: `10.${i}.${number >> 8}.${number & 255}:80`,
            name: `node${number}`,
            ...(number % 3 === 0 ? { lastTransition: recovered(number) } : {}),
          })
        }),
      ),
    ),
    { events: Array.from({ length: 100 }, (_, i) => transition(i, 7200 - 70 * i)) },
  )

function transition(id: number, secondsAgo: number, about: Partial<EventStatus> = {}): EventStatus {
  const ok = id % 2 === 1
  return {
    id,
    at: before(secondsAgo),
    type: 'server',
    ok,
    service: 'tcp 192.0.2.100:80',
    server: '192.0.2.12:80',
    name: 'web12.example.net',
    from: ok ? 'failed' : 'online',
    to: ok ? 'online' : 'failed',
    ...(ok ? {} : { reason: 'timeout' }),
    detail: ok ? '' : 'no answer within 2 s',
    ...about,
  }
}

/** All is well. */
export const calm = (): Status =>
  status([
    service(
      80,
      [11, 12, 13, 14].map((number) => server(number)),
    ),
  ])

const refused = {
  reason: 'refused',
  detail: 'connect ECONNREFUSED: connection refused, 192.0.2.12:80',
}

/** A day with every state in it, and much that needs a person. */
export function busy(): Status {
  const web = service(
    80,
    [
      server(11, {
        lastTransition: {
          at: before(5000),
          from: 'failed',
          to: 'online',
          reason: 'timeout',
          detail: 'no answer within 2 s',
        },
      }),
      out(12, {
        state: 'failed',
        ...refused,
        lastTransition: { at: before(85), from: 'online', to: 'failed', ...refused },
      }),
      server(13, { weight: 3, configuredWeight: 3 }),
      server(14, {
        weight: 0,
        state: 'draining',
        active: 17,
        connectionsPerSecond: 0,
        lastTransition: { at: before(610), from: 'online', to: 'draining', reason: '', detail: '' },
      }),
      server(15, { reason: 'local', detail: 'event loop stalled' }),
    ],
    { quorum: 2 },
  )
  const tls = service(
    443,
    [
      server(21, { server: '192.0.2.21:443', persistent: 1204 }),
      out(22, {
        server: '192.0.2.22:443',
        state: 'offline',
        reason: 'unreachable',
        detail: 'no answer to ARP',
        lastTransition: {
          at: before(31),
          from: 'failed',
          to: 'offline',
          reason: 'unreachable',
          detail: 'no answer to ARP',
        },
      }),
      out(23, {
        server: '192.0.2.23:443',
        state: 'flapping',
        lastTransition: { at: before(400), from: 'online', to: 'flapping', reason: 'mismatch', detail: 'status 503' },
      }),
      out(24, {
        server: '192.0.2.24:443',
        state: 'disabled',
        lastTransition: { at: before(90_000), from: 'online', to: 'disabled', reason: '', detail: '' },
      }),
      server(29, { server: '192.0.2.29:443', name: 'sorry.example.net', state: 'sorry' }),
    ],
    { scheduler: 'sh', persistenceSeconds: 300, persistencePrefix: 24, quorum: 3, short: true },
  )
  const six = service(
    53,
    [
      server(31, { server: '[2001:db8:12:34::1f]:53', name: 'dns1.example.net' }),
      server(32, { server: '[2001:db8:12:34::20]:53', name: 'dns2.example.net', state: 'unknown' }),
      server(33, { server: '[2001:db8:12:34::21]:53', name: 'dns3.example.net', state: 'leaving', weight: 0 }),
      server(34, { server: '[2001:db8:1234:5678:9abc:def0:1234:5678]:53', state: 'foreign' }),
    ],
    {
      service: 'udp [2001:db8::64]:53',
      protocol: 'udp',
      address: '2001:db8::64',
      scheduler: 'rr',
      forwarding: 'tunnel',
      complete: false,
    },
  )
  const mail = service(25, [server(41, { server: '192.0.2.41:25' }), server(42, { server: '192.0.2.42:25' })], {
    forwarding: 'masquerade',
    vipHere: false,
    present: false,
  })
  return status([web, tls, six, mail], {
    problems: [
      'the configuration was rejected, and the old one holds: failover.yaml:12:5: expected a port, found "htpp"',
    ],
    foreign: ['tcp 198.51.100.7:8080', 'tcp 198.51.100.7:8080 192.0.2.77:8080'],
    events: [
      ...Array.from({ length: 12 }, (_, i) => transition(i, 86_000 - 4000 * i)),
      transition(12, 610, {
        from: 'online',
        to: 'draining',
        ok: true,
        detail: '',
        server: '192.0.2.14:80',
        name: 'web14.example.net',
      }),
      transition(14, 400, {
        from: 'online',
        to: 'flapping',
        service: 'tcp 192.0.2.100:443',
        server: '192.0.2.23:443',
        name: 'web23.example.net',
        reason: 'mismatch',
        detail: 'status 503',
      }),
      {
        id: 15,
        at: before(120),
        type: 'config',
        ok: false,
        detail: 'failover.yaml:12:5: expected a port, found "htpp"',
      },
      transition(16, 85, refused),
      transition(18, 31, {
        to: 'offline',
        from: 'failed',
        service: 'tcp 192.0.2.100:443',
        server: '192.0.2.22:443',
        name: 'web22.example.net',
        reason: 'unreachable',
        detail: 'no answer to ARP',
      }),
      {
        id: 19,
        at: before(30),
        type: 'quorum',
        ok: false,
        service: 'tcp 192.0.2.100:443',
        detail: '1 of 3 needed are up',
      },
    ],
  })
}

/** Names and details of somebody who means harm. */
export function hostile(): Status {
  const markup = '<svg onload="globalThis.harmed = true"><img src=x onerror="globalThis.harmed = true"></svg>'
  const turned = 'web\u202egnp.exe\u2066\u200f\u0000'
  const long = 'x'.repeat(10_000)
  const lines = 'one\ntwo\r\n\tthree\u2028four'
  const texts = [
    markup,
    turned,
    long,
    lines,
    '" onmouseover="harmed=true',
    "javascript:harmed=true//'",
    'ż\u0301\u0301\u0301\u0301\u0301',
    '{{harmed=true}}',
  ]
  const servers = texts.map((text, i) =>
    out(50 + i, {
      server: text,
      name: text,
      state: 'failed',
      reason: text,
      detail: text,
      lastTransition: { at: before(10 + i), from: 'online', to: 'failed', reason: text, detail: text },
    }),
  )
  return status(
    texts.map((text, i) =>
      service(i, i === 0 ? servers : [], {
        service: text,
        address: text,
        scheduler: text,
        short: true,
        present: false,
      }),
    ),
    {
      director: {
        host: markup,
        version: long,
        startedAt: before(100),
        role: 'backup',
        standing: 'willing',
        standingReason: markup,
        vipHolder: long,
      },
      problems: texts,
      foreign: texts,
      events: texts.map((text, i) =>
        transition(2 * i, i, { service: text, server: text, name: text, reason: text, detail: text }),
      ),
    },
  )
}

/** A change in which nothing is different yet. */
export const change = (about: Partial<StatusChange>): StatusChange => ({
  time,
  services: [],
  servers: [],
  sampled: false,
  ...about,
})

/** The row of a server, as changes have it. */
export function rowOf(
  service: ServiceStatus,
  number: number,
  about: Partial<ServerStatus> = {},
): StatusChange['servers'][number] {
  const found = service.servers[number]
  if (found === undefined) throw new Error(`no server ${number}`)
  return { ...withoutHistory({ ...found, ...about }), service: service.service }
}
const withoutHistory = ({ history: _, ...row }: ServerStatus): Omit<ServerStatus, 'history'> => row

/** The row of a service, as changes have it. */
export const serviceRow = ({ servers: _, ...row }: ServiceStatus): StatusChange['services'][number] => row
