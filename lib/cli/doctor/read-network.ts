/** The network of a namespace, from its files. */
import { parseDevices, parseFibTrie, parseForwarding, parseInet6, parseRoutes, parseRoutes6 } from './parse.js'
import { settingNames, type NetworkFacts, type NetworkInterface, type Settings } from './facts.js'
import type { Host } from './host.js'

/** undefined without these files. `elsewhere` is the folder of a thread in another namespace than the process's own. */
export async function readNetwork(host: Host, elsewhere?: string): Promise<NetworkFacts | undefined> {
  const folder = elsewhere ?? '/proc/self/net'
  const [trie, routes = '', routes6 = '', addresses6 = '', snmp = ''] = await Promise.all(
    ['fib_trie', 'route', 'ipv6_route', 'if_inet6', 'snmp'].map((name) => host.read(`${folder}/${name}`)),
  )
  if (trie === undefined) return undefined
  const common = {
    routes: [...parseFibTrie(trie), ...parseRoutes(routes), ...parseRoutes6(routes6)],
    addresses: parseInet6(addresses6),
    forwarding: withoutUnknown({ ipv4: parseForwarding(snmp) }),
  }
  if (elsewhere !== undefined) return { ...common, all: {} }
  const forwarding6 = await host.read('/proc/sys/net/ipv6/conf/all/forwarding')
  return {
    ...common,
    addresses: [...host.addresses().filter(({ address }) => !address.includes(':')), ...common.addresses],
    forwarding: { ...common.forwarding, ...(forwarding6 !== undefined && { ipv6: forwarding6.trim() !== '0' }) },
    interfaces: await readInterfaces(host, folder),
    all: await readSettings(host, 'all'),
  }
}

async function readInterfaces(host: Host, folder: string): Promise<readonly NetworkInterface[]> {
  const names = parseDevices((await host.read(`${folder}/dev`)) ?? '')
  return Promise.all(
    names.map(async (name) => {
      const [flags, type, files, settings] = await Promise.all([
        host.read(`/sys/class/net/${name}/flags`),
        host.read(`/sys/class/net/${name}/type`),
        host.list(`/sys/class/net/${name}`),
        readSettings(host, name),
      ])
      const isPort = files.includes('master')
      return { name, flags: numberOf(flags), type: numberOf(type), isPort, settings }
    }),
  )
}

async function readSettings(host: Host, device: string): Promise<Settings> {
  const values = await Promise.all(
    settingNames.map(
      async (name) => [name, numberOf(await host.read(`/proc/sys/net/ipv4/conf/${device}/${name}`))] as const,
    ),
  )
  return withoutUnknown(Object.fromEntries(values))
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Number(text)
}

function withoutUnknown<T>(values: Readonly<Record<string, T | undefined>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(values).filter((entry): entry is [string, T] => entry[1] !== undefined))
}
