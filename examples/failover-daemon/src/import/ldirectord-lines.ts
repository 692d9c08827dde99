/** ldirectord.cf: options of the whole file, and of each virtual, told apart by their indentation as ldirectord does. */
import { ImportError } from './model.js'
import type { Place } from './model.js'
import type { SourceText } from './source.js'

export interface Option {
  readonly place: Place
  readonly name: string
  /** As it stands behind the `=`, quotes and all. */
  readonly value: string
}

export interface Section {
  readonly place: Place
  /** Behind `virtual=`. */
  readonly value: string
  readonly isIPv6: boolean
  readonly options: readonly Option[]
}

export interface LdirectordFile {
  readonly globals: readonly Option[]
  readonly sections: readonly Section[]
}

const GLOBALS =
  /^(checktimeout|negotiatetimeout|checkinterval|checkcount|failurecount|fallback6?|fallbackcommand|autoreload|callback|logfile|execute|fork|supervised|quiescent|readdquiescent|emailalert|emailalertfreq|emailalertstatus|emailalertfrom|cleanstop|smtp|maintenancedir)$/
const OPTIONS =
  /^(real6?|request|receive|checktype|checkcommand|checktimeout|negotiatetimeout|checkcount|failurecount|checkinterval|checkport|login|passwd|database|secret|load|scheduler|persistent|schedflags|netmask|protocol|ops|service|httpmethod|virtualhost|fallback6?|fallbackcommand|quiescent|emailalert|emailalertfreq|emailalertstatus|monitorfile|cleanstop|smtp|servicename|comment)$/

/** Throws ImportError for what ldirectord would refuse. */
export function readSections({ file, text }: SourceText): LdirectordFile {
  const globals: Option[] = []
  const sections: (Section & { readonly options: Option[] })[] = []
  let current: (Section & { readonly options: Option[] }) | undefined
  for (const [i, raw] of text.split('\n').entries()) {
    const place = { file, line: i + 1 }
    if (/^\s*#/.test(raw)) continue
    const indented = current && /^ {4,}(\S.*)$/s.exec(raw.replace(/#.*/s, '').replaceAll('\t', '    '))
    if (current && indented) {
      const option = optionOf(indented[1] ?? '', place)
      if (option === undefined || !OPTIONS.test(option.name))
        throw refused(place, indented[1] ?? '', 'an option of a virtual')
      if (/^(real|fallback)6?$/.test(option.name) && option.name.endsWith('6') !== current.isIPv6)
        throw refused(place, option.name, current.isIPv6 ? `${option.name}6` : option.name.replace('6', ''))
      current.options.push(option)
      continue
    }
    // Whatever is not indented ends a section, a blank line too.
    current = undefined
    if (raw.trim() === '') continue
    const [, six, value = ''] = /^virtual(6)?\s*=\s*(.*?)\s*$/.exec(raw) ?? []
    if (/^virtual6?\s*=/.test(raw)) {
      current = { place, value: value.replace(/\s*#.*$/, ''), isIPv6: six !== undefined, options: [] }
      sections.push(current)
      continue
    }
    if (/^supervised\s*$/.test(raw)) continue
    const option = /^\s/.test(raw) ? undefined : optionOf(raw, place)
    if (option === undefined || !GLOBALS.test(option.name))
      throw refused(
        place,
        raw.trim(),
        'virtual = ADDRESS:PORT or a global option, or four blanks before an option of a virtual',
      )
    globals.push(option)
  }
  if (sections.length === 0) throw new ImportError({ file, line: 1 }, 'ldirectord.cf: expected a virtual, found none')
  return { globals, sections }
}

function optionOf(text: string, place: Place): Option | undefined {
  const match = /^(\w+)\s*=\s*(.*?)\s*$/s.exec(text)
  return match ? { place, name: match[1] ?? '', value: match[2] ?? '' } : undefined
}

const refused = (place: Place, found: string, expected: string) =>
  new ImportError(
    place,
    `ldirectord.cf: expected ${expected}, found ${JSON.stringify(found.slice(0, 64).replace(/=.*/, '= …'))}`,
  )

/** Without the quotes around it. */
export const unquoted = (value: string): string => /^"(.*)"/.exec(value)?.[1] ?? value

/** Options by their names: a later one counts. Those of a virtual win over those of the file. */
export class Options {
  readonly #own: ReadonlyMap<string, Option>
  readonly #globals: ReadonlyMap<string, Option>
  constructor(section: Section, globals: readonly Option[]) {
    this.#own = new Map(section.options.map((option) => [option.name, option]))
    this.#globals = new Map(globals.map((option) => [option.name, option]))
  }

  own(name: string): Option | undefined {
    return this.#own.get(name)
  }

  get(name: string): Option | undefined {
    return this.#own.get(name) ?? this.#globals.get(name)
  }

  text(name: string): string | undefined {
    const found = this.get(name)
    return found && unquoted(found.value)
  }

  /** A positive whole number, or undefined. Throws ImportError for what is none. */
  number(name: string): number | undefined {
    const found = this.get(name)
    if (found === undefined) return undefined
    const digits = /\d{1,9}/.exec(found.value)?.[0]
    if (digits === undefined) throw refused(found.place, `${name} = …`, `a number for ${name}`)
    return Number(digits)
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.get(name)?.value
    return value === undefined ? otherwise : value === 'yes'
  }
}
