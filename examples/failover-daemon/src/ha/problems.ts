/** What is wrong with `ha:` although each of its fields is right. */
import type { HostFacts, ServiceShape } from '../config-problems.js'
import type { Path, Problem } from '../document.js'
import type { HaShape } from './schema.js'

type Endpoint = NonNullable<ServiceShape['servers'][number]['address']>

/** What no field of `ha:` can be blamed for alone. `virtual`: the addresses of the services; `isShared`: there may be others later. */
export function* haProblems(ha: HaShape, virtual: ReadonlySet<string>, isShared: boolean): Generator<Problem> {
  if (isShared && ha.vips === undefined)
    yield {
      path: ['ha'],
      expected: 'vips, as services come from etcd and keepalived is told before them',
      found: 'none',
    }
  yield* addressProblems(ha, virtual, isShared)
}

/** What a service has that does not go with `ha:`. */
export function* haServiceProblems(
  ha: HaShape,
  virtual: ReadonlySet<string>,
  { path, shape }: { readonly path: Path; readonly shape: ServiceShape },
  host: Pick<HostFacts, 'backupOnly'>,
): Generator<Problem> {
  const reserved = new Map<string, string>([
    ...(host.backupOnly ? [] : ha.peers.map(({ address }) => [address, peerExpected] as const)),
    ...[...virtual, ...(ha.vips ?? []).map(({ address }) => address)].map((vip) => [vip, vipExpected] as const),
  ])
  const servers = shape.servers.map(({ address }, index) => ({ address, at: [...path, 'servers', index] }))
  const sorry = { address: shape.sorry?.address, at: [...path, 'sorry'] }
  for (const { address, at } of [...servers, sorry]) {
    if (address !== undefined) yield* serverProblems(address, at, shape, ha, reserved)
  }
}

const vipExpected = 'a real server, which no virtual address is: its packets would come back for ever'
const peerExpected =
  'a real server that is no other director, which would send its packets back (unless net.ipv4.vs.backup_only is 1)'

function* addressProblems(ha: HaShape, virtual: ReadonlySet<string>, isShared: boolean): Generator<Problem> {
  const [first] = ha.peers
  const vips = ha.vips?.map(({ address }) => address) ?? [...virtual]
  yield* repeated(ha.peers, ['ha', 'peers'], 'each peer once')
  yield* repeated(ha.vips ?? [], ['ha', 'vips'], 'each address once')
  for (const [index, { address, family }] of ha.peers.entries()) {
    const path = ['ha', 'peers', index]
    if (family !== first?.family) yield { path, expected: 'peers of one family of addresses', found: address }
    if (vips.includes(address) || virtual.has(address))
      yield { path, expected: "another director's own address, not a virtual one", found: address }
  }
  for (const [index, { address }] of (ha.vips ?? []).entries()) {
    if (!isShared && !virtual.has(address))
      yield { path: ['ha', 'vips', index], expected: 'a virtual address of a service', found: address }
  }
  // keepalived has one family for adverts and the addresses in them.
  if (first !== undefined && !vips.some((vip) => vip.includes(':') === (first.family === 'ipv6')))
    yield { path: ['ha', 'peers'], expected: 'peers of a family that one of the VIPs has', found: first.address }
}

function* repeated(addresses: readonly Endpoint[], path: Path, expected: string): Generator<Problem> {
  for (const [index, { address }] of addresses.entries()) {
    if (addresses.findIndex((other) => other.address === address) < index)
      yield { path: [...path, index], expected, found: `${address} again` }
  }
}

function* serverProblems(
  { address, family }: Endpoint,
  path: Path,
  { virtual }: ServiceShape,
  { sync }: HaShape,
  reserved: ReadonlyMap<string, string>,
): Generator<Problem> {
  const expected = reserved.get(address)
  if (expected !== undefined) yield { path, expected, found: address }
  if (sync !== undefined && family !== virtual.family)
    yield {
      path,
      expected: `an address of the service's family, or ha.sync: false: the kernel refuses a mixed tunnel where a sync daemon runs`,
      found: address,
    }
}
