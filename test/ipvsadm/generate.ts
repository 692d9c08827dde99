/** Command lines of ipvsadm at random, right ones and wrong ones, over few objects so that they meet each other. */

type Random = () => number

/** One of them. */
export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T
}

const virtualHosts = ['192.0.2.10', '192.0.2.10', '10.1.1.1', '200.1.1.1', '[2001:db8::10]']
const realHosts = ['10.0.0.1', '10.0.0.2', '192.168.0.1', '127.0.0.1', '[2001:db8::20]', '[2001:db8::21]']
const oddHosts = [
  ...['10.1', '0x7f.1', '010.0.0.1', '1.2.3.4.5', '256.1.1.1', '1.2.3.4x', '16909060', '0'],
  ...['localhost', 'LOCALHOST', 'bogus.example', '', '[192.0.2.10]', '[localhost]', '[::1', '[]', '2001:db8::10'],
  ...['224.0.0.1', '0.0.0.0', '255.255.255.255', '[ff02::1]', '[::]', '[fe80::1]', '[::ffff:192.0.2.1]', '[::1.2.3.4]'],
]
const ports = ['80', '80', '80', '80', '443', '53']
const oddPorts = ['0', 'http', 'domain', 'www', 'nosuch', '65535', '65536', '-1', '+80', '080', '0x50', '', '80:90']
const knownSchedulers = ['rr', 'wrr', 'lc', 'wlc', 'sh', 'mh', 'dh', 'lblc', 'lblcr', 'sed', 'nq', 'fo', 'ovf']
const oddSchedulers = ['nosuch', '', 'RR', 'a-very-long-name-of-a-scheduler', 'none']
const masks: Values = [
  ['255.255.255.0', '255.255.255.255', '255.0.255.0', '64'],
  ['24', '128', '0.0.0.0', '129', 'x', '1', '-1'],
]
const timeouts: Values = [
  ['300', '1', '2678400', '10'],
  ['0', '2678401', 'x', '', '-5'],
]
const flagLists: Values = [
  ['flag-1', 'flag-2,flag-3', 'flag-3'],
  ['sh-port', 'sh-fallback,sh-port', 'mh-port', 'mh-fallback', 'nosuch', ',flag-1', ',', ''],
]
const weights: Values = [
  ['0', '1', '5', '100', '65536', '2147483647'],
  ['2147483648', '-1', 'x', '', '+3', ' 7', '0x10'],
]
const limits: Values = [
  ['0', '50', '100', '2147483647'],
  ['1', '2147483648', 'x', '-1'],
]
const marks: Values = [
  ['7', '8'],
  ['1', '0', '-1', '2147483648', '4294967295', '4294967296', 'x', '', '010'],
]

/** Usual ones and odd ones, of which some are wrong. */
type Values = readonly [usual: readonly string[], odd: readonly string[]]

function valueOf(random: Random, [usual, odd]: Values): string {
  return pick(random, random() < 0.12 ? odd : usual)
}

/** What may stand anywhere by mistake. */
const strays = [
  ...[
    '',
    '-',
    '--',
    '-n',
    '-q',
    '-x',
    '--foo',
    '0',
    '-1',
    'word',
    '-6',
    '-c',
    '-p',
    '-t',
    '-r',
    '-g',
    '-i',
    '-m',
    '-o',
    '-X',
  ],
  ...[
    '--tcp-service',
    '--list',
    '--ipip=1',
    '-n=',
    '--sort',
    '--nosort',
    '--exact',
    '--stats',
    '--daemon',
    '--syncid',
    '--tun-csum',
  ],
  ...[
    '--pe',
    '--numeric',
    '-A',
    '-D',
    '-L',
    '-h',
    '--version',
    '--persistent',
    '--persistent=',
    '-p=300',
    '-w=',
    '--set',
  ],
]

function sometimes<T>(random: Random, share: number, value: () => readonly T[]): readonly T[] {
  return random() < share ? value() : []
}

function host(random: Random, usual: readonly string[]): string {
  return pick(random, random() < 0.06 ? oddHosts : usual)
}

function port(random: Random): string {
  return pick(random, random() < 0.08 ? oddPorts : ports)
}

/** An option with its value, in one of the ways in which popt takes them. */
function option(random: Random, short: string | undefined, long: string, value: string): readonly string[] {
  const forms: readonly (readonly string[])[] = [
    [`--${long}`, value],
    [`--${long}=${value}`],
    ...(short === undefined
      ? []
      : [
          [`-${short}`, value],
          [`-${short}`, value],
          [`-${short}`, value],
          [`-${short}${value}`],
          [`-${short}=${value}`],
        ]),
  ]
  return pick(random, forms)
}

function service(random: Random): readonly string[] {
  const kind = random()
  if (kind < 0.15) {
    return [
      ...option(random, 'f', 'fwmark-service', valueOf(random, marks)),
      ...sometimes(random, 0.3, () => [pick(random, ['-6', '--ipv6'])]),
    ]
  }
  const address = host(random, virtualHosts)
  const endpoint = random() < 0.05 ? address : `${address}:${port(random)}`
  if (kind < 0.75) return option(random, 't', 'tcp-service', endpoint)
  if (kind < 0.93) return option(random, 'u', 'udp-service', endpoint)
  return option(random, undefined, 'sctp-service', endpoint)
}

function serviceSettings(random: Random): readonly string[] {
  const scheduler = () => pick(random, random() < 0.06 ? oddSchedulers : knownSchedulers)
  const chosen = scheduler()
  const flags = () => {
    if (random() < 0.7 && (chosen === 'sh' || chosen === 'mh'))
      return pick(random, [`${chosen}-port`, `${chosen}-fallback,${chosen}-port`])
    return valueOf(random, flagLists)
  }
  return [
    ...sometimes(random, 0.85, () => option(random, 's', 'scheduler', chosen)),
    ...sometimes(random, 0.3, () => [
      ...(random() < 0.3
        ? [pick(random, ['-p', '--persistent'])]
        : option(random, 'p', 'persistent', valueOf(random, timeouts))),
      ...sometimes(random, 0.4, () => option(random, 'M', 'netmask', valueOf(random, masks))),
    ]),
    ...sometimes(random, 0.08, () => option(random, undefined, 'pe', pick(random, ['sip', 'sip', 'nosuch', '']))),
    ...sometimes(random, 0.15, () => option(random, 'b', 'sched-flags', flags())),
    ...sometimes(random, 0.08, () => [pick(random, ['-o', '--ops'])]),
  ]
}

function server(random: Random): readonly string[] {
  const address = host(random, realHosts)
  return option(
    random,
    'r',
    'real-server',
    random() < 0.4 ? address.replace(/^\[(.*)\]$/, '$1') : `${address}:${port(random)}`,
  )
}

function serverSettings(random: Random): readonly string[] {
  const tunnel = (): readonly string[] => [
    ...option(random, undefined, 'tun-type', pick(random, ['ipip', 'gue', 'gue', 'gre', 'gre', 'x'])),
    ...sometimes(random, 0.6, () =>
      option(random, undefined, 'tun-port', pick(random, ['6080', '6080', '0', '65536'])),
    ),
    ...sometimes(random, 0.5, () => [pick(random, ['--tun-nocsum', '--tun-csum', '--tun-remcsum'])]),
  ]
  const forward = pick(random, ['-g', '-m', '-i', '--gatewaying', '--masquerading', '--ipip', '-i'])
  return [
    ...sometimes(random, 0.8, () => [
      forward,
      ...(/i/.test(forward) || random() < 0.03 ? sometimes(random, 0.5, tunnel) : []),
    ]),
    ...sometimes(random, 0.4, () => option(random, 'w', 'weight', valueOf(random, weights))),
    ...sometimes(random, 0.2, () => option(random, 'x', 'u-threshold', valueOf(random, limits))),
    ...sometimes(random, 0.15, () => option(random, 'y', 'l-threshold', valueOf(random, limits))),
  ]
}

/** Every option that lists know. */
export function listing(random: Random): readonly string[] {
  const formats = ['--stats', '--rate', '--thresholds', '--persistent-conn', '--tun-info']
  const what = random()
  return [
    pick(random, ['-L', '-l', '--list']),
    ...(what < 0.5
      ? []
      : what < 0.75
        ? service(random)
        : [pick(random, ['-c', '--timeout', '--daemon', '--connection'])]),
    ...sometimes(random, 0.8, () => [pick(random, ['-n', '--numeric'])]),
    ...sometimes(random, 0.7, () => [pick(random, formats)]),
    ...sometimes(random, 0.1, () => [pick(random, formats)]),
    ...sometimes(random, 0.2, () => [pick(random, ['-X', '--exact', '--nosort', '--sort'])]),
  ]
}

function daemon(random: Random): readonly string[] {
  if (random() < 0.4) {
    return [
      `--stop-daemon`,
      pick(random, ['master', 'backup', 'x']),
      ...sometimes(random, 0.2, () => ['--syncid', '5']),
    ]
  }
  return [
    '--start-daemon',
    pick(random, ['master', 'backup', 'x']),
    ...sometimes(random, 0.8, () =>
      option(random, undefined, 'mcast-interface', pick(random, ['sync0', 'sync0', 'nosuch0'])),
    ),
    ...sometimes(random, 0.5, () => option(random, undefined, 'syncid', pick(random, ['0', '5', '255', '256', 'x']))),
    ...sometimes(random, 0.2, () =>
      option(random, undefined, 'sync-maxlen', pick(random, ['1400', '65507', '65508', '0'])),
    ),
    ...sometimes(random, 0.2, () =>
      option(random, undefined, 'mcast-group', pick(random, ['224.0.0.90', 'ff02::90', '10.0.0.1', 'x', '::1'])),
    ),
    ...sometimes(random, 0.2, () => option(random, undefined, 'mcast-port', pick(random, ['8899', '0', '65536']))),
    ...sometimes(random, 0.2, () => option(random, undefined, 'mcast-ttl', pick(random, ['3', '0', '256']))),
  ]
}

const makers: readonly (readonly [share: number, make: (random: Random) => readonly string[]])[] = [
  [20, (random) => [pick(random, ['-A', '--add-service']), ...service(random), ...serviceSettings(random)]],
  [7, (random) => [pick(random, ['-E', '--edit-service']), ...service(random), ...serviceSettings(random)]],
  [4, (random) => [pick(random, ['-D', '--delete-service']), ...service(random)]],
  [
    28,
    (random) => [
      pick(random, ['-a', '--add-server']),
      ...service(random),
      ...server(random),
      ...serverSettings(random),
    ],
  ],
  [
    9,
    (random) => [
      pick(random, ['-e', '--edit-server']),
      ...service(random),
      ...server(random),
      ...serverSettings(random),
    ],
  ],
  [6, (random) => [pick(random, ['-d', '--delete-server']), ...service(random), ...server(random)]],
  [3, (random) => [pick(random, ['-Z', '--zero']), ...sometimes(random, 0.6, () => service(random))]],
  [14, listing],
  [3, (random) => [pick(random, ['-S', '--save']), ...sometimes(random, 0.6, () => ['-n'])]],
  [
    2,
    (random) => [
      '--set',
      ...Array.from({ length: pick(random, [3, 3, 3, 2, 4]) }, () => pick(random, ['0', '60', '900', 'x', '2678401'])),
    ],
  ],
  [3, daemon],
]
const total = makers.reduce((sum, [share]) => sum + share, 0)

/** A right command, as far as its parts go together. */
function makeCommand(random: Random): readonly string[] {
  let at = random() * total
  for (const [share, make] of makers) if ((at -= share) < 0) return make(random)
  return ['-C']
}

/** One mistake. */
function mistake(random: Random, words: readonly string[]): readonly string[] {
  const at = Math.floor(random() * words.length)
  switch (Math.floor(random() * 5)) {
    case 0:
      return words.toSpliced(at, 1)
    case 1:
      return words.toSpliced(at, 0, words[at] ?? '')
    case 2:
      return words.with(at, pick(random, strays))
    case 3:
      return words.toSpliced(at + 1, 0, pick(random, strays))
    default: {
      const other = Math.floor(random() * words.length)
      return words.with(at, words[other] ?? '').with(other, words[at] ?? '')
    }
  }
}

/** A command line at random; `wrong` is the share of those with a mistake. */
export function commandLine(random: Random, wrong = 0.25): readonly string[] {
  const words = makeCommand(random)
  return random() < wrong ? mistake(random, words) : words
}
