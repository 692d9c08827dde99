/**
 * The part of bird's configuration that is the daemon's, and what bird says of it. Pure. Tried with Debian's bird 2.0.12:
 *
 * - A static protocol without routes announces nothing; one whose routes have changed is reconfigured in place, without a word to others.
 * - A blackhole route is up whatever the interfaces do. If bird's kernel protocol exports it, it harms nothing: the kernel looks at its local
 *   addresses, of which the virtual one is one, first.
 * - `show route protocol NAME` lists `192.0.2.100/32 blackhole [ipvs_failover4 …`; a name that bird does not know is a syntax error, 9001.
 */
import { isIP } from 'node:net'

/** The static protocols that are ours, which export filters name. */
export const protocols = { ipv4: 'ipvs_failover4', ipv6: 'ipvs_failover6' } as const
type Family = keyof typeof protocols

const isOf = (family: Family) => (address: string) => isIP(address) === (family === 'ipv4' ? 4 : 6)
const prefix = (address: string) => `${address}/${isIP(address) === 4 ? 32 : 128}`

/** The file that announces these addresses. Throws a RangeError for what is none: bird would read anything there. */
export function birdInclude(vips: readonly string[]): string {
  for (const vip of vips)
    if (isIP(vip) === 0 || !/^[\d.:a-f]+$/i.test(vip))
      throw new RangeError(`vips: expected addresses, found ${JSON.stringify(vip)}`)
  const protocol = (family: Family) =>
    [
      `protocol static ${protocols[family]} {`,
      `  ${family};`,
      ...vips.filter(isOf(family)).map((vip) => `  route ${prefix(vip)} blackhole;`),
      '}',
    ].join('\n')
  return `# Written by ipvs-failover: the virtual addresses that are announced now.\n${protocol('ipv4')}\n${protocol('ipv6')}\n`
}

/** The addresses that such a file announces, or of which bird tells that it has their routes. */
export function routesIn(text: string): ReadonlySet<string> {
  const routes = text.matchAll(/^ *(?:1007-|route )?([\d.:a-f]+)\/(32|128) /gim)
  return new Set([...routes].flatMap(([, address = '']) => (isIP(address) === 0 ? [] : [address])))
}
