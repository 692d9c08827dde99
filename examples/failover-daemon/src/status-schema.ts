/** The snapshot that operators, pages and programs see: names and meaning of its fields stay. docs/status.md and status.schema.json are made of it. */
import * as z from 'zod'

const record = <S extends z.core.$ZodShape>(shape: S) => z.object(shape).readonly()
const listOf = <T extends z.ZodType>(item: T) => z.array(item).readonly()
const count = () => z.int().min(0)
const time = () => z.string().meta({ format: 'date-time' })
const serverName = () => z.string().meta({ example: '192.0.2.12:80' })
const serviceName = () => z.string().meta({ example: 'tcp 192.0.2.100:80' })

/** What people call a server that the configuration names. */
const states = ['online', 'failed', 'offline', 'flapping', 'draining', 'disabled', 'unknown'] as const
const state = () => z.enum(states)

const LastTransition = record({
  at: time().describe('When.'),
  from: state().describe('From this state.'),
  to: state().describe('To this one.'),
  reason: z.string().describe('The reason code of the last check that failed; empty where none did.'),
  detail: z.string().describe('What that check found, for people.'),
})

const Others = record({
  up: count().describe('For so many it is up.'),
  down: count().describe('For so many it is down.'),
})

const ServerStatus = record({
  server: serverName().describe('Address and port, as the kernel has them.'),
  name: z.string().optional().describe('The name that it was found by.'),
  state: z
    .enum([...states, 'leaving', 'sorry', 'foreign'])
    .describe(
      '`failed`: its host answers pings, or nobody asked; `offline`: not even that. `flapping`: up, and kept out for a while. `unknown`: no verdict yet. ' +
        '`leaving`: in the configuration no more. `sorry`: it stands in for the others. `foreign`: in the service, and not ours.',
    ),
  sinceMs: z
    .number()
    .optional()
    .describe('Milliseconds since its health changed; missing if it has not since the start.'),
  reason: z.string().optional().describe('Why the last check did not pass.'),
  detail: z.string().optional().describe('The same, for people.'),
  latencyMs: z.number().optional().describe('What the last check took, in milliseconds.'),
  weight: count().optional().describe('In the kernel; missing when it is not there.'),
  configuredWeight: count().optional().describe('What it is while it is online.'),
  active: count().describe('Established connections.'),
  inactive: count().describe('All others that the kernel still knows: closing ones, UDP flows.'),
  persistent: count().describe('Clients that persistence keeps here.'),
  connectionsPerSecond: z
    .number()
    .optional()
    .describe('New connections, over the last sample; missing until there are two.'),
  history: listOf(z.number()).describe(
    'The same of the last five minutes, a value every five seconds, the newest last.',
  ),
  lastTransition: LastTransition.optional().describe('Since the start of the daemon.'),
  others: Others.optional().describe('What other directors find, by etcd; missing where none says anything of it.'),
})

const ServiceStatus = record({
  service: serviceName().describe('Its name everywhere here.'),
  protocol: z.string().meta({ description: 'Protocol.', example: 'tcp' }),
  address: z.string().describe('The virtual address.'),
  port: count().describe('The virtual port; 0 is every port.'),
  vipHere: z.boolean().describe('Whether this host has the virtual address.'),
  scheduler: z.string().describe("The kernel's name of it."),
  persistenceSeconds: count().optional().describe('So long a client stays with its server; missing if it does not.'),
  persistencePrefix: count().optional().describe('Clients of one network of so many bits stay together.'),
  forwarding: z.enum(['direct', 'tunnel', 'masquerade']).describe('How packets reach its servers.'),
  present: z.boolean().describe('Whether the kernel has it.'),
  online: count().describe('How many servers are online.'),
  quorum: count().describe('Fewer up than these are an emergency.'),
  short: z.boolean().describe('It is in that emergency.'),
  complete: z.boolean().describe('Whether its names and lists are all known.'),
  connectionsPerSecond: z.number().optional().describe('New connections, over the last sample.'),
  announced: z
    .boolean()
    .optional()
    .describe(
      'Whether bird has the route of its address; missing when nobody is told of it, or bird was not heard yet.',
    ),
  servers: listOf(ServerStatus).describe('Configured ones in the order of the file, then what else is in the kernel.'),
})

export const EventStatus = record({
  id: count().describe('Ascending.'),
  at: time().describe('When.'),
  type: z
    .enum(['server', 'quorum', 'config', 'kernel', 'guard', 'role'])
    .describe(
      'A transition of a server, the quorum of a service, the configuration, the table, the guard against faults of our own, the part beside other directors.',
    ),
  ok: z.boolean().describe('Whether it is good news.'),
  service: serviceName().optional().describe('Which it is about.'),
  server: serverName().optional().describe('Which it is about.'),
  name: z.string().optional().describe('The name that the server was found by.'),
  from: state().optional().describe('Of a transition.'),
  to: state().optional().describe('Of a transition.'),
  reason: z.string().optional().describe('The reason code of the check that failed.'),
  detail: z.string().describe('For people; may be empty.'),
})

const DirectorStatus = record({
  host: z.string().describe('The name of this host.'),
  version: z.string().describe('Of the daemon.'),
  startedAt: time().describe('When the daemon started.'),
  role: z
    .enum(['alone', 'master', 'backup', 'fault', 'unknown'])
    .describe(
      '`alone`: there is no `ha`. `master` has the VIPs, `backup` waits. `fault`: keepalived has no link. `unknown`: keepalived does not run.',
    ),
  standing: z
    .enum(['preferred', 'willing', 'sick', 'leaving', 'undecided'])
    .optional()
    .describe(
      'How fit it is to have the VIPs. `willing`: only if nobody is preferred. `sick`: only if all are. `leaving`: it hands them over. ' +
        '`undecided`: it has just started, and what it was stands.',
    ),
  standingReason: z.string().optional().describe('Why, for people; missing where it needs no words.'),
  vipHolder: z
    .string()
    .optional()
    .describe(
      'Who has the VIPs: the name of this host, or the address of the only peer; missing when that is not known.',
    ),
  syncDaemon: z
    .enum(['master', 'backup', 'none'])
    .optional()
    .describe('Which sync daemon of ours the kernel runs; missing where there are to be none.'),
})

export const Status = record({
  version: z.literal(1).describe('Of this schema: fields may be added to it, none changes its meaning.'),
  time: time().describe('When the snapshot was taken.'),
  director: DirectorStatus.describe('The daemon and its host.'),
  problems: listOf(z.string()).describe('What is wrong with the daemon itself, for people; empty when nothing is.'),
  services: listOf(ServiceStatus).describe('The virtual services, in the order of the file.'),
  foreign: listOf(z.string()).describe("Entries of the kernel's table that are not ours."),
  events: listOf(EventStatus).describe('What happened of late, at most a hundred, the newest last.'),
})

export type Status = z.output<typeof Status>
export type ServiceStatus = z.output<typeof ServiceStatus>
export type ServerStatus = z.output<typeof ServerStatus>
export type EventStatus = z.output<typeof EventStatus>
export type DirectorStatus = z.output<typeof DirectorStatus>
export type LastTransition = z.output<typeof LastTransition>
