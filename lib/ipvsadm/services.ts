/** /etc/services */
import { readFile } from 'node:fs/promises'

export interface ServiceEntry {
  /** The official one first. */
  readonly names: readonly string[]
  readonly port: number
  readonly protocol: string
}

let read: Promise<readonly ServiceEntry[]> | undefined

/** All entries in order; none where there is no such file. */
export function entries(): Promise<readonly ServiceEntry[]> {
  read ??= readFile('/etc/services', 'latin1').then(parseServices, () => [])
  return read
}

/** `http 80/tcp www # comment` */
export function parseServices(text: string): readonly ServiceEntry[] {
  return text.split('\n').flatMap((line) => {
    const [name, where = '', ...aliases] = line.replace(/#.*/, '').trim().split(/\s+/)
    const [, port, protocol] = /^([0-9]{1,5})\/(.+)$/.exec(where) ?? []
    if (name === undefined || port === undefined || protocol === undefined) return []
    return [{ names: [name, ...aliases], port: Number(port), protocol }]
  })
}
