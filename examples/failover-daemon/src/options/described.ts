/** Schemas as data: from them come pages for people, and JSON Schemas for editors and programs. */
import * as z from 'zod'
import type { Notes } from '../fields.js'
import { WholeFile } from '../schema.js'
import { Status } from '../status-schema.js'

/** A field in JSON Schema, with the notes of fields.ts among its keywords. */
export interface Described extends Notes {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly format?: string
  readonly pattern?: string
  readonly const?: string | number
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
  readonly items?: Described
  readonly anyOf?: readonly Described[]
  readonly oneOf?: readonly Described[]
}

const dataOf = (schema: z.ZodType) => z.toJSONSchema(schema, { target: 'draft-07', io: 'input' }) as Described

/** The whole file, as it is written. */
export const described = (): Described => dataOf(WholeFile)

/** The snapshot. */
export const describedStatus = (): Described => dataOf(Status)
