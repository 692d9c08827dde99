/** The table that concurrent.guest.ts reads while churn.ts changes it, and what it was at each step. */
import type { Change, DestinationSpec, ServiceSpec, Table } from '../../lib/index.js'

/** Services that stay, and how many of them have a server that stays: only those get more. */
export const permanent = 400
export const churnable = 320

/** What the churn does, once. A server is told by its port. */
export type Step =
  | { readonly type: 'addService' | 'removeService'; readonly service: number }
  | { readonly type: 'add' | 'remove'; readonly service: number; readonly port: number }
  | { readonly type: 'weight'; readonly service: number; readonly weight: number }

/** Milliseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
export function now(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

export function web(number: number): ServiceSpec & { readonly port: number } {
  return { protocol: 'tcp', address: '192.0.2.1', port: number, scheduler: 'rr' }
}

export function server(port: number, weight = 1): DestinationSpec {
  return { address: '10.0.0.1', port, forwarding: 'masquerade', weight }
}

/** The weights of the servers, by service and server. */
export type State = Map<number, Map<number, number>>

export function firstState(): State {
  const numbers = Array.from({ length: permanent }, (_, i) => i + 1)
  return new Map(numbers.map((number) => [number, new Map(number <= churnable ? [[1, 1]] : [])]))
}

export function take(state: State, step: Step): void {
  switch (step.type) {
    case 'addService':
      return void state.set(step.service, new Map())
    case 'removeService':
      return void state.delete(step.service)
    case 'add':
      return void state.get(step.service)?.set(step.port, 1)
    case 'remove':
      return void state.get(step.service)?.delete(step.port)
    case 'weight':
      return void state.get(step.service)?.set(1, step.weight)
  }
}

/** Equal for equal states, whatever their order. */
export function textOf(state: State): string {
  return [...state]
    .map(
      ([service, servers]) =>
        `${service}:${[...servers]
          .map((entry) => entry.join('='))
          .sort()
          .join()}`,
    )
    .sort()
    .join('\n')
}

/** Throws for an object that is there twice. */
export function stateOf(table: Table): State {
  const state: State = new Map()
  for (const { service, destinations } of table) {
    const servers = new Map<number, number>()
    for (const { port, weight } of destinations) put(servers, port, weight)
    put(state, service.port ?? 0, servers)
  }
  return state
}

/** Throws for a change that is none: of what is not there, or to what is there already. */
export function replay(state: State, change: Change): void {
  const of = 'of' in change ? change.of : change.service
  const servers = state.get(of.port ?? 0)
  switch (change.type) {
    case 'addService':
      return put(state, of.port ?? 0, new Map<number, number>())
    case 'removeService':
      return remove(state, of.port ?? 0)
    case 'updateService':
      throw new Error('no service was updated')
    case 'addDestination':
      return put(servers, change.destination.port, change.destination.weight ?? 1)
    case 'removeDestination':
      return remove(servers, change.destination.port)
    case 'updateDestination': {
      const { port, weight = 1 } = change.destination
      if (servers?.get(port) !== change.before.weight) throw new Error(`server ${port} had another weight before`)
      remove(servers, port)
      return put(servers, port, weight)
    }
  }
}

function put<V>(map: Map<number, V> | undefined, key: number, value: V): void {
  if (!map || map.has(key)) throw new Error(`${key} is there twice, or its service is not`)
  map.set(key, value)
}

function remove(map: Map<number, unknown> | undefined, key: number): void {
  if (!map?.delete(key)) throw new Error(`${key} is not there`)
}
