/**
 * etcd's JSON gateway (/v3/…): int64 are strings, keys and values are base64, and what has its default value is left out. Pure.
 */
import * as z from 'zod'

const int64 = () => z.string().regex(/^-?\d{1,19}$/)

/** Texts under a prefix, as they were at one revision. */
export interface Snapshot {
  readonly revision: string
  /** In the order of the keys. */
  readonly entries: readonly Entry[]
}

export interface Entry {
  readonly key: string
  readonly value: string
}

export const Range = z.object({
  header: z.object({ revision: int64() }),
  kvs: z.array(z.object({ key: z.string(), value: z.string().default('') })).default([]),
})
export const Granted = z.object({ ID: int64() })
/** A lease that is no more has no TTL. */
export const KeptAlive = z.object({ result: z.object({ TTL: int64().optional() }) })
export const Authenticated = z.object({ token: z.string().min(1) })
export const Anything = z.object({})

/** A line of a watch. One that has been compacted away is canceled with `compact_revision`. */
export const Watched = z.object({
  result: z.object({
    created: z.boolean().default(false),
    canceled: z.boolean().default(false),
    cancel_reason: z.string().default(''),
    compact_revision: int64().default('0'),
    events: z.array(z.unknown()).default([]),
  }),
})

/** A refusal: the code is gRPC's. */
export const Refused = z.object({ message: z.string(), code: z.int() })

export const base64 = (text: string): string => Buffer.from(text).toString('base64')
const textOf = (base64: string): string => Buffer.from(base64, 'base64').toString('utf8')

/** All keys that begin so: the range ends before the next key that does not. No prefix here ends in 0xff. */
export function prefixRange(prefix: string): { readonly key: string; readonly range_end: string } {
  const end = Buffer.from(prefix)
  end.writeUInt8(end.readUInt8(end.length - 1) + 1, end.length - 1)
  return { key: base64(prefix), range_end: end.toString('base64') }
}

export const snapshotOf = ({ header, kvs }: z.output<typeof Range>): Snapshot => ({
  revision: header.revision,
  entries: kvs
    .map(({ key, value }) => ({ key: textOf(key), value: textOf(value) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1)),
})

export const nextRevision = (revision: string): string => String(BigInt(revision) + 1n)
