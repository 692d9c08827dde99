/** What every theme of the contract needs: handles on a fresh table, the keys that they name, and the seam beneath the API. */
import { constants } from 'node:os'
import type { Test } from 'tap'
import { IpvsError, type Ipvs } from '../../lib/index.js'
import { parseAddress } from '../../lib/address.js'
import { Command, Stage, type Reply, type Request, type Session } from '../../lib/records.js'
import { destinationSpec, serviceKey, serviceSpec } from '../../lib/validate.js'
import { decodeReplies, encodeRequests } from '../../lib/wire.js'

/** A fresh, empty table for each test. */
export interface Harness {
  readonly ipvs: Ipvs
  /** Another program's handle on the same table. */
  readonly stranger: Ipvs
  /** The seam itself, to ask for what the API refuses. */
  readonly session: Session
}

/** Declares a behaviour, which gets a harness of its own. */
export type Behaviour = (name: string, body: (t: Test, harness: Harness) => Promise<void>) => Promise<unknown>

export const { EAFNOSUPPORT, EEXIST, EINVAL, ENODEV, ENOENT, EOPNOTSUPP, ERANGE, ESRCH } = constants.errno

export const http = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
export const http6 = { protocol: 'tcp', address: '2001:db8::100', port: 80 } as const
export const dns = { protocol: 'udp', address: '192.0.2.100', port: 53 } as const
export const mark = { firewallMark: 7, family: 'ipv4' } as const
export const real1 = { address: '10.0.0.1', port: 80 } as const
export const real2 = { address: '10.0.0.2', port: 80 } as const
export const missing = { protocol: 'tcp', address: '192.0.2.99', port: 80 } as const

/** Expects a call of the API to reject with this code. */
export async function refuses(t: Test, code: string, call: Promise<unknown>): Promise<void> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  t.ok(IpvsError.is(error), `refused as ${code}`)
  if (IpvsError.is(error)) t.equal(error.code, code, error.message)
}

/** The kernel's answers, in order; throws for a request that did not reach it. */
export async function ask(session: Session, requests: readonly Request[]): Promise<readonly Reply[]> {
  const replies = decodeReplies(await session.request(encodeRequests(requests)), requests.length)
  for (const { error, stage } of replies) {
    if (stage !== Stage.kernel) throw new Error(`the kernel did not answer: stage ${stage}, errno ${error}`)
  }
  return replies
}

/** The errnos that the kernel answers with. */
export async function send(session: Session, requests: readonly Request[]): Promise<readonly number[]> {
  return (await ask(session, requests)).map(({ error }) => error)
}

/** The command that makes `http`, changed. */
export function newService(change: Partial<NonNullable<Request['service']>>): Request {
  return { command: Command.newService, service: { ...serviceSpec({ ...http, scheduler: 'rr' }), ...change } }
}

/** The command that adds `real1` to `http`, changed. */
export function newDestination(change: Partial<NonNullable<Request['destination']>>): Request {
  const destination = { ...destinationSpec({ ...real1, forwarding: 'direct' }), ...change }
  return { command: Command.newDest, service: serviceKey(http), destination }
}

/** The 16 bytes of an address in a record. */
export function bytes(address: string): Uint8Array {
  return parseAddress(address)?.address ?? new Uint8Array(16)
}

/** A request, what it is, and the errno that the kernel answers with. */
export type Case = readonly [name: string, errno: number, request: Request]

/** Expects these errnos one by one, and then the same of all in one batch. */
export async function expectErrnos(t: Test, session: Session, cases: readonly Case[]): Promise<void> {
  for (const [name, errno, request] of cases) t.same(await send(session, [request]), [errno], name)
  const together = await send(
    session,
    cases.map(([, , request]) => request),
  )
  t.same(
    together,
    cases.map(([, errno]) => errno),
    'the same in one batch',
  )
}
