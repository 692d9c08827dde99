/** keepalived.conf: its virtual servers and their checkers; VRRP stays with keepalived. */
import { basename } from 'node:path'
import { parseAddress } from '../scalars.js'
import { checkerOf } from './keepalived-checks.js'
import type { Checker } from './keepalived-checks.js'
import { readLines } from './keepalived-lines.js'
import { noteSettings, noteTop } from './keepalived-settings.js'
import { find, flag, inherited, treeOf } from './keepalived-tree.js'
import type { Block } from './keepalived-tree.js'
import { serviceAlerts } from './keepalived-alerts.js'
import { ImportError } from './model.js'
import type { Draft, DraftServer, DraftService, Forwarding, Notes } from './model.js'
import type { Reader, SourceText } from './source.js'
import { addressRange, networkRange, portOf, prefixLengthOf } from './words.js'

/** Of an address range so many are carried over. */
const MAX_RANGE = 256
const MAX_SERVICES = 1000
/** Times its services, so many servers. */
const MAX_SERVERS = 10_000

/** Throws ImportError. */
export function readKeepalived(source: SourceText, reader: Reader, configId: string | undefined, notes: Notes): Draft {
  const whole = { file: source.file, line: 1 }
  const blocks = treeOf(readLines(source, reader, configId, notes), whole)
  const groups = new Map(
    blocks.filter(({ keyword }) => keyword === 'virtual_server_group').map((block) => [block.words[0] ?? '', block]),
  )
  const globals = blocks.find(({ keyword }) => keyword === 'global_defs')
  const services: DraftService[] = []
  const alerts: Draft['alerts'][number][] = []
  for (const block of blocks) {
    if (block.keyword !== 'virtual_server' || !block.isBlock) noteTop(block, notes)
    else {
      const drafts = servicesOf(block, groups, notes)
      if (services.length + drafts.length > MAX_SERVICES)
        throw new ImportError(block.place, `file: expected at most ${MAX_SERVICES} services, found more`)
      services.push(...drafts)
      alerts.push(...serviceAlerts(block, globals, drafts, notes))
    }
  }
  if (!blocks.some(({ keyword }) => keyword === 'virtual_server'))
    throw new ImportError(whole, 'keepalived.conf: expected a virtual_server, found none')
  return { source: basename(source.file), services, alerts }
}

/** One for each address of a virtual_server; it has several where it is a group. */
function servicesOf(block: Block, groups: ReadonlyMap<string, Block>, notes: Notes): readonly DraftService[] {
  const [first = '', second] = block.words
  if (first !== 'group') {
    const targets = targetsOf(block, block.words, notes)
    return targets.length === 0 ? [] : draftsOf(block, targets, notes)
  }
  const group = groups.get(second ?? '')
  if (group === undefined)
    throw new ImportError(block.place, `virtual_server: expected a virtual_server_group ${second ?? ''}, found none`)
  const targets: Target[] = []
  for (const entry of group.children) {
    targets.push(...targetsOf(entry, [entry.keyword, ...entry.words], notes))
    if (targets.length > MAX_SERVICES)
      throw new ImportError(entry.place, `file: expected at most ${MAX_SERVICES} services, found more`)
  }
  return targets.length === 0 ? [] : draftsOf(block, targets, notes)
}

interface Target {
  readonly address: string
  readonly port: number
}

/** `192.0.2.1 80`, `192.0.2.1-9 80`, `192.0.2.1-192.0.2.9 80`, `192.0.2.8/29 80`, `fwmark 1`. */
function targetsOf({ place }: Block, [host = '', portWord = '0']: readonly string[], notes: Notes): readonly Target[] {
  if (host === 'fwmark') {
    const why = 'the daemon has services by address and port only'
    notes.add(place, `fwmark ${portWord}`, why, 'make a service for each address and port that is marked')
    return []
  }
  const port = portOf(portWord)
  const range = /^([\d.]+)-([\d.]+)$/.exec(host)
  const network = /^([\d.]+)\/(\d+)$/.exec(host)
  const [, first = '', last = ''] = range ?? []
  const addresses = range
    ? addressRange(first, last.includes('.') ? last : first.replace(/\d+$/, last), MAX_RANGE)
    : network
      ? networkRange(network[1] ?? '', Number(network[2]), MAX_RANGE)
      : parseAddress(host) && [host]
  if (addresses === undefined || port === undefined) {
    const why = `it is no address, or range of at most ${MAX_RANGE} IPv4 addresses, with a port`
    notes.add(place, `virtual server ${host} ${portWord}`, why, 'write its services by hand')
    return []
  }
  return addresses.map((address) => ({ address, port }))
}

function draftsOf(block: Block, targets: readonly Target[], notes: Notes): readonly DraftService[] {
  const forwarding = forwardingOf(block, notes) ?? 'masquerade'
  const servers = block.children.filter(({ keyword }) => keyword === 'real_server')
  for (const part of [block, ...servers]) noteSettings(part, notes)
  const drafts = servers.filter((server) => sameForwarding(server, forwarding, notes))
  const protocol = protocolOf(block, notes)
  const checker = oneChecker(block, drafts, protocol, notes)
  const timeout = find(block, 'persistence_timeout')
  const granularity = find(block, 'persistence_granularity')
  const seconds = timeout === undefined && granularity ? 360 : timeout && Number(timeout.words[0] ?? 360)
  const [up, hysteresis] = [inherited([block], 'quorum') ?? 1, inherited([block], 'hysteresis') ?? 0]
  if (targets.length * drafts.length > MAX_SERVERS)
    throw new ImportError(block.place, `file: expected at most ${MAX_SERVERS} servers of a group, found more`)
  const shared = {
    place: block.place,
    protocol,
    scheduler: find(block, 'lb_algo', 'lvs_sched')?.words[0] ?? 'wlc',
    persistence: seconds ? { seconds, prefixLength: prefixLengthOf(granularity?.words[0] ?? '') } : undefined,
    forwarding,
    quiesce: isQuiesced(block, servers, notes),
    quorum: up > 1 || hysteresis > 0 ? { up, hysteresis } : undefined,
    ...checker,
  }
  if (shared.quorum && servers.some((server) => (inherited([server], 'weight') ?? 1) !== 1))
    notes.add(block.place, 'quorum', 'it counts servers, in keepalived weights', 'see that the number is right')
  if (shared.quiesce && shared.persistence) {
    const why = 'with persistence a server of weight 0 keeps its clients'
    notes.add(block.place, 'inhibit_on_failure', why, 'set net.ipv4.vs.expire_quiescent_template to 1')
  }
  return targets.map(({ address, port }) => ({
    ...shared,
    ...{ address, port },
    servers: drafts.map((server) => serverOf(server, port)),
    sorry: sorryOf(block, port, forwarding, notes),
  }))
}

/** keepalived 2.2.7 says "no protocol set - defaulting to UDP". */
function protocolOf(block: Block, notes: Notes): string {
  const found = find(block, 'protocol')?.words[0]
  const what = `virtual_server ${block.words.join(' ')}`
  if (found === undefined)
    notes.add(
      block.place,
      what,
      'it has no protocol: UDP for keepalived 2, TCP for 1',
      'it became udp; see which it is',
    )
  return (found ?? 'udp').toLowerCase()
}

/** keepalived's real server without a port has that of the service. */
const serverOf = ({ place, words, children }: Block, port: number): DraftServer => ({
  ...{ place, host: words[0] ?? '', port: words[1] === undefined ? port : portOf(words[1]) },
  weight: Number(children.findLast(({ keyword }) => keyword === 'weight')?.words[0] ?? 1),
})

const METHODS: Readonly<Record<string, Forwarding>> = { NAT: 'masquerade', DR: 'direct', TUN: 'tunnel' }

function forwardingOf(block: Block, notes: Notes, ...keywords: readonly string[]): Forwarding | undefined {
  const found = find(block, ...(keywords.length > 0 ? keywords : ['lb_kind', 'lvs_method']))
  const [method = '', ...rest] = found?.words ?? []
  const type = rest[0] === 'type' ? (rest[1] ?? 'ipip') : 'ipip'
  if (found && (type !== 'ipip' || rest.some((word) => /csum$/.test(word))))
    notes.add(
      found.place,
      [method, ...rest].join(' '),
      'tunnels are ipip, without a choice',
      'the service got plain tunnels',
    )
  if (found && !Object.hasOwn(METHODS, method))
    throw new ImportError(found.place, `${found.keyword}: expected NAT, DR or TUN, found ${JSON.stringify(method)}`)
  return METHODS[method]
}

function sameForwarding(server: Block, forwarding: Forwarding, notes: Notes): boolean {
  const own = forwardingOf(server, notes)
  if (own === undefined || own === forwarding) return true
  const why = `all servers of a service have its forwarding, ${forwarding}`
  notes.add(server.place, `real_server ${server.words.join(' ')}`, why, 'it was left out; give it a service of its own')
  return false
}

function isQuiesced(block: Block, servers: readonly Block[], notes: Notes): boolean {
  const all = flag(block, 'inhibit_on_failure') ?? false
  const each = servers.map((server) => flag(server, 'inhibit_on_failure') ?? all)
  const some = each.includes(true)
  if (some && each.includes(false))
    notes.add(block.place, 'inhibit_on_failure', 'it holds for all servers of a service', 'all of them got it')
  return some
}

function sorryOf(block: Block, port: number, forwarding: Forwarding, notes: Notes): DraftService['sorry'] {
  const found = find(block, 'sorry_server')
  if (found === undefined) return undefined
  const own = forwardingOf(block, notes, 'sorry_server_lvs_method')
  if (own !== undefined && own !== forwarding)
    notes.add(
      found.place,
      `sorry_server by ${own}`,
      `it has the service's forwarding, ${forwarding}`,
      'see that it can',
    )
  return { place: found.place, host: found.words[0] ?? '', port: portOf(found.words[1] ?? '') ?? port }
}

/** The check of the first server; that of another server is noted where it is another check. */
function oneChecker(block: Block, servers: readonly Block[], protocol: string, notes: Notes): Checker {
  const all = servers.map((server) => ({ server, checker: checkerOf(block, server, notes) }))
  const first = all.find(({ checker }) => checker !== undefined)?.checker
  const type = protocol === 'udp' ? 'icmp' : 'tcp'
  if (first === undefined)
    notes.add(
      block.place,
      `virtual_server ${block.words.join(' ')}`,
      'it has no checker',
      `its servers are checked by ${type.toUpperCase()}`,
    )
  for (const { server, checker } of all) {
    if (first === undefined || JSON.stringify(checker) === JSON.stringify(first)) continue
    const what = `check of real_server ${server.words.join(' ')}`
    notes.add(server.place, what, "all servers of a service have one check, the first server's", 'see that it fits')
  }
  const intervalMs = (inherited([block], 'delay_loop') ?? 60) * 1000
  return first ?? { check: { type }, timing: { intervalMs, timeoutMs: 5000, rise: 1, fall: 2 } }
}
