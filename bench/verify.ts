/** What a contestant left, as /proc/net/ip_vs shows it, against what it was told. */
import type { DesiredTable } from '../lib/index.js'

/** Each row with the service that it is of, addresses and ports in hexadecimal as the kernel prints them. */
export function linesOf(shown: string): readonly string[] {
  let service = ''
  return shown
    .split('\n')
    .slice(3)
    .flatMap((line) => {
      const words = line.trim().split(/\s+/)
      if (words[0] === '') return []
      if (words[0] !== '->') {
        service = words.slice(0, 3).join(' ')
        return [service]
      }
      return [`${service} ${words.slice(0, 4).join(' ')}`]
    })
}

/** Throws unless exactly these rows stand there. */
export function verify(what: string, found: readonly string[], left: DesiredTable): void {
  const expected = left.flatMap(({ service, destinations }) => {
    const name = `TCP ${hexadecimal(service)} ${service.scheduler}`
    return [name, ...destinations.map((server) => `${name} -> ${hexadecimal(server)} Route ${server.weight ?? 1}`)]
  })
  const there = new Set(found)
  const missing = expected.filter((row) => !there.has(row))
  if (missing.length === 0 && found.length === expected.length) return
  const [first = 'none'] = missing
  throw new Error(
    `${what}: expected ${expected.length} rows, found ${found.length}; the first that is missing: ${first}`,
  )
}

function hexadecimal({
  address = '',
  port = 0,
}: {
  readonly address?: string | undefined
  readonly port?: number | undefined
}): string {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0')
  return `${address
    .split('.')
    .map((byte) => hex(Number(byte), 2))
    .join('')}:${hex(port, 4)}`
}
