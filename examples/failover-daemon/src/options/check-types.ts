/** The section of checks: what is common to most types in one table, the rest by type. */
import type { Described } from './described.js'
import { code, defaultText, optionRow, optionRows, table } from './rows.js'
import type { Row } from './rows.js'

interface CheckType {
  readonly name: string
  readonly description: string
  readonly fields: Readonly<Record<string, Described>>
  readonly required: readonly string[]
}

/** The sections of the checks at `path`. */
export function checkSections(path: string, { oneOf = [] }: Described): string {
  const types = oneOf.map(({ properties: { type, ...fields } = {}, required = [] }): CheckType => {
    return { name: String(type?.const ?? ''), description: type?.description ?? '', fields, required }
  })
  const names = [...new Set(types.flatMap(({ fields }) => Object.keys(fields)))]
  const isCommon = (name: string) => types.filter(({ fields }) => name in fields).length > types.length / 2
  const common = names.filter(isCommon)
  const typeRow: Row = {
    option: code(`${path}.type`),
    value: types.map(({ name }) => code(name)).join(', '),
    unit: '',
    otherwise: 'needed',
    meaning: 'How it is checked: each type has options of its own, below.',
  }
  return [
    `## ${code(path)}\n`,
    table([typeRow, ...common.map((name) => commonRow(path, name, types))]),
    ...types.map(({ name, description, fields, required }) => {
      const own = Object.entries(fields).filter(([field]) => !common.includes(field))
      const rows = optionRows(path, { properties: Object.fromEntries(own), required })
      const options = rows.length === 0 ? 'It has no options of its own.\n' : table(rows)
      return `### ${code(`type: ${name}`)}\n\n${description}\n\n${options}`
    }),
  ].join('\n')
}

/** An option of most types, with what is different in some. */
function commonRow(path: string, name: string, types: readonly CheckType[]): Row {
  const withDefault = new Map<string, string[]>()
  for (const type of types) {
    const field = type.fields[name]
    if (field !== undefined)
      withDefault.set(defaultText(field), [...(withDefault.get(defaultText(field)) ?? []), type.name])
  }
  const [[usual] = [''], ...others] = [...withDefault].sort(([, a], [, b]) => b.length - a.length)
  const field = types.map(({ fields }) => fields[name]).find((field) => field && defaultText(field) === usual) ?? {}
  const without = types.filter(({ fields }) => !(name in fields)).map((type) => type.name)
  const row = optionRow(path, name, field, false)
  return {
    ...row,
    otherwise: [usual, ...others.map(([text, names]) => `${names.join(', ')}: ${text}`)].join('; '),
    meaning: without.length === 0 ? row.meaning : `${row.meaning} Not with ${without.join(', ')}.`,
  }
}
