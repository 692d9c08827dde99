/** The configuration's schema as data: from it come the page of options and the JSON Schema for editors. */
import * as z from 'zod'
import type { Notes } from '../fields.js'
import { WholeFile } from '../schema.js'

/** A field in JSON Schema, with the notes of fields.ts among its keywords. */
export interface Described extends Notes {
  readonly description?: string
  readonly default?: unknown
  readonly type?: string
  readonly pattern?: string
  readonly const?: string
  readonly enum?: readonly string[]
  readonly properties?: Readonly<Record<string, Described>>
  readonly required?: readonly string[]
  readonly items?: Described
  readonly anyOf?: readonly Described[]
  readonly oneOf?: readonly Described[]
}

/** The whole file, as it is written. */
export const described = (): Described => z.toJSONSchema(WholeFile, { target: 'draft-07', io: 'input' }) as Described
