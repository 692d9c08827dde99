/** The script that makes a host a real server: it has the virtual addresses, and is silent about them. */
import { isIPv4 } from 'node:net'
import type { Config } from './config.js'

/**
 * A POSIX shell script for a real server of these services, that may run any number of times; with `--remove` it takes the
 * addresses away again. It is about services with direct and tunnel forwarding; masquerading needs nothing of the kind.
 */
export function realServerScript({ services }: Pick<Config, 'services'>): string {
  const reached = services.filter(({ servers }) => servers.some(({ forwarding }) => forwarding !== 'masquerade'))
  const addresses = [...new Set(reached.map(({ spec }) => spec.address))]
  const v4 = addresses.filter((address) => isIPv4(address))
  const v6 = addresses.filter((address) => !isIPv4(address))
  const tunnelled = reached
    .flatMap(({ servers }) => servers)
    .filter(({ forwarding }) => forwarding === 'tunnel')
    .map(({ address }) => (isIPv4(address) ? 'tunl0' : 'ip6tnl0'))
  const tunnels = [...new Set(tunnelled)].sort()
  return `#!/bin/sh
# Run as root on a real server. Without arguments: sets it up, any number of times. --remove: takes its virtual addresses away.
set -eu

case "\${1-}" in
'') mode=add ;;
--remove) mode=remove ;;
*)
  echo "usage: $0 [--remove]" >&2
  exit 2
  ;;
esac

set_sysctl() {
  if [ -w "/proc/sys/net/$1" ]; then echo "$2" >"/proc/sys/net/$1"; fi
}

if [ "$mode" = add ]; then
  # Before the addresses: nobody is to hear that they are here. The director alone answers for them.
  set_sysctl ipv4/conf/all/arp_ignore 1
  set_sysctl ipv4/conf/all/arp_announce 2
  set_sysctl ipv4/conf/lo/arp_ignore 1
  set_sysctl ipv4/conf/lo/arp_announce 2
  ip link set dev lo up
${[...v4, ...v6].map((address) => `  ip address replace ${vip(address)} dev lo${isIPv4(address) ? '' : ' nodad'}\n`).join('')}${tunnels.map(tunnelUp).join('')}else
${[...v4, ...v6].map((address) => `  ip address delete ${vip(address)} dev lo 2>/dev/null || true\n`).join('')}${tunnels.map((device) => `  ip link set dev ${device} down 2>/dev/null || true\n`).join('')}  set_sysctl ipv4/conf/all/arp_ignore 0
  set_sysctl ipv4/conf/all/arp_announce 0
  set_sysctl ipv4/conf/lo/arp_ignore 0
  set_sysctl ipv4/conf/lo/arp_announce 0
fi
`
}

const vip = (address: string): string => `${address}/${isIPv4(address) ? 32 : 128}`

/** The device is there once its module is. What comes out of a tunnel has a source that no route leads to by that device. */
function tunnelUp(device: string): string {
  const module = device === 'tunl0' ? 'ipip' : 'ip6_tunnel'
  const filter = ['all', device].map((name) => `  set_sysctl ipv4/conf/${name}/rp_filter 0\n`).join('')
  return `  ip link show dev ${device} >/dev/null 2>&1 || modprobe ${module}
  ip link set dev ${device} up
${filter}`
}
