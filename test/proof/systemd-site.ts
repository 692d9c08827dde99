/** The site where the unit is tried: its configuration, its drop-in, and the programs that the daemon runs for it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Ipvs } from '../../lib/index.js'
import type { Host, Lan } from '../../rig/lan.js'
import { script } from './systemd-host.js'

export const unit = 'ipvs-failover.service'
export const configFile = '/etc/ipvs-failover/failover.yaml'
/** While it exists, the monitor fails. */
export const failFile = '/etc/ipvs-failover/fail'
/** Where the programs write what they found. */
export const stateFolder = '/var/lib/ipvs-failover'
/** The group of the operators. */
export const operators = 950
const programFolder = '/usr/local/lib/checks'
const packageFolder = '/usr/local/lib/ipvs'

/** Four services, each checked by another kind of check: what the sandbox has to let through. Intervals are an emulated machine's. */
export function configuration(lan: Lan): string {
  const vip = lan.direct.vip.ipv4
  const [first, second] = lan.reals as [Host, Host]
  const service = (port: number, servers: readonly Host[], check: string) => `
  - virtual: ${vip}:${port}
    scheduler: rr
    forwarding: direct
    servers: [${servers.map(({ ipv4 }) => ipv4).join(', ')}]
    check: { ${check} }`
  // Python takes an emulated, busy machine ten seconds.
  const patient = 'interval: 60s, fastInterval: 30s, timeout: 29s, tripwire: false, rise: 1'
  const prompt = 'interval: 20s, fastInterval: 15s, timeout: 14s, tripwire: false, rise: 1, fall: 1'
  return `reconcile: 1s
nodeStates: /cluster/online
alerts:
  - exec: { command: ${programFolder}/alert, args: [root] }
services:${service(80, [first, second], 'type: tcp, interval: 5s, timeout: 4s')}${service(
    81,
    [first],
    `type: script, command: [${programFolder}/probe, '{address}'], ${patient}`,
  )}${service(82, [first], `type: mon, monitor: probe.monitor, directories: [${programFolder}], ${prompt}`)}${service(
    83,
    [second],
    'type: icmp, interval: 5s, timeout: 4s',
  )}
`
}

/** Writes what the configuration asks for, as another program may have. */
export async function fillTable(ipvs: Ipvs, lan: Lan): Promise<void> {
  const [first, second] = lan.reals as [Host, Host]
  for (const [port, hosts] of [
    [80, [first, second]],
    [81, [first]],
    [82, [first]],
    [83, [second]],
  ] as const) {
    const service = { protocol: 'tcp', address: lan.direct.vip.ipv4, port } as const
    await ipvs.addService({ ...service, scheduler: 'rr' })
    for (const { ipv4 } of hosts)
      await ipvs.addDestination(service, { address: ipv4, port, forwarding: 'direct', weight: 1 })
  }
}

/** The table without its counters, which go on. */
export async function configured(ipvs: Ipvs): Promise<readonly object[]> {
  return (await ipvs.table()).map(({ service: { stats: _, ...service }, destinations }) => ({
    service,
    destinations: destinations.map(({ address, port, forwarding, weight }) => ({ address, port, forwarding, weight })),
  }))
}

/** As the README has it, and time to start for a busy emulated machine. */
const dropIn = (director: Host) => `[Service]
TimeoutStartSec=10min
Group=lvs
ReadWritePaths=/cluster/online
NetworkNamespacePath=/run/netns/${director.namespace}
`

/** A script check that tells what the sandbox lets a program do. */
const probe = `#!/usr/bin/python3
import ctypes, errno, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
def attempt(action):
    try:
        action()
        return 'done'
    except OSError as error:
        return errno.errorcode[error.errno]
def call(name, *args):
    def action():
        if getattr(libc, name)(*args) == -1: raise OSError(ctypes.get_errno(), name)
    return attempt(action)
status = dict(line.split(':\\t', 1) for line in open('/proc/self/status').read().splitlines() if ':\\t' in line)
found = {
    'capabilities': [status[name] for name in ('CapInh', 'CapPrm', 'CapEff', 'CapAmb')],
    'noNewPrivileges': status['NoNewPrivs'], 'seccomp': status['Seccomp'], 'root': os.getuid() == 0,
    'packet socket': attempt(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM)),
    'vsock socket': attempt(lambda: socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)),
    'netlink socket': attempt(lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 16)),
    'raw socket': attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)),
    'user namespace': call('unshare', 0x10000000), 'ptrace': call('ptrace', 0, 0, 0, 0), 'personality': call('personality', 0x40000),
    'write /etc': attempt(lambda: open('/etc/made', 'w')), 'write /usr': attempt(lambda: open('/usr/made', 'w')),
    'write /cluster': attempt(lambda: open('/cluster/made', 'w')), 'write /proc/sys': attempt(lambda: open('/proc/sys/kernel/hostname', 'w')),
    'write state': attempt(lambda: open('${stateFolder}/made', 'w')), 'write /tmp': attempt(lambda: open('/tmp/made', 'w')),
    'setuid': attempt(lambda: os.chmod('/tmp/made', 0o4755)), '/tmp': os.listdir('/tmp'),
    'home': attempt(lambda: os.listdir('/root')), '/proc/1': attempt(lambda: os.listdir('/proc/1')),
    'other': sorted({os.stat('/proc/' + name).st_uid == os.getuid() for name in os.listdir('/proc') if name.isdigit()}),
    '/dev/kmsg': attempt(lambda: os.stat('/dev/kmsg')), '/dev/null': attempt(lambda: open('/dev/null', 'w')),
}
with open('${stateFolder}/probe.new', 'w') as file: json.dump(found, file)
os.rename('${stateFolder}/probe.new', '${stateFolder}/probe')
`
/** In a monitor's or an alert's words, to a file of that name. */
const tell = (name: string, lines: string) => `{ ${lines}
  grep -E '^(Uid|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs)' /proc/self/status; } >${stateFolder}/${name}.new
mv ${stateFolder}/${name}.new ${stateFolder}/${name}
`
const programs = {
  probe,
  'probe.monitor': `#!/bin/sh
${tell('monitor', 'echo "$@"')}if [ -e ${failFile} ]; then echo "$1"; exit 1; fi
`,
  alert: `#!/bin/sh
${tell('alert.$4.$MON_ALERTTYPE', 'echo "$@"; cat;')}`,
}

/** Installs package, unit and site as the README says: the package where npm has it, neither below /root nor below /tmp. */
export async function install(root: string, lan: Lan, director: Host): Promise<void> {
  await script(`
    mkdir -p ${packageFolder} /cluster/online /etc/ipvs-failover ${programFolder} /etc/systemd/system/${unit}.d
    mount --bind ${root} ${packageFolder}
    ln -s ${packageFolder}/examples/failover-daemon/bin/ipvs-failover.js /usr/local/bin/ipvs-failover
    echo lvs:x:${operators}: >>/etc/group
    chgrp ${operators} /cluster/online && chmod 775 /cluster/online`)
  await mkdir('/etc/ipvs-failover', { recursive: true })
  await writeFile(configFile, configuration(lan))
  for (const [name, text] of Object.entries(programs)) await writeFile(join(programFolder, name), text, { mode: 0o755 })
  await writeFile(`/etc/systemd/system/${unit}.d/site.conf`, dropIn(director))
  await script(`systemctl link ${packageFolder}/examples/failover-daemon/systemd/${unit} && systemctl daemon-reload`)
}

/** The command as another version of it, in one file, which loads faster (failover.program.ts). */
export async function useOneFile(): Promise<void> {
  const program = join(packageFolder, '.bundle/test-proof-failover.program.mjs')
  await writeFile('/usr/local/bin/ipvs-failover.new', `#!/bin/sh\nexec node ${program} "$@"\n`, { mode: 0o755 })
  await script('mv /usr/local/bin/ipvs-failover.new /usr/local/bin/ipvs-failover')
}
