/** ldirectord.cf: each virtual with its real servers. */
import { basename } from 'node:path'
import { parseAddress } from '../scalars.js'
import { checkOf, timingOf } from './ldirectord-checks.js'
import { Options, readSections, unquoted } from './ldirectord-lines.js'
import type { Option, Section } from './ldirectord-lines.js'
import { ImportError } from './model.js'
import type { Draft, DraftServer, DraftService, Forwarding, Notes } from './model.js'
import type { SourceText } from './source.js'
import { addressRange, isMailAddress, portOf, prefixLengthOf } from './words.js'

const MAX_RANGE = 256
const MAX_SERVERS = 4000

const LOST: Readonly<Record<string, readonly [why: string, instead: string]>> = {
  fallbackcommand: ['no script runs when all servers are down', 'alert by an exec alert'],
  autoreload: ['a changed configuration is read when it is told to', 'nothing is to be done'],
  callback: ['no script runs when the configuration changes', 'copy it by other means'],
  logfile: ['the log goes to stdout', 'let the service manager keep it'],
  execute: ['one daemon has one configuration', 'import that file by itself'],
  readdquiescent: ['what is missing in the table is put back', 'disable a server instead'],
  cleanstop: ['the end of the daemon leaves the table as it is', 'remove what is left by hand'],
  maintenancedir: ['no files take servers out', 'disable a server instead'],
  emailalertstatus: ['alerts go out whenever the daemon runs', 'nothing is to be done'],
  schedflags: ['flags of schedulers are not carried over', 'add schedulerFlags'],
  ops: ['there is no one-packet scheduling', 'do without'],
  monitorfile: ['the log has every change', 'nothing is to be done'],
}
/** What needs no note where it has this value, which is what happens anyway. */
const HARMLESS: Readonly<Record<string, RegExp>> = {
  cleanstop: /^no$/,
  ops: /^no$/,
  emailalertstatus: /^all$/,
  autoreload: /^no$/,
  readdquiescent: /^yes$/,
}

/** Throws ImportError. */
export function readLdirectord(source: SourceText, notes: Notes): Draft {
  const { globals, sections } = readSections(source)
  noteLost(globals, notes)
  const isForking = globals.findLast(({ name }) => name === 'fork')?.value === 'yes'
  const services: DraftService[] = []
  const alerts: Draft['alerts'][number][] = []
  for (const section of sections) {
    noteLost(section.options, notes)
    const options = new Options(section, globals)
    const draft = draftOf(section, options, isForking, notes)
    if (draft === undefined) continue
    services.push(draft)
    alerts.push(...mailOf(options, draft, notes))
  }
  return { source: basename(source.file), services, alerts }
}

function noteLost(options: readonly Option[], notes: Notes): void {
  for (const { name, value, place } of options) {
    const known = Object.hasOwn(LOST, name) ? LOST[name] : undefined
    const isHarmless = Object.hasOwn(HARMLESS, name) && (HARMLESS[name]?.test(value) ?? false)
    if (known !== undefined && !isHarmless) notes.add(place, `${name} = ${value}`, ...known)
  }
}

function draftOf(section: Section, options: Options, isForking: boolean, notes: Notes): DraftService | undefined {
  const { place, value } = section
  const [, v6, v4, portWord = ''] = /^(?:\[([\da-f:.]+)\]|([\w.+-]+)):([\w-]+)$/i.exec(value) ?? []
  const address = v6 ?? v4
  if (address === undefined) {
    if (!/^\d+$/.test(value))
      throw new ImportError(
        place,
        `virtual: expected ADDRESS:PORT or a firewall mark, found ${JSON.stringify(value.slice(0, 64))}`,
      )
    const why = 'the daemon has services by address and port only'
    notes.add(place, `virtual = ${value}`, why, 'make a service for each address and port that is marked')
    return undefined
  }
  const port = portOf(portWord)
  if (port === undefined || parseAddress(address) === undefined) {
    const what = port === undefined ? `the port ${portWord}` : `the name ${address}`
    notes.add(place, `virtual = ${value}`, `${what} is not looked up here`, 'write it as a number and import again')
    return undefined
  }
  const protocol = options.own('protocol')?.value ?? (port === 53 ? 'udp' : 'tcp')
  const reals = section.options.filter(({ name }) => /^real6?$/.test(name)).map(realOf)
  const servers: DraftServer[] = []
  const [first] = reals
  const pairOf = ({ request, receive }: Real) => JSON.stringify([request, receive])
  for (const real of reals)
    if (first && pairOf(real) !== pairOf(first))
      notes.add(real.place, 'request and receive', "all servers have one check, the first server's", 'see that it fits')
  const check = checkOf(
    { section, options, address, port, protocol, request: first?.request, receive: first?.receive },
    notes,
  )
  if (check === undefined) return undefined
  const forwarding = first?.forwarding ?? 'direct'
  for (const real of reals) {
    servers.push(...serversOf(real, port, forwarding, notes))
    if (servers.length > MAX_SERVERS)
      throw new ImportError(real.place, `real: expected at most ${MAX_SERVERS} servers, found more`)
  }
  const seconds = options.number('persistent')
  const isQuiesced = options.flag('quiescent', true)
  if (isQuiesced && seconds !== undefined) {
    const why = 'with persistence a server of weight 0 keeps its clients'
    notes.add(
      options.get('quiescent')?.place ?? place,
      'quiescent',
      why,
      'set net.ipv4.vs.expire_quiescent_template to 1',
    )
  }
  return {
    place,
    comment: [options.text('servicename'), options.text('comment')].filter((text) => text).join(', ') || undefined,
    ...{ address, port, protocol, forwarding, check },
    scheduler: /[a-z]+/.exec(options.own('scheduler')?.value ?? '')?.[0] ?? 'wrr',
    persistence:
      seconds === undefined
        ? undefined
        : { seconds, prefixLength: prefixLengthOf(options.own('netmask')?.value ?? '') },
    servers,
    quiesce: isQuiesced,
    sorry: sorryOf(options, section, port, forwarding, notes),
    timing: timingOf(options, isForking, notes),
  }
}

interface Real {
  readonly place: Option['place']
  readonly first: string
  readonly last: string | undefined
  readonly port: string | undefined
  readonly forwarding: Forwarding
  readonly weight: number
  readonly request: string | undefined
  readonly receive: string | undefined
  readonly thresholds: string
}

const METHODS: Readonly<Record<string, Forwarding>> = { gate: 'direct', masq: 'masquerade', ipip: 'tunnel' }

/** `192.0.2.11->192.0.2.14:80 masq 2 "request", "receive" l:10 u:20`. */
function realOf({ place, value }: Option): Real {
  const host = String.raw`(\[[\da-fA-F:.]+\]|[\w.]+(?:-(?!>)[\w.]+)*)`
  const pattern = new RegExp(
    String.raw`^${host}(?:->${host})?(?::([\w-]+))?\s+(gate|masq|ipip)(?:\s+(\d{1,10}))?(?:\s+"(.*)"[, ]\s*"(.*)")?((?:\s+[lu]:\d+)*)\s*$`,
  )
  const [, first, last, port, method, weight, request, receive, thresholds] = pattern.exec(value) ?? []
  if (first === undefined)
    throw new ImportError(
      place,
      `real: expected ADDRESS[->ADDRESS][:PORT] gate, masq or ipip [WEIGHT] ["REQUEST", "RECEIVE"], found ${JSON.stringify(value.slice(0, 64))}`,
    )
  const bare = (text: string) => text.replace(/^\[|\]$/g, '')
  return {
    ...{ place, first: bare(first), last: last && bare(last), port, forwarding: METHODS[method ?? ''] ?? 'direct' },
    ...{ weight: Number(weight ?? 1), request, receive, thresholds: (thresholds ?? '').trim() },
  }
}

function serversOf(real: Real, port: number, forwarding: Forwarding, notes: Notes): readonly DraftServer[] {
  const { place, first, last, weight } = real
  const leaveOut = (why: string, instead: string) => {
    notes.add(place, `real = ${first}${last === undefined ? '' : `->${last}`}`, why, instead)
    return []
  }
  if (real.thresholds !== '')
    notes.add(place, `thresholds ${real.thresholds}`, 'servers have none', 'set them by ipvsadm -x, or do without')
  if (real.forwarding !== forwarding)
    return leaveOut(`all servers of a service have its forwarding, ${forwarding}`, 'give it a service of its own')
  const own = real.port === undefined ? port : portOf(real.port)
  if (own === undefined) return leaveOut(`the port ${real.port ?? ''} is not looked up here`, 'write it as a number')
  const hosts = last === undefined ? [first] : addressRange(first, last, MAX_RANGE)
  if (hosts === undefined)
    return leaveOut(`it is no range of at most ${MAX_RANGE} IPv4 addresses`, 'add the servers by hand')
  // Only masquerading changes a port: ldirectord gives the others that of the service.
  return hosts.map((host) => ({ place, host, port: forwarding === 'masquerade' ? own : port, weight }))
}

function sorryOf(
  options: Options,
  section: Section,
  port: number,
  forwarding: Forwarding,
  notes: Notes,
): DraftService['sorry'] {
  const option = options.get(section.isIPv6 ? 'fallback6' : 'fallback')
  if (option === undefined) return undefined
  const [endpoint = '', method = 'gate'] = option.value.split(/\s+/)
  const [, v6, v4, word] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::([\w-]+))?$/i.exec(endpoint) ?? []
  const host = v6 ?? v4 ?? endpoint
  const isLocal = /^127\.|^::1$/.test(host)
  if (METHODS[method] !== forwarding && !isLocal)
    notes.add(
      option.place,
      `fallback by ${method}`,
      `it has the service's forwarding, ${forwarding}`,
      'see that it can',
    )
  return { place: option.place, host, port: word === undefined ? port : (portOf(word) ?? port) }
}

function mailOf(options: Options, of: DraftService, notes: Notes): readonly Draft['alerts'][number][] {
  const option = options.get('emailalert')
  if (option === undefined) return []
  const to = unquoted(option.value)
    .split(/[,\s]+/)
    .filter((word) => word !== '')
  if (to.length === 0 || !to.every(isMailAddress)) {
    notes.add(option.place, `emailalert = ${option.value}`, 'these are no mail addresses', 'add a mail alert by hand')
    return []
  }
  const from = options.text('emailalertfrom')
  const server = `smtp://${options.text('smtp') ?? 'localhost'}`
  const every = options.number('emailalertfreq') ?? 0
  const mail = { to, ...(from !== undefined && { from }), server }
  return [{ sink: { mail }, events: ['down', 'up'], ...(every > 0 && { alertevery: `${every}s` }), of: [of] }]
}
