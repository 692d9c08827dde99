/** mon.cf, lvs-init and the node files of one cluster -> its services. */
import { basename, isAbsolute, join, resolve } from 'node:path'
import { readLvsInit } from './lvs-init.js'
import type { InitService } from './lvs-init.js'
import type { CheckKind, Draft, DraftServer, DraftService, DraftTiming, Forwarding, Notes, Place } from './model.js'
import { readMon } from './mon.js'
import type { MonConfig, MonService } from './mon.js'
import { alertsOf, monitorCheck, without } from './monitors.js'
import type { MonitorCheck } from './monitors.js'
import { isHost } from './settle.js'
import { readShell } from './shell.js'
import type { ShellValue } from './shell.js'
import type { Reader, SourceText } from './source.js'
import { portOf } from './words.js'

export interface SeedFiles {
  readonly mon: SourceText
  readonly lvsInit: SourceText
  /** Variables for both, the shell's. */
  readonly monCommon: SourceText | undefined
  /** A copy of the director's folder of node files, or that folder. */
  readonly nodes: { readonly directory: string; readonly reader: Reader }
  /** Variables that win over those of the files. */
  readonly given: ReadonlyMap<string, string>
  /** Which hostgroup stands behind a port, where that is not plain. */
  readonly pairs: ReadonlyMap<number, string>
}

/** Throws ImportError. */
export async function readSeed(files: SeedFiles, notes: Notes): Promise<Draft> {
  const variables = variablesOf(files.monCommon, files.given)
  const values = new Map([...variables].flatMap(([name, value]) => ('text' in value ? [[name, value.text]] : [])))
  const config = readMon(files.mon, notes)
  const made = await readLvsInit(files.lvsInit, values, notes)
  const paired = pair(made, config, files.pairs)
  const services: DraftService[] = []
  const alerts: Draft['alerts'][number][] = []
  for (const init of made) {
    const draft = draftOf(init, paired.get(init), { config, variables, nodes: files.nodes, notes })
    if (draft === undefined) continue
    services.push(draft)
    const { periods = [] } = paired.get(init) ?? {}
    const directory = config.alertDirectory ?? '/usr/lib/mon/alert.d'
    for (const period of periods) alerts.push(...alertsOf(period, directory, draft, notes))
  }
  const used = new Set(paired.values())
  for (const watch of config.watches) {
    if (used.has(watch)) continue
    const what = `watch ${watch.group} service ${watch.service}`
    if (!isAsked(watch)) {
      notes.add(watch.place, what, 'the daemon itself pings servers that fail, for offline', 'nothing is to be done')
      continue
    }
    const instead = 'say which by --pair PORT=HOSTGROUP, or watch it by another program'
    notes.add(watch.place, what, 'it belongs to no service of lvs-init', instead)
  }
  const states = variables.get('BASEDIR')
  const nodeStates = states && 'text' in states && isAbsolute(states.text) ? states.text : undefined
  return { source: `${basename(files.mon.file)} and ${basename(files.lvsInit.file)}`, nodeStates, services, alerts }
}

function variablesOf(
  common: SourceText | undefined,
  given: ReadonlyMap<string, string>,
): ReadonlyMap<string, ShellValue> {
  const variables = new Map<string, ShellValue>()
  for (const line of common === undefined ? [] : readShell(common, given))
    if ('name' in line) variables.set(line.name, line.value)
  for (const [name, text] of given) variables.set(name, { text })
  return variables
}

/** Nodes that answer a ping are a watch of their own in the seed, with no service behind it. */
const isAsked = ({ monitor }: MonService): boolean => !/^(.*\/)?f?ping\.monitor$/.test(monitor[0] ?? '')

const portAt = ({ service }: InitService): number => (service.firewallMark === undefined ? service.port : 0)

/** Each service with the watch behind it: as told, by port, by the group's name, or because both are the only ones left. */
function pair(
  made: readonly InitService[],
  { watches }: MonConfig,
  told: ReadonlyMap<number, string>,
): ReadonlyMap<InitService, MonService> {
  const pairs = new Map<InitService, MonService>()
  const taken = new Set<MonService>()
  const free = () => watches.filter((watch) => !taken.has(watch))
  const isBalanced = (init: InitService) => init.service.firewallMark === undefined && !pairs.has(init)
  const ways: ((init: InitService, watch: MonService) => boolean)[] = [
    (init, { group }) => told.get(portAt(init)) === group,
    (init, { monitor }) => {
      const at = monitor.indexOf('-p')
      return at > 0 && portOf(monitor[at + 1] ?? '') === portAt(init)
    },
    (init, { group }) => portOf(group.split(/[_.-]/, 1)[0] ?? '') === portAt(init),
    (init, { monitor }) => portOf((monitor[0] ?? '').replace(/^.*\/|^cluster_|\.monitor$/g, '')) === portAt(init),
  ]
  for (const belongs of ways)
    for (const init of made) {
      const watch = pairs.has(init) ? undefined : free().find((watch) => belongs(init, watch))
      if (watch === undefined) continue
      pairs.set(init, watch)
      taken.add(watch)
    }
  const [left, others] = [made.filter(isBalanced), free().filter(isAsked)]
  if (left.length === 1 && others.length === 1 && left[0] && others[0]) pairs.set(left[0], others[0])
  return pairs
}

interface Context {
  readonly config: MonConfig
  readonly variables: ReadonlyMap<string, ShellValue>
  readonly nodes: SeedFiles['nodes']
  readonly notes: Notes
}

function draftOf(init: InitService, watch: MonService | undefined, context: Context): DraftService | undefined {
  const { notes } = context
  const { place, service, servers: own } = init
  if (service.firewallMark !== undefined) {
    const what = `service of firewall mark ${service.firewallMark}`
    notes.add(place, what, 'the daemon has services by address and port only', 'make one for each address and port')
    return undefined
  }
  noteSettings(init, notes)
  const monitor = checkOf(init, watch, context)
  const fromGroup = watch === undefined ? [] : without(serversOf(watch, context), watch.excludedHosts)
  const forwardings = new Set(own.map(({ spec }) => spec.forwarding))
  if (forwardings.size > 1) notes.add(place, 'servers', 'a service has one forwarding', 'see which one it got')
  const { persistence } = service
  return {
    place,
    comment: watch && [`hostgroup ${watch.group}`, watch.description].filter((text) => text).join(', '),
    address: service.address,
    port: service.port,
    protocol: service.protocol,
    scheduler: service.scheduler ?? 'wlc',
    persistence: persistence && { seconds: persistence.timeoutSeconds ?? 360, prefixLength: persistence.prefixLength },
    forwarding: (own[0]?.spec.forwarding ?? 'direct') as Forwarding,
    servers: [
      ...own.map(({ place, host, spec }) => ({ place, host, port: spec.port, weight: spec.weight })),
      ...fromGroup.filter(({ host }) => !own.some((server) => server.host === host)),
    ],
    check: monitor.check,
    timing: timingOf(monitor, watch),
  }
}

function noteSettings({ place, service, servers }: InitService, notes: Notes): void {
  const lost = [
    (service.schedulerFlags ?? []).length > 0 && 'scheduler flags',
    service.onePacket === true && 'one-packet scheduling',
    service.persistence?.engine !== undefined && 'a persistence engine',
    service.persistence?.netmask !== undefined && 'a mask that is no prefix',
    servers.some(({ spec }) => spec.limits !== undefined) && 'thresholds',
    servers.some(({ spec }) => (spec.encapsulation?.type ?? 'ipip') !== 'ipip') && 'a tunnel other than ipip',
  ]
  for (const what of lost)
    if (what !== false) notes.add(place, what, 'the configuration has no such setting', 'do without')
}

function checkOf({ place }: InitService, watch: MonService | undefined, { config, notes }: Context): MonitorCheck {
  if (watch !== undefined && watch.monitor.length > 0)
    return monitorCheck(watch.monitor, config.monitorDirectories, watch.place, notes)
  const why = watch === undefined ? 'no watch of mon.cf belongs to it' : 'its watch has no monitor'
  notes.add(place, 'check', why, 'it is checked by TCP; or say which hostgroup by --pair PORT=HOSTGROUP')
  return { check: { type: 'tcp' } satisfies CheckKind }
}

/** The seed looks twice before it takes a server out, and once before it puts it back. */
const timingOf = ({ check, port, timeoutMs }: MonitorCheck, watch: MonService | undefined): DraftTiming => {
  const { intervalMs = 10_000, randskewMs: jitterMs } = watch ?? {}
  // Mon gives a monitor all the time in the world.
  const defaultMs = check.type === 'mon' ? Math.min(30_000, intervalMs * 0.9) : Math.min(10_000, intervalMs / 2)
  return { port, intervalMs, timeoutMs: timeoutMs ?? defaultMs, jitterMs, rise: 1, fall: 2 }
}

function serversOf(watch: MonService, { config, variables, nodes, notes }: Context): readonly DraftServer[] {
  const group = config.groups.get(watch.group)
  if (group === undefined) return [fileOrHost(watch.group, watch.place, nodes, notes)]
  return group.members.flatMap(({ place, word }): DraftServer[] => {
    const name = /^\$\{?(\w+)\}?$/.exec(word)?.[1]
    if (name === undefined) return [{ place, host: word.replace(/^\*/, '') }]
    const value = variables.get(name)
    if (value !== undefined && 'text' in value)
      return value.text.split(/\s+/).flatMap((host) => (host === '' ? [] : [{ place, host }]))
    if (value !== undefined) return [nodeFile(value.file, place, nodes, notes)]
    const guess = nodes.reader.list(nodes.directory).find((file) => file.toLowerCase() === name.toLowerCase())
    if (guess !== undefined) return [nodeFile(guess, place, nodes, notes)]
    notes.add(place, word, 'it is set neither in mon_common nor by --set', 'import again with --mon-common or --set')
    return []
  })
}

function fileOrHost(name: string, place: Place, nodes: SeedFiles['nodes'], notes: Notes): DraftServer {
  return nodes.reader.list(nodes.directory).includes(name) ? nodeFile(name, place, nodes, notes) : { place, host: name }
}

/** A file by its path on the director; what the copy at hand holds is looked through. */
function nodeFile(path: string, place: Place, { directory, reader }: SeedFiles['nodes'], notes: Notes): DraftServer {
  const file = join(directory, basename(path))
  const read = reader.read(file)
  if ('refused' in read)
    notes.add(place, path, `it could not be read in ${directory}: ${read.refused}`, 'see that the director has it')
  else {
    const lines = read.text.split('\n').map((line) => line.trim())
    if (lines.every((line) => line === '')) notes.add({ file, line: 1 }, path, 'no node is in it', 'add some')
    for (const [i, line] of lines.entries()) {
      if (line === '' || line.startsWith('#') || isHost(line)) continue
      notes.add({ file, line: i + 1 }, line, 'a line is one name or address', 'put each on a line of its own')
    }
  }
  return { place, file: isAbsolute(path) ? path : resolve(directory, path) }
}
