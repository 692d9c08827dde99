/** Which interfaces answer for addresses, and by which rules. */
import type { NetworkFacts, NetworkInterface, Settings } from './facts.js'

const IFF_UP = 0x1
const IFF_LOOPBACK = 0x8
const IFF_NOARP = 0x80

export function isUp({ flags }: NetworkInterface): boolean {
  return flags === undefined || (flags & IFF_UP) !== 0
}

/** Whether neighbours can ask it for addresses: lo, dummies and tunnels hear no questions. Its flags may be hidden. */
export function answers({ name, flags, isPort }: NetworkInterface): boolean {
  if (isPort || name === 'lo') return false
  return flags === undefined || ((flags & IFF_UP) !== 0 && (flags & (IFF_LOOPBACK | IFF_NOARP)) === 0)
}

/** As answers(), by name; of another namespace only lo is known. */
export function isQuiet({ interfaces = [] }: NetworkFacts, device: string): boolean {
  const found = interfaces.find(({ name }) => name === device)
  return found ? !answers(found) : device === 'lo'
}

/** What holds for an interface: the kernel takes the larger of its own value and that of all. */
export function effective({ all }: NetworkFacts, { settings }: NetworkInterface, name: keyof Settings): number {
  return Math.max(all[name] ?? 0, settings[name] ?? 0)
}

/** `sysctl -w` of net.ipv4.conf.*: in its words a dot of an interface's name is a slash. */
export function setConf(devices: readonly string[], name: keyof Settings, value: number): string {
  return `sysctl -w ${devices.map((device) => `net.ipv4.conf.${device.replaceAll('.', '/')}.${name}=${value}`).join(' ')}`
}
