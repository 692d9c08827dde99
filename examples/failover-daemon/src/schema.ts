/** The shape of the configuration file. A zod message here is what was expected; what was found comes from the file. */
import * as z from 'zod'
import { Alerts, Hooks } from './alerts/schema.js'
import { BirdField, announceField } from './announce/schema.js'
import { Check } from './check-schema.js'
import { EtcdField, directorName } from './etcd/schema.js'
import { absolutePath, duration, integer, line, list, mapping, oneOf, shorter, words, yesOrNo } from './fields.js'
import { HaField } from './ha/schema.js'
import { Guard, policyFields } from './policy-schema.js'
import { durationPattern, endpointPattern, parseDuration, parseEndpoint } from './scalars.js'
import { flagNames } from './scheduler-flags.js'
import { ServerItem } from './servers-schema.js'
import { PageField } from './web/schema.js'

// Linux keeps it in jiffies of at most 2^32 / 1000 s, whole seconds (kernel: IPVS_SVC_ATTR_TIMEOUT).
const persistenceSeconds = (text: string): number | undefined => {
  const seconds = (parseDuration(text) ?? 0) / 1000
  return Number.isInteger(seconds) && seconds >= 1 && seconds <= 4294967 ? seconds : undefined
}
const secondsExpected = 'whole seconds such as 300s, from 1s to 4294967s'
const secondsForm = {
  type: 'string',
  pattern: `^${durationPattern}$`,
  value: 'whole seconds, 1s to 4294967s',
  unit: 's, m, h',
}

const Persistence = shorter(
  [secondsForm],
  (value) => (typeof value === 'string' && persistenceSeconds(value) !== undefined ? { timeout: value } : value),
  mapping(`${secondsExpected}, or a mapping with timeout and prefixLength`, {
    timeout: words(secondsExpected, persistenceSeconds, secondsForm)
      .prefault('360s')
      .describe('A client stays with its server until this long after its last connection.'),
    prefixLength: integer('a number of bits', 1, 128)
      .meta({
        description:
          'Clients of one network, whose addresses agree in so many bits, stay together; at most 32 for IPv4.',
        otherwise: 'each client for itself',
        example: 24,
      })
      .optional(),
  }),
)

export const servicesExpected = 'a list of at least one service'

/** One item of `services:`. */
export const Service = mapping('a mapping with virtual, forwarding, servers and check', {
  virtual: words(
    'an address and a port such as 192.0.2.100:80 or "[2001:db8::1]:80"',
    (text) => {
      const endpoint = parseEndpoint(text)
      return endpoint?.port === undefined ? undefined : { ...endpoint, port: endpoint.port }
    },
    { pattern: `^${endpointPattern}$` },
  ).meta({
    description:
      'The virtual address and port, which must be on this host; with direct forwarding it is on lo of every real server, too. ' +
      'Port 0, with persistence, is every port.',
    example: '192.0.2.100:80',
  }),
  protocol: oneOf('tcp', 'udp').prefault('tcp').describe('Protocol of the service.'),
  scheduler: line("a scheduler's name such as wlc, at most 15 of a-z, 0-9, _ and -", /^[a-z0-9_-]{1,15}$/)
    .prefault('wlc')
    .describe('How clients are shared out: any scheduler of the kernel, such as rr, wrr, lc, wlc, sh or mh.'),
  schedulerFlags: list('a list of flags such as [mh-port, mh-fallback]', oneOf(...flagNames))
    .meta({
      description:
        "How the schedulers mh and sh find a server: by the client's port, too, and not by its address alone (`mh-port`, `sh-port`); " +
        'another one for clients of a server at weight 0, instead of none (`mh-fallback`, `sh-fallback`).',
      otherwise: '[mh-fallback] with mh, else none',
      example: ['mh-port', 'mh-fallback'],
    })
    .optional(),
  persistence: Persistence.meta({
    description: 'A client stays with its server.',
    unit: secondsForm.unit,
    otherwise: 'it does not',
    example: '300s',
  }).optional(),
  forwarding: oneOf('direct', 'tunnel', 'masquerade').describe(
    "How packets reach its servers. A server's port may differ from the service's with `masquerade` only, its address family with `tunnel` only.",
  ),
  servers: list('a list of at least one server', ServerItem, 1).describe('The real servers.'),
  check: Check.describe('How the servers are checked.'),
  ...policyFields,
  announce: announceField,
})

/** The whole file; each service is judged by itself, so that an error in one hides none in another. */
export const File = mapping('a mapping with services', {
  services: list(servicesExpected, z.unknown(), 1).optional(),
  reconcile: duration(100, 3_600_000)
    .prefault('5s')
    .describe("How often the kernel's table is read and compared with the file; drift is repaired then."),
  guard: Guard.prefault(true).describe('Against faults of the director itself. `false` turns it off.'),
  resolveInterval: duration(1000, 86_400_000)
    .prefault('30s')
    .describe('How often names of servers are looked up again.'),
  reloadOnChange: yesOrNo()
    .default(false)
    .describe('Whether a change of the file is taken at once, without SIGHUP or `ipvs-failover reload`.'),
  stateDirectory: absolutePath()
    .meta({
      description: 'Where the daemon remembers which entries of the table are its own, and what operators ordered.',
      otherwise: '`$STATE_DIRECTORY` (set by systemd), else /var/lib/ipvs-failover',
      example: '/var/lib/ipvs-failover',
    })
    .optional(),
  controlSocket: absolutePath('an absolute path of at most 100 characters', 100)
    .meta({
      description:
        'Where `ipvs-failover status`, `drain` and the other commands reach the daemon; another one than the default they are told by `--socket`.',
      otherwise: 'control.sock in `$RUNTIME_DIRECTORY` (set by systemd), else in /run/ipvs-failover',
      example: '/run/ipvs-failover/control.sock',
    })
    .optional(),
  nodeStates: absolutePath()
    .meta({
      description: 'A folder of files for other scripts, one a node: 0 offline, 1 online, 2 failed.',
      otherwise: 'none are written',
      example: '/cluster/online',
    })
    .optional(),
  page: PageField.prefault(true).describe(
    'A page that shows the cluster, and what programs read: /status.json, /metrics, /healthz. `false` turns it off.',
  ),
  alerts: Alerts.describe('Who is told of what: a list of rules, each with one of mail, exec, webhook and syslog.'),
  hooks: Hooks.describe('What runs when the state of a server changes.'),
  ha: HaField,
  config: EtcdField.meta({
    description:
      'An etcd that has services for this director, beside those of the file, and its share in the verdicts of others.',
    otherwise: 'none',
    example: 'etcd://etcd1.example.net:2379/ipvs',
  }).optional(),
  director: directorName()
    .meta({ description: 'What other directors call this one, in etcd.', otherwise: "the host's name", example: 'lb1' })
    .optional(),
  bird: BirdField.prefault({}).describe('How bird is told, where a service says `announce: bird`.'),
})

/** The file with the services in it, as it is described to people and to editors. */
export const WholeFile = File.extend({
  services: list(servicesExpected, Service, 1)
    .meta({ description: 'The virtual services. Needed without `config`.', otherwise: 'those that etcd has' })
    .optional(),
}).meta({ anyOf: ['services', 'config'].map((field) => ({ required: [field] })) })
