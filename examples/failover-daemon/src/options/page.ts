/** docs/options.md: every option of the configuration, from the schema that reads it. */
import { checkSections } from './check-types.js'
import { described } from './described.js'
import type { Described } from './described.js'
import { optionRows, table } from './rows.js'

const introduction = `# Options of the configuration

Every option by its path: \`services[].check.interval\` is \`interval\` in \`check\` of each item of \`services\`. What is needed has no
default. Times have a unit: \`200ms\`, \`2s\`, \`1.5m\`, \`24h\`. Made from the schema that reads the file; editors that know
yaml-language-server show the same with \`# yaml-language-server: $schema=…/failover.schema.json\` as its first line.
`

/** The page. */
export function optionsPage(): string {
  const sections = mappings(described(), '').map(({ path, field }) =>
    field.oneOf?.some(({ properties }) => properties !== undefined)
      ? checkSections(path, field)
      : `## ${path === '' ? 'The file' : code(path)}\n\n${table(optionRows(path, field))}`,
  )
  return [introduction, ...sections].join('\n')
}

const code = (text: string) => `\`${text}\``

interface Mapping {
  readonly path: string
  readonly field: Described
}

/** The mappings of a field, each once, in the order of the file: those of the types of a check mostly have the same. */
function mappings(field: Described, path: string): readonly Mapping[] {
  const all = nested(field, path)
  const keys = all.map(({ path, field }) => JSON.stringify([path, field.properties, field.oneOf]))
  return all.filter((_, index) => keys.indexOf(keys[index] ?? '') === index)
}

function nested(field: Described, path: string): readonly Mapping[] {
  const { properties = {}, items, anyOf = [], oneOf = [] } = field
  const isMapping = [field, ...oneOf].some(({ properties }) => properties !== undefined)
  return [
    ...(isMapping ? [{ path, field }] : []),
    ...Object.entries(properties).flatMap(([name, inner]) => nested(inner, path === '' ? name : `${path}.${name}`)),
    ...(items === undefined ? [] : nested(items, `${path}[]`)),
    ...anyOf.flatMap((inner) => nested(inner, path)),
    ...oneOf.flatMap(({ properties = {} }) => nested({ properties }, path).slice(1)),
  ]
}
