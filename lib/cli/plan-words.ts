/** Changes to the table in words. */
import { limitsWord, maskWord, tunnelWord } from './settings-words.js'
import { endpointWord, serviceWord } from './words.js'
import type { Colour, Paint } from '../command-line/style.js'
import type { Change } from '../plan.js'
import type { Destination, DestinationSpec, ServiceSpec } from '../types.js'

/** A change by itself: a server is named with its service. What goes with a service that is removed has lines of its own. */
export function showChange(change: Change, paint: Paint): string[] {
  const name = nameOf(change)
  return changeLines(change, 'of' in change ? `${name} of ${serviceWord(change.of)}` : name, paint)
}

/** The service, or the server, that changes. */
export function nameOf(change: Change): string {
  return 'of' in change ? endpointWord(change.destination) : serviceWord(change.service)
}

/** The same with the object called as the place needs it. */
export function changeLines(change: Change, name: string, paint: Paint): string[] {
  const { mark, colour } = kinds[kindOf(change)]
  const servers = change.type === 'removeService' ? change.destinations : []
  return [
    [`${mark} ${name}`, ...wordsOf(change)].join('  '),
    ...servers.map((server) => `  ${mark} ${endpointWord(server)}`),
  ].map((line) => paint(colour, line))
}

export type ChangeKind = 'add' | 'update' | 'remove'

export function kindOf({ type }: Change): ChangeKind {
  return type.replace(/Service|Destination/, '') as ChangeKind
}

const kinds: Readonly<Record<ChangeKind, { readonly mark: string; readonly colour: Colour }>> = {
  add: { mark: '+', colour: 'green' },
  update: { mark: '~', colour: 'yellow' },
  remove: { mark: '-', colour: 'red' },
}

function wordsOf(change: Change): string[] {
  switch (change.type) {
    case 'addService':
      return [settings(serviceFields(change.service))]
    case 'updateService':
      return [differences(serviceFields(change.before), serviceFields(change.service))]
    case 'removeService':
      return [settings(serviceFields(change.before))]
    case 'addDestination':
      return [settings(serverFields(change.destination))]
    case 'updateDestination':
      return [differences(serverFields(change.before), serverFields(change.destination))]
    case 'removeDestination':
      return [settings(serverFields(change.before)), ...lostWith(change.before)]
  }
}

/** Established connections end with their server. */
function lostWith({ connections: { active } }: Destination): string[] {
  return active > 0 ? [`with ${active} active connection${active === 1 ? '' : 's'}`] : []
}

/** By name, what the kernel keeps apart from the identity; undefined where it is as if there was no such setting. */
type Fields = Readonly<Record<string, string | undefined>>

function settings(fields: Fields): string {
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(', ')
}

function differences(before: Fields, after: Fields): string {
  return Object.keys(after)
    .filter((name) => before[name] !== after[name])
    .map((name) => `${name} ${before[name] ?? 'none'} -> ${after[name] ?? 'none'}`)
    .join(', ')
}

function serviceFields(service: ServiceSpec): Fields {
  const { scheduler, schedulerFlags = [], onePacket, persistence } = service
  const flags = [...schedulerFlags, ...(onePacket === true ? ['one-packet'] : [])]
  return {
    scheduler,
    flags: flags.length > 0 ? flags.join(' ') : undefined,
    persistence: persistence && `${persistence.timeoutSeconds ?? 360} s`,
    netmask: maskWord(service),
    engine: persistence?.engine,
  }
}

function serverFields({ forwarding, encapsulation, weight = 1, limits }: DestinationSpec): Fields {
  return {
    forwarding: forwarding === 'tunnel' ? `tunnel ${tunnelWord(encapsulation)}` : forwarding,
    weight: String(weight),
    limits: limits && limitsWord(limits),
  }
}
