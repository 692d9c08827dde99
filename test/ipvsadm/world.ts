/** ipvsadm on an in-memory kernel, with names that a test knows. */
import type { Names } from '../../lib/ipvsadm/endpoints.js'
import { runIpvsadm } from '../../lib/ipvsadm/run.js'
import { parseServices } from '../../lib/ipvsadm/services.js'
import type { Session } from '../../lib/records.js'
import { FakeKernel } from '../../lib/testing/fake-session.js'
import { schedulers } from '../../lib/types.js'

const hosts: Readonly<Record<string, string>> = {
  '192.0.2.10': 'vip.example',
  '10.0.0.1': 'node1',
  '10.0.0.2': 'node2',
  '127.0.0.1': 'localhost',
}
const services = parseServices('http 80/tcp www\nhttps 443/tcp\ndomain 53/tcp\ndomain 53/udp\n')
const protocols: Readonly<Record<number, string>> = { 6: 'tcp', 17: 'udp', 132: 'sctp' }

export const names: Names = {
  addressOf: async (host) => {
    const [address] = Object.entries(hosts).find(([, name]) => name === host) ?? []
    return address === undefined ? undefined : Uint8Array.from(address.split('.').map(Number))
  },
  hostOf: async (address) => hosts[address],
  portOf: async (service, protocol) =>
    services.find((entry) => entry.names.includes(service) && entry.protocol === protocols[protocol])?.port,
  serviceOf: async (port, protocol) =>
    services.find((entry) => entry.port === port && entry.protocol === protocols[protocol])?.names[0],
}

export interface World {
  readonly kernel: FakeKernel
  /** Runs a command line, words parted by blanks. */
  readonly adm: (line: string, stdin?: string) => Promise<{ status: number; stdout: string; stderr: string }>
}

export function makeWorld(kernel = new FakeKernel(schedulers), session: Session = kernel.session()): World {
  return {
    kernel,
    async adm(line, stdin = '') {
      let [stdout, stderr] = ['', '']
      const streams = {
        stdin,
        stdout: { write: (text: string) => (stdout += text) },
        stderr: { write: (text: string) => (stderr += text) },
      }
      const words = line.split(' ').filter((word) => word !== '')
      const status = await runIpvsadm(words, streams, async () => session, names)
      return { status, stdout, stderr }
    },
  }
}
