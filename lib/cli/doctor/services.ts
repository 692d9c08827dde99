/** The table: services that serve nobody, servers that get other packets than they are told to. */
import { endpointWord, serviceWord } from '../words.js'
import { findingsOf, type Finding } from './finding.js'
import type { Destination, Service, Table, TableEntry } from '../../types.js'

const say = findingsOf('services')

export function serviceFindings(table: Table): Finding[] {
  if (table.length === 0) return [say('info', 'services', 'there are none yet')]
  const findings = table.flatMap((entry) => [...emptyFindings(entry), ...portFindings(entry), ...maglevFindings(entry)])
  const bad = findings.filter(({ level }) => level === 'fail').length
  const marks = table.filter(({ service }) => service.firewallMark !== undefined).length
  return [
    ...(bad === 0 ? [say('ok', 'services', `are ${table.length}, each with real servers that take clients`)] : []),
    ...findings,
    ...(marks > 0 ? [markFinding(marks)] : []),
  ]
}

function emptyFindings({ service, destinations }: TableEntry): Finding[] {
  const about = serviceWord(service)
  if (destinations.length === 0) return [say('fail', about, 'has no real servers: every client is refused')]
  if (destinations.some(({ weight }) => weight > 0)) return []
  return [say('fail', about, 'has only real servers of weight 0: new clients are refused')]
}

/** Only masquerading writes another port into packets. */
function portFindings({ service, destinations }: TableEntry): Finding[] {
  return destinations
    .filter((server) => isOtherPort(service, server))
    .map((server) =>
      say(
        'warn',
        serviceWord(service),
        `sends ${endpointWord(server)} packets for port ${service.port}: ${server.forwarding} forwarding keeps the port`,
      ),
    )
}

function isOtherPort({ port }: Service, server: Destination): boolean {
  if (port === undefined || port === 0) return false
  return (server.forwarding === 'direct' || server.forwarding === 'tunnel') && server.port !== port
}

/** Linux 6.1: a server of weight 0 keeps its share of mh's table, and without that flag nobody takes its clients. */
function maglevFindings({ service, destinations }: TableEntry): Finding[] {
  const isQuiet = destinations.some(({ weight }) => weight === 0)
  const someServe = destinations.some(({ weight }) => weight > 0)
  if (service.scheduler !== 'mh' || service.schedulerFlags?.includes('flag-1') || !isQuiet || !someServe) return []
  const text = 'drops the clients of its real servers of weight 0: mh without mh-fallback gives them no other one'
  return [say('fail', serviceWord(service), text)]
}

function markFinding(marks: number): Finding {
  const text = `of ${marks} in this table are set by rules: neither those nor the addresses behind them are looked at`
  return say('info', 'firewall marks', text, 'nft list ruleset')
}
