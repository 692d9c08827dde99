/** The host's resolver. */
import { lookup, lookupService } from 'node:dns/promises'
import { readFile } from 'node:fs/promises'
import { parseIPv4 } from './numbers.js'

/**
 * The first IPv4 address that gethostbyname(3) would give; undefined for an unknown name. getaddrinfo(3), which Node asks, sorts
 * the addresses of a name that has several; where they are the hosts file's, their order there counts.
 */
export async function addressOf(host: string): Promise<Uint8Array | undefined> {
  if (host === '') return undefined
  try {
    const found = await lookup(host, { family: 4, all: true, verbatim: true })
    const [first] =
      found.length > 1
        ? await inOrderOfFile(
            host,
            found.map(({ address }) => address),
          )
        : found.map(({ address }) => address)
    return first === undefined ? undefined : parseIPv4(first)
  } catch {
    return undefined
  }
}

/** These addresses as the hosts file lists them for that name; those that it does not list last, as they were. */
async function inOrderOfFile(host: string, addresses: readonly string[]): Promise<readonly string[]> {
  const listed = addressesIn(await readFile('/etc/hosts', 'latin1').catch(() => ''), host)
  return [...listed.filter((address) => addresses.includes(address)), ...addresses]
}

/** The addresses of a name in the text of a hosts file, in order. */
export function addressesIn(text: string, host: string): readonly string[] {
  return text.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    return names.some((name) => name.toLowerCase() === host.toLowerCase()) ? [address] : []
  })
}

/** The name of an address, by gethostbyaddr(3); undefined where it has none. */
export async function hostOf(address: string): Promise<string | undefined> {
  try {
    return (await lookupService(address, 0)).hostname
  } catch {
    return undefined
  }
}
