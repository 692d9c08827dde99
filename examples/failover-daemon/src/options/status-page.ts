/** docs/status.md: every field of the snapshot, from its schema. */
import { describedStatus } from './described.js'
import type { Described } from './described.js'
import { code } from './rows.js'

const introduction = `# The snapshot

What \`ipvs-failover status --json\` prints, and with \`--watch\` a line of it again and again; the daemon's page and its metrics are made
of the same. Every field by its path: \`services[].servers[].state\` is \`state\` of each item of \`servers\` of each item of \`services\`.
Names and meaning stay; fields may be added, so ignore those that you do not know. \`status.schema.json\` says the same as JSON Schema.

\`\`\`sh
# Services below their quorum.
ipvs-failover status --json | jq -r '.services[] | select(.short) | .service'
# Servers that are out because of their checks, and why.
ipvs-failover status --json | jq -r '.services[].servers[] | select(.state == "failed" or .state == "offline") | [.server, .reason] | @tsv'
\`\`\`
`

/** The page. */
export function statusPage(): string {
  const sections = records(describedStatus(), '').map(({ path, field }) => {
    const { properties = {}, required = [] } = field
    const rows = Object.entries(properties).map(([name, inner]) => rowOf(path, name, inner, required.includes(name)))
    return `## ${path === '' ? 'The document' : code(path)}\n\n${table(rows)}`
  })
  return [introduction, ...sections].join('\n')
}

interface Place {
  readonly path: string
  readonly field: Described
}

/** The record at this path, and all within it. */
function records(field: Described, path: string): readonly Place[] {
  const { properties, items } = field
  if (items !== undefined) return records(items, `${path}[]`)
  if (properties === undefined) return []
  const inner = Object.entries(properties).flatMap(([name, field]) => records(field, joined(path, name)))
  return [{ path, field }, ...inner]
}

const joined = (path: string, name: string) => (path === '' ? name : `${path}.${name}`)

function rowOf(path: string, name: string, field: Described, isAlways: boolean): readonly string[] {
  const { description = '', example } = field
  const shown = example === undefined ? '' : ` Example: ${code(JSON.stringify(example))}`
  return [code(joined(path, name)), kindOf(field), isAlways ? 'always' : 'may be missing', `${description}${shown}`]
}

/** What stands there. */
function kindOf({ const: only, enum: known, type = '', format, items, properties }: Described): string {
  if (only !== undefined) return code(String(only))
  if (known !== undefined) return known.map(code).join(', ')
  if (items !== undefined) return `list of ${items.properties === undefined ? `${kindOf(items)}s` : 'records'}`
  if (properties !== undefined) return 'record'
  if (format === 'date-time') return 'time, ISO 8601'
  return { string: 'text', integer: 'whole number', boolean: '`true`, `false`' }[type] ?? type
}

function table(rows: readonly (readonly string[])[]): string {
  const lines = [['field', 'value', 'there', 'meaning'], ['---', '---', '---', '---'], ...rows]
  return lines.map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`).join('')
}
