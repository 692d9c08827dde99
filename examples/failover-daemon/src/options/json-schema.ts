/**
 * failover.schema.json: what an editor knows of the configuration. What it refuses is wrong; what it takes may still be. And
 * status.schema.json: what a snapshot is.
 */
import type { JsonSchema } from '../fields.js'
import { described, describedStatus } from './described.js'
import type { Described } from './described.js'
import { defaultText } from './rows.js'

/** The JSON Schema of the configuration: draft-07, which every editor knows. */
export function jsonSchema(): JsonSchema {
  return { ...forEditors(described()), title: 'Configuration of ipvs-failover' }
}

/** The JSON Schema of the snapshot; fields that it does not know may be there, too. */
export function statusSchema(): JsonSchema {
  return { ...forEditors(describedStatus()), title: 'Status of ipvs-failover' }
}

/** The text of failover.schema.json, or of status.schema.json. */
export const jsonSchemaText = (schema = jsonSchema()): string => `${JSON.stringify(schema, undefined, 2)}\n`

/** Keywords that are said in another way, or before the others, or say nothing here. */
const rewritten = ['readOnly', 'description', 'default', 'value', 'unit', 'otherwise', 'example', 'short']

function forEditors(field: Described): JsonSchema {
  const { description, default: value, example, short } = field
  const keywords = Object.entries(field).filter(([keyword]) => !rewritten.includes(keyword))
  const own = Object.fromEntries(keywords.map(([keyword, content]) => [keyword, nested(keyword, content)]))
  const words = valueWords(field)
  const otherwise = defaultText(field)
  const text = [
    description,
    words && `${words.charAt(0).toUpperCase()}${words.slice(1)}.`,
    otherwise && `Default: ${otherwise}.`,
  ]
    .filter(Boolean)
    .join(' ')
  return {
    ...(text === '' ? {} : { description: text }),
    ...(value === undefined ? {} : { default: value }),
    ...(example === undefined ? {} : { examples: [example] }),
    // Not JSON Schema's, but editors' own: nobody wants to read a pattern.
    ...(field.pattern === undefined ? {} : { patternErrorMessage: `Expected ${words ?? ''}` }),
    ...(short === undefined ? own : { anyOf: [...(short as readonly Described[]).map(forEditors), own] }),
  }
}

/** Schemas within a schema. */
function nested(keyword: string, content: unknown): unknown {
  if (keyword === 'items') return forEditors(content as Described)
  if (keyword === 'anyOf' || keyword === 'oneOf') return (content as readonly Described[]).map(forEditors)
  if (keyword !== 'properties') return content
  const fields = Object.entries(content as Readonly<Record<string, Described>>)
  return Object.fromEntries(fields.map(([name, field]) => [name, forEditors(field)]))
}

/** What a pattern means; words and numbers say it themselves. */
function valueWords({ value, unit, type, enum: known }: Described): string | undefined {
  if (value === undefined || type === 'integer' || known !== undefined) return undefined
  return unit === undefined ? value : `${value} (${unit})`
}
