/** lvs-init: the services of its ipvsadm lines, read by the library's own grammar of ipvsadm. */
import type { Destination, DestinationSpec, ServiceSpec } from 'ipvs'
import { RulesError, parseRules } from 'ipvs/ipvsadm'
import { ImportError } from './model.js'
import type { Notes, Place } from './model.js'
import { readShell } from './shell.js'
import type { ShellWord } from './shell.js'
import type { SourceText } from './source.js'

/** A service that lvs-init makes, with the servers that it adds itself. */
export interface InitService {
  readonly place: Place
  readonly service: ServiceSpec
  readonly servers: readonly { readonly place: Place; readonly host: string; readonly spec: DestinationSpec }[]
}

interface Rule {
  readonly place: Place
  readonly words: readonly ShellWord[]
}

const MAX_RULES = 500

/**
 * Names of servers are kept, not looked up. Throws ImportError where a variable has no value, or for what ipvsadm would refuse.
 */
export async function readLvsInit(
  source: SourceText,
  given: ReadonlyMap<string, string>,
  notes: Notes,
): Promise<readonly InitService[]> {
  const rules = rulesOf(source, given, notes)
  const names = new Map<string, string>()
  const texts = rules.map(({ words }) => ruleText(words, names))
  const hosts = new Map([...names].map(([name, address]) => [address, name]))
  // A service of a line, to find its place by; and the whole file, since a later line can change or delete it.
  const places = new Map<string, Place>()
  const rows = new Map<string, Place>()
  for (const [i, { place, words }] of rules.entries()) {
    const [added] = isCommand(words, '-A', '--add-service') ? await parsed(texts[i] ?? '', [place]) : []
    if (added) places.set(keyOf(added.service), place)
    rows.set((optionOf(words, SERVER_OPTIONS) ?? '').replace(/:\w*$/, ''), place)
  }
  const table = await parsed(
    texts.join('\n'),
    rules.map(({ place }) => place),
  )
  const last = rules.at(-1)?.place ?? { file: source.file, line: 1 }
  return table.map(({ service, destinations }) => {
    const place = places.get(keyOf(service)) ?? last
    return {
      place,
      service,
      servers: (destinations as readonly Destination[]).map((spec) => ({
        place: rows.get(hosts.get(spec.address) ?? spec.address) ?? place,
        host: hosts.get(spec.address) ?? spec.address,
        spec,
      })),
    }
  })
}

const SERVER_NAME = /^([A-Za-z_][\w.-]*?)(:[^:]*)?$/
const SERVER_OPTIONS = ['-r', '-R', '--real-server']

/** The lines that change the table, every word of them known. */
function rulesOf(source: SourceText, given: ReadonlyMap<string, string>, notes: Notes): readonly Rule[] {
  const rules: Rule[] = []
  for (const line of readShell(source, given)) {
    if (!('words' in line)) continue
    const at = line.words.findIndex(({ text }) => /^(.*\/)?ipvsadm$/.test(text))
    const stop = line.words.findIndex(({ text }, i) => i > at && /^([;&|]|\d?>.*)$/.test(text))
    const words = line.words.slice(at + 1, stop < 0 ? undefined : stop).flatMap(separated)
    const shown = line.words.map(({ text }) => text).join(' ')
    if (at !== 0) {
      const loop = at > 0 || /^(for|while|until|if|case|do|done|then|else|fi|esac)$/.test(line.words[0]?.text ?? '')
      const why = loop ? 'the shell decides what it does' : 'it is no command of ipvsadm'
      if (!/^(exit|true|:|\.|echo|set)$/.test(line.words[0]?.text ?? ''))
        notes.add(line.place, shown, why, loop ? 'write out what it adds' : 'keep it in a script of your own')
      continue
    }
    if (isCommand(words, '-C', '--clear') || words.length === 0) continue
    if (!/^(-[AEDaed]|--(add|edit|delete)-(service|server))$/.test(words[0]?.text ?? '')) {
      notes.add(line.place, shown, 'it makes no service and no server', 'run it at boot, by ipvs adm for instance')
      continue
    }
    const unknown = words.find(({ missing }) => missing.length > 0)
    if (unknown !== undefined) {
      const name = unknown.missing[0] ?? ''
      throw new ImportError(
        { ...line.place, column: unknown.column },
        `$${name}: expected a value, found none in the file: give it by --set ${name}=VALUE`,
      )
    }
    checkAddresses(words, line.place)
    if (rules.length === MAX_RULES)
      throw new ImportError(line.place, `file: expected at most ${MAX_RULES} rules, found more`)
    rules.push({ place: line.place, words })
  }
  return rules
}

/** `-tX`, `--tcp-service=X` -> the option and its value. */
function separated(word: ShellWord): readonly ShellWord[] {
  const [, option, value] = /^(-[turRM]|--[a-z-]+(?==))=?(.+)$/s.exec(word.text) ?? []
  return option === undefined || value === undefined
    ? [word]
    : [
        { ...word, text: option },
        { ...word, text: value },
      ]
}

const SERVICE_OPTIONS = ['-t', '-u', '--tcp-service', '--udp-service', '--sctp-service']

/** ipvsadm would look a name up, on the wire perhaps: here that of a server is kept, and any other is refused. */
function checkAddresses(words: readonly ShellWord[], place: Place): void {
  for (const [i, { text, column }] of words.entries()) {
    const option = words[i - 1]?.text ?? ''
    const isAddress = /^(\[[\da-f:.]+\]|\d[\d.]*)(:[\w-]*)?$|^[\da-f:]*:[\da-f:.]*$/i.test(text)
    const isAsked =
      SERVICE_OPTIONS.includes(option) || SERVER_OPTIONS.includes(option) || /^(-M|--netmask)$/.test(option)
    if (!isAsked || isAddress || (SERVER_OPTIONS.includes(option) && SERVER_NAME.test(text))) continue
    const found = JSON.stringify(text.slice(0, 64))
    throw new ImportError(
      { ...place, column },
      `${option}: expected an address, names are not looked up, found ${found}`,
    )
  }
}

const isCommand = (words: readonly ShellWord[], ...names: readonly string[]) => names.includes(words[0]?.text ?? '')

function optionOf(words: readonly ShellWord[], names: readonly string[]): string | undefined {
  const at = words.findIndex(({ text }) => names.includes(text))
  return at < 0 ? undefined : words[at + 1]?.text
}

/** The line as a rule; a server's name by an address that stands for it, so that nothing is looked up. */
function ruleText(words: readonly ShellWord[], names: Map<string, string>): string {
  const server = words.findIndex(({ text }) => SERVER_OPTIONS.includes(text)) + 1
  return words
    .map(({ text }, i) => {
      const named = i === server && server > 0 ? SERVER_NAME.exec(text) : null
      if (named === null) return text.replace(/\s+/g, '_')
      const [, name = '', port = ''] = named
      const address = names.get(name) ?? `198.18.${names.size >> 8}.${names.size & 255}`
      names.set(name, address)
      return address + port
    })
    .join(' ')
}

async function parsed(text: string, places: readonly Place[]) {
  try {
    return await parseRules(text)
  } catch (error) {
    if (!(error instanceof RulesError)) throw error
    const found = error.message.replace(/^line \d+: /, '').slice(0, 200)
    throw new ImportError(
      places[error.line - 1] ?? { file: '', line: 1 },
      `ipvsadm: expected a rule that it takes, found: ${found}`,
    )
  }
}

const keyOf = (service: ServiceSpec): string =>
  service.firewallMark === undefined
    ? `${service.protocol} ${service.address} ${service.port}`
    : `mark ${service.firewallMark}`
