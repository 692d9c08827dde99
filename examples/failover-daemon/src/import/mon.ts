/** mon.cf: hostgroups and watches, as Mon 1.3.6 reads them; `$NAMES` are expanded from mon_common, which Mon itself never does. */
import { isAbsolute } from 'node:path'
import { durationText } from '../scalars.js'
import { ImportError } from './model.js'
import type { Notes, Place } from './model.js'
import type { SourceText } from './source.js'
import { quoteWords } from './words.js'

export interface MonConfig {
  readonly groups: ReadonlyMap<string, HostGroup>
  readonly watches: readonly MonService[]
  /** Where alerts are, as far as the file says. */
  readonly alertDirectory: string | undefined
  /** Where monitors are; empty where it does not say. */
  readonly monitorDirectories: readonly string[]
}

/** Members as they are written; `$NAME` is a word of its own. */
export interface HostGroup {
  readonly place: Place
  readonly members: readonly { readonly place: Place; readonly word: string }[]
}

/** A service of a watch. Times in milliseconds. */
export interface MonService {
  readonly place: Place
  readonly group: string
  readonly service: string
  readonly description: string | undefined
  readonly intervalMs: number | undefined
  readonly randskewMs: number | undefined
  readonly monitor: readonly string[]
  readonly excludedHosts: readonly string[]
  readonly periods: readonly MonPeriod[]
}

export interface MonPeriod {
  /** In Mon's notation; undefined for always. */
  readonly period: string | undefined
  readonly alerts: readonly MonAlert[]
  readonly numalerts: number | undefined
  /** A number of failures, a time, or both: `3 10m`. */
  readonly alertafter: number | string | undefined
  /** `1h strict`. */
  readonly alertevery: string | undefined
}

export interface MonAlert {
  readonly place: Place
  readonly program: string
  readonly args: readonly string[]
  readonly event: 'down' | 'up'
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }
type OpenService = Mutable<Omit<MonService, 'periods'>> & { readonly periods: OpenPeriod[] }
type OpenPeriod = Mutable<Omit<MonPeriod, 'alerts'>> & { readonly alerts: MonAlert[] }

/** Settings of a service, and of a period, that have no counterpart; what to do instead. */
const NOT_CARRIED: Readonly<Record<string, readonly [why: string, instead: string]>> = {
  failure_interval: ['the daemon checks faster while it is unsure, by fastInterval', 'set check.fastInterval'],
  depend: ['the daemon has no dependencies', 'check what it depends on in the check itself'],
  alertdepend: ['the daemon has no dependencies', 'let the alert program decide'],
  monitordepend: ['the daemon has no dependencies', 'check what it depends on in the check itself'],
  hostdepend: ['the daemon has no dependencies', 'leave dead hosts out'],
  dep_behavior: ['the daemon has no dependencies', 'nothing is to be done'],
  dep_memory: ['the daemon has no dependencies', 'nothing is to be done'],
  exclude_period: ['checks run at all times', 'limit the alerts by period'],
  redistribute: ['results are passed on to no other Mon', 'let an exec alert do it'],
  traptimeout: ['the daemon takes no traps', 'have the server checked'],
  trapduration: ['the daemon takes no traps', 'have the server checked'],
  allow_empty_group: ['a file of nodes may be empty', 'nothing is to be done'],
  unack_summary: ['nothing is acknowledged', 'nothing is to be done'],
  startupalert: ['there are alerts for down and up only', 'let the service manager tell of starts'],
  ackalert: ['nothing is acknowledged', 'nothing is to be done'],
  disablealert: ['there are alerts for down and up only', 'tell it by hand'],
  upalertafter: ['Mon itself never honoured it', 'nothing is to be done'],
  alertexitrange: ['a check passes or fails', 'let the alert program decide'],
  no_comp_alerts: ['an up alert goes out where a down alert did', 'nothing is to be done'],
  alerts_dont_count: ['the daemon counts rounds of alerts', 'nothing is to be done'],
}

/** A file holds so many at most. */
const MAX_WATCHES = 1000

/** Globals that say how Mon runs, not what it watches: nothing is lost with them. */
const GLOBAL = /^(\w+)\s*=\s*(.*)$/

/** Throws ImportError for what Mon would refuse. */
export function readMon(source: SourceText, notes: Notes): MonConfig {
  const groups = new Map<string, Mutable<HostGroup> & { members: { place: Place; word: string }[] }>()
  const watches: OpenService[] = []
  let alertDirectory: string | undefined
  let monitorDirectories: readonly string[] = []
  let group: string | undefined
  let watch: string | undefined
  let ignored = false
  let service: OpenService | undefined
  let period: OpenPeriod | undefined
  for (const { place, text } of logicalLines(source)) {
    const [, key = '', rest = ''] = /^(\S+)\s*(.*)$/s.exec(text) ?? []
    const global = watch === undefined ? GLOBAL.exec(text) : null
    if (text === '') {
      ;[group, watch, service, period, ignored] = [undefined, undefined, undefined, undefined, false]
    } else if (global) {
      const folders = (global[2] ?? '').split(/\s*:\s*/).filter((folder) => isAbsolute(folder))
      if (global[1] === 'alertdir') alertDirectory = folders[0]
      if (global[1] === 'mondir') monitorDirectories = folders
    } else if (key === 'hostgroup' || key === 'watch') {
      const [, name = '', members = ''] = /^([\w.-]+)\s*(.*)$/.exec(rest) ?? []
      if (name === '') throw refused(place, key, 'a name of letters, digits, _, . and -', rest)
      ;[group, watch, service, period, ignored] = [undefined, undefined, undefined, undefined, false]
      if (key === 'watch') {
        if (watches.some((other) => other.group === name)) throw refused(place, key, 'each watch once', name)
        watch = name
      } else {
        group = name
        groups.set(name, { place, members: wordsOf(members).map((word) => ({ place, word })) })
      }
    } else if (group !== undefined) {
      groups.get(group)?.members.push(...wordsOf(text).map((word) => ({ place, word })))
    } else if (ignored || key === 'view' || key === 'alias') {
      if (!ignored) notes.add(place, text, 'the daemon shows all services alike', 'nothing is to be done')
      ignored = true
    } else if (watch === undefined) {
      throw refused(place, 'mon.cf', 'hostgroup, watch or NAME = VALUE', key)
    } else if (key === 'service') {
      if (!/^[\w.-]+$/.test(rest)) throw refused(place, key, 'a name of letters, digits, _, . and -', rest)
      if (watches.length === MAX_WATCHES) throw refused(place, key, `at most ${MAX_WATCHES} services`, 'more')
      service = newService(place, watch, rest)
      watches.push(service)
      period = undefined
    } else if (service === undefined) {
      throw refused(place, key, 'a service before it in the watch', 'none')
    } else if (key === 'period') {
      const described = rest.replace(/^[a-z_]\w*\s*:\s*/i, '')
      const always = described === '' || /^hr\s*\{\s*(12am\s*-\s*11pm|0\s*-\s*23)\s*\}$/.test(described)
      period = {
        ...{ period: always ? undefined : described, alerts: [] },
        ...{ numalerts: undefined, alertafter: undefined, alertevery: undefined },
      }
      service.periods.push(period)
    } else if (period) setOfPeriod(period, { place, key, rest, text }, notes)
    else setOfService(service, { place, key, rest, text }, notes)
  }
  if (watches.length === 0)
    throw new ImportError({ file: source.file, line: 1 }, 'mon.cf: expected a watch with a service, found none')
  return { groups, watches, alertDirectory, monitorDirectories }
}

interface Setting {
  readonly place: Place
  readonly key: string
  readonly rest: string
  readonly text: string
}

const newService = (place: Place, group: string, service: string): OpenService => ({
  ...{ place, group, service, description: undefined, intervalMs: undefined, randskewMs: undefined },
  ...{ monitor: [], excludedHosts: [], periods: [] },
})

function setOfService(service: OpenService, { place, key, rest, text }: Setting, notes: Notes): void {
  if (key === 'interval') service.intervalMs = milliseconds(place, key, rest)
  else if (key === 'randskew') service.randskewMs = milliseconds(place, key, rest)
  else if (key === 'description') service.description = rest
  else if (key === 'monitor') service.monitor = quoteWords(rest)
  else if (key === 'exclude_hosts') service.excludedHosts = wordsOf(rest)
  else if (/^[A-Z_][A-Z0-9_]*=/.test(text))
    notes.add(place, text.split('=', 1)[0] ?? '', 'checks get no variables of their own', 'set it in the program')
  else noteOrRefuse(place, key, text, notes)
}

function setOfPeriod(period: OpenPeriod, { place, key, rest, text }: Setting, notes: Notes): void {
  if (key === 'alert' || key === 'upalert') {
    const [first = '', ...others] = quoteWords(rest)
    const isFiltered = first.startsWith('exit=')
    if (isFiltered)
      notes.add(place, text, 'a check passes or fails, without exit statuses', 'it alerts on every failure')
    const [program, ...args] = isFiltered ? others : [first, ...others]
    if (program === undefined || program === '') throw refused(place, key, 'a program', 'none')
    period.alerts.push({ place, program, args, event: key === 'alert' ? 'down' : 'up' })
  } else if (key === 'numalerts') {
    if (!/^\d+$/.test(rest)) throw refused(place, key, 'a number', rest)
    period.numalerts = Number(rest)
  } else if (key === 'alertevery') {
    const [every = '', mode] = wordsOf(rest)
    const known = mode !== undefined && ['strict', 'observe_detail', 'ignore_summary'].includes(mode)
    period.alertevery = `${durationOf(place, key, every)}${known ? ` ${mode}` : ''}`
    if (mode !== undefined && mode !== 'summary' && !known)
      notes.add(place, text, `the daemon has no ${mode}`, 'see how it repeats alerts')
  } else if (key === 'alertafter') {
    const [, count = '', time = ''] = /^(\d{1,6}(?=\s|$))?\s*(\d\S*)?$/.exec(rest) ?? []
    if (count === '' && time === '') throw refused(place, key, 'a number of failures, a time or both', rest)
    const within = time === '' ? '' : durationOf(place, key, time)
    // None is needed: the first failure alerts.
    period.alertafter =
      Number(count) === 0 && within === '' ? undefined : within === '' ? Number(count) : `${count} ${within}`.trim()
  } else noteOrRefuse(place, key, text, notes)
}

function noteOrRefuse(place: Place, key: string, text: string, notes: Notes): void {
  const known = Object.hasOwn(NOT_CARRIED, key) ? NOT_CARRIED[key] : undefined
  if (known === undefined) throw refused(place, 'mon.cf', 'a directive of Mon', key)
  notes.add(place, text, ...known)
}

const refused = (place: Place, field: string, expected: string, found: string) =>
  new ImportError(place, `${field}: expected ${expected}, found ${JSON.stringify(found.slice(0, 64))}`)

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `10s`: one unit, `s` where none stands there. */
function milliseconds(place: Place, key: string, text: string): number {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)([smhd]?)$/.exec(text)
  const ms = Number(match?.[1]) * (UNITS[match?.[2] || 's'] ?? 0)
  if (!(ms > 0)) throw refused(place, key, 'a time such as 10s', text)
  return Math.round(ms)
}

/** Days, which the daemon has no unit for, as hours. */
const durationOf = (place: Place, key: string, text: string): string => durationText(milliseconds(place, key, text))

const wordsOf = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== '')

/** Lines without blanks around them; a backslash joins two; comment lines are not there, blank ones are. */
function* logicalLines({ file, text }: SourceText): Generator<{ readonly place: Place; readonly text: string }> {
  let [joined, first] = ['', 0]
  for (const [i, line] of text.split('\n').entries()) {
    if (/^\s*#/.test(line)) continue
    if (first === 0) first = i + 1
    const continued = /^(.*)\\\s*$/.exec(line)
    joined += (joined === '' ? line : line.trimStart()).slice(0, continued ? continued[1]?.length : undefined)
    if (continued) {
      joined = `${joined.replace(/\\\s*$/, '')}`
      continue
    }
    yield { place: { file, line: first }, text: joined.trim() }
    ;[joined, first] = ['', 0]
  }
}
