/** What may stand at the cursor by what there is now. */
import { readdir } from 'node:fs/promises'
import { readTable, settingsWords } from '../list.js'
import { endpointWord, parseService, serviceWord } from '../words.js'
import type { Io } from '../command.js'
import type { Service } from '../../types.js'
import type { Candidate, Wanted } from './wanted.js'

export type Live = Extract<Wanted, { readonly from: 'namespaces' | 'services' | 'servers' }>

/** `current` is what stands of the word so far. */
export async function lookUp(wanted: Live, current: string, io: Io): Promise<readonly Candidate[]> {
  if (wanted.from === 'namespaces') return (await readdir('/run/netns')).sort().map((word) => ({ word }))
  const ipvs = await io.open(wanted.namespace)
  try {
    if (wanted.from === 'services') {
      // TCP needs no word for it: who begins with the address goes on so.
      const { kind = /^[0-9[]/.test(current) ? 'tcp/' : '' } = wanted
      return (await ipvs.services({ signal: io.signal })).flatMap((service) => candidateFor(service, kind))
    }
    const [entry] = await readTable(ipvs, parseService(wanted.of), io.signal)
    return (entry?.destinations ?? []).map((server) => ({
      word: endpointWord(server),
      help: `${server.forwarding}, weight ${server.weight}`,
    }))
  } finally {
    await ipvs.close()
  }
}

function candidateFor(service: Service, kind: string): readonly Candidate[] {
  const word = serviceWord(service)
  return word.startsWith(kind) ? [{ word: word.slice(kind.length), help: settingsWords(service).join(', ') }] : []
}
