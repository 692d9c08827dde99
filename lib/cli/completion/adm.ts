/** What may stand at the cursor after `ipvs adm`: ipvsadm's words. */
import { commandWords, legalOptions, legalTunnelOptions, optionWords } from '../../ipvsadm/options.js'
import { schedulers } from '../../types.js'
import { nothing, wordsWanted, type Wanted } from './wanted.js'
import type { OptionName, OptionWord } from '../../ipvsadm/options.js'

/** What names a virtual service, by the words that other commands have for it. */
const serviceKinds: Readonly<Record<string, string>> = {
  'tcp-service': 'tcp/',
  'udp-service': 'udp/',
  'sctp-service': 'sctp/',
  'fwmark-service': 'mark/',
}

/** Options that messages call by another name. */
const longNames: Readonly<Partial<Record<OptionName, readonly string[]>>> = {
  'service-address': [...Object.keys(serviceKinds), 'ipv6'],
  'forwarding-method': ['gatewaying', 'ipip', 'masquerading'],
  nosort: ['sort', 'nosort'],
}

/** `words` stand after `adm`; the last is the one at the cursor. */
export function wantedOfAdm(words: readonly string[]): Wanted {
  const before = words.slice(0, -1)
  const current = words.at(-1) ?? ''
  const last = before.at(-1)
  const taking = last === undefined ? undefined : wordFor<OptionWord>(last, [...commandWords, ...optionWords])
  if (taking?.takes !== undefined && !current.startsWith('-')) return valueWanted(taking.long, before)
  // Commands are given first.
  if (before.length === 0) return wordsWanted([...new Set(commandWords.map(({ long }) => `--${long}`))])
  const command = wordFor(before[0] ?? '', commandWords)
  if (!command || (current !== '' && !current.startsWith('-'))) return nothing
  const { needs = [], takes = [], takesOneOf = [] } = legalOptions[command.long]
  const names = [...needs, ...takes, ...takesOneOf].flatMap((name) => longNames[name] ?? [name])
  return wordsWanted(names.map((name) => `--${name}`).filter((word) => !before.includes(word)))
}

/** `--list`, `-L`, and by the first letter `-Ln`. */
function wordFor<W extends OptionWord>(word: string, words: readonly W[]): W | undefined {
  if (word.startsWith('--')) return words.find(({ long }) => word === `--${long}`)
  return word.startsWith('-') ? words.find(({ short }) => short !== undefined && word[1] === short) : undefined
}

function valueWanted(option: string, before: readonly string[]): Wanted {
  const kind = serviceKinds[option]
  if (kind !== undefined) return { from: 'services', kind }
  switch (option) {
    case 'real-server':
      return serverWanted(before)
    case 'scheduler':
      return wordsWanted(schedulers)
    case 'tun-type':
      return wordsWanted(Object.keys(legalTunnelOptions))
    case 'start-daemon':
    case 'stop-daemon':
      return wordsWanted(['master', 'backup'])
    default:
      return nothing
  }
}

/** Of the service that stands before it. */
function serverWanted(before: readonly string[]): Wanted {
  for (const [i, word] of before.entries()) {
    const option = wordFor(word, optionWords)
    const kind = option && serviceKinds[option.long]
    if (kind !== undefined) return { from: 'servers', of: `${kind}${before[i + 1]}` }
  }
  return nothing
}
