/** Options as rows of a table in Markdown. */
import type { Described } from './described.js'

/** An option, as the cells of a row in Markdown. */
export interface Row {
  readonly option: string
  readonly value: string
  readonly unit: string
  readonly otherwise: string
  readonly meaning: string
  readonly example?: string | undefined
}

/** The options of a mapping. */
export const optionRows = (path: string, { properties = {}, required = [] }: Described): readonly Row[] =>
  Object.entries(properties).map(([name, field]) => optionRow(path, name, field, required.includes(name)))

export function optionRow(path: string, name: string, field: Described, isNeeded: boolean): Row {
  const { description = '', example, unit } = field
  return {
    option: code(path === '' ? name : `${path}.${name}`),
    value: valueText(field),
    unit: unit ?? '',
    otherwise: isNeeded ? 'needed' : defaultText(field),
    meaning: description,
    example: example === undefined ? undefined : code(written(example)),
  }
}

export const code = (text: string) => `\`${text}\``

/** The default, in words or as it would be written. */
export const defaultText = ({ default: value, otherwise }: Described): string =>
  otherwise ?? (value === undefined ? '' : code(written(value)))

/** What may stand there. */
function valueText({ short = [], ...field }: Described): string {
  return [...short.map(valueText), ownText(field)].join(', or ')
}

function ownText({ const: only, enum: known, type, properties, oneOf, anyOf, items, value }: Described): string {
  if (only !== undefined) return code(String(only))
  if (known !== undefined) return known.map(code).join(', ')
  if (type === 'boolean') return '`true`, `false`'
  if (value !== undefined) return value
  if (properties !== undefined || oneOf !== undefined) return 'a mapping'
  if (items !== undefined) return `a list of: ${valueText(items)}`
  return (anyOf ?? []).map(valueText).join(', or ')
}

/** A value as YAML has it, in one line. */
function written(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(written).join(', ')}]`
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${written(item)}`)
    return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`
  }
  // What YAML would read as something else is in quotes.
  const text = String(value)
  if (typeof value !== 'string' || /^(?!\d+$)[\w./~+^][\w./~+@:% -]*$/.test(text)) return text
  return JSON.stringify(value)
}

const titles: Row = { option: 'option', value: 'value', unit: 'unit', otherwise: 'default', meaning: 'meaning' }

/** Their table. */
export function table(rows: readonly Row[]): string {
  const lines = [titles, ...rows].map(({ option, value, unit, otherwise, meaning, example }) => {
    const text = example === undefined ? meaning : `${meaning} Example: ${example}`
    return `| ${[option, value, unit, otherwise, text].map(cell).join(' | ')} |`
  })
  return [...lines.slice(0, 1), '| --- | --- | --- | --- | --- |', ...lines.slice(1), ''].join('\n')
}

const cell = (text: string) => text.replaceAll('|', '\\|')
