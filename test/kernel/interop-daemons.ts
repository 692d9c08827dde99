/** Every option of ipvsadm for sync daemons and timeouts, each with what the library is told instead, and what both read. */
import type { SyncDaemon, Timeouts } from '../../lib/index.js'

interface DaemonRow {
  readonly options: string
  readonly daemon: SyncDaemon
  /** With the kernel's defaults. */
  readonly read: SyncDaemon
}

const defaults = { group: '224.0.0.81', port: 8848, ttl: 1 }

/** On an interface of 1500 bytes. */
export const daemonRows = (name: string): readonly DaemonRow[] => [
  {
    options: `master --mcast-interface ${name}`,
    daemon: { role: 'master', interface: name, syncId: 0 },
    read: { role: 'master', interface: name, syncId: 0, maxLength: 1472, multicast: defaults },
  },
  {
    options: `backup --mcast-interface ${name} --syncid 255`,
    daemon: { role: 'backup', interface: name, syncId: 255 },
    read: { role: 'backup', interface: name, syncId: 255, maxLength: 1472, multicast: defaults },
  },
  {
    options: `master --mcast-interface ${name} --syncid 5 --sync-maxlen 1000`,
    daemon: { role: 'master', interface: name, syncId: 5, maxLength: 1000 },
    read: { role: 'master', interface: name, syncId: 5, maxLength: 1000, multicast: defaults },
  },
  {
    options: `backup --mcast-interface ${name} --sync-maxlen 65507`,
    daemon: { role: 'backup', interface: name, syncId: 0, maxLength: 65507 },
    read: { role: 'backup', interface: name, syncId: 0, maxLength: 65507, multicast: defaults },
  },
  {
    options: `master --mcast-interface ${name} --mcast-group 239.1.2.3 --mcast-port 65535 --mcast-ttl 255`,
    daemon: { role: 'master', interface: name, syncId: 0, multicast: { group: '239.1.2.3', port: 65535, ttl: 255 } },
    read: {
      role: 'master',
      interface: name,
      syncId: 0,
      maxLength: 1472,
      multicast: { group: '239.1.2.3', port: 65535, ttl: 255 },
    },
  },
  {
    options: `backup --mcast-interface ${name} --mcast-port 9000`,
    daemon: { role: 'backup', interface: name, syncId: 0, multicast: { port: 9000 } },
    read: { role: 'backup', interface: name, syncId: 0, maxLength: 1472, multicast: { ...defaults, port: 9000 } },
  },
  {
    options: `master --mcast-interface ${name} --mcast-group ff05::1`,
    daemon: { role: 'master', interface: name, syncId: 0, multicast: { group: 'ff05::1' } },
    read: {
      role: 'master',
      interface: name,
      syncId: 0,
      maxLength: 1452,
      multicast: { ...defaults, group: 'ff05::1' },
    },
  },
  {
    options: `backup --mcast-interface ${name} --mcast-group ff02::81 --mcast-ttl 7 --sync-maxlen 1200`,
    daemon: {
      role: 'backup',
      interface: name,
      syncId: 0,
      maxLength: 1200,
      multicast: { group: 'ff02::81', ttl: 7 },
    },
    read: {
      role: 'backup',
      interface: name,
      syncId: 0,
      maxLength: 1200,
      multicast: { group: 'ff02::81', port: 8848, ttl: 7 },
    },
  },
]

interface TimeoutsRow {
  readonly options: string
  readonly timeouts: Partial<Timeouts>
  /** After the rows before it. */
  readonly read: Timeouts
}

export const timeoutsRows: readonly TimeoutsRow[] = [
  { options: '0 0 0', timeouts: {}, read: { tcpSeconds: 900, tcpFinSeconds: 120, udpSeconds: 300 } },
  {
    options: '0 60 0',
    timeouts: { tcpFinSeconds: 60 },
    read: { tcpSeconds: 900, tcpFinSeconds: 60, udpSeconds: 300 },
  },
  {
    options: '1 2 3',
    timeouts: { tcpSeconds: 1, tcpFinSeconds: 2, udpSeconds: 3 },
    read: { tcpSeconds: 1, tcpFinSeconds: 2, udpSeconds: 3 },
  },
  {
    options: '2678400 0 2678400',
    timeouts: { tcpSeconds: 2678400, udpSeconds: 2678400 },
    read: { tcpSeconds: 2678400, tcpFinSeconds: 2, udpSeconds: 2678400 },
  },
]
