/** Members of etcd on loopback, what operators do to them, and the client. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import { startEtcd } from '../../../rig/etcd.js'
import type { EtcdMember, EtcdOptions } from '../../../rig/etcd.js'
import { Etcd } from '../src/etcd/client.js'
import type { EtcdConfig } from '../src/etcd/schema.js'
import { base64, prefixRange } from '../src/etcd/wire.js'

export { authority, clientCert, clientKey, serverCert, serverKey } from '../../../test/health/certificates.js'
export { until } from '../../../test/held.js'

/** A port of loopback at which nobody listens. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A folder that goes with the test. */
export async function folderOf(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-'))
  t.teardown(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A member that can be stopped and started again. */
export interface Member {
  readonly port: number
  stop(signal?: NodeJS.Signals): Promise<void>
  start(): Promise<void>
  /** Sends it the signal: it goes on, or stands still. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void
  /** Asks it anything, by its JSON gateway, without TLS. */
  ask(path: string, body: object, token?: string): Promise<Record<string, unknown>>
  put(key: string, value: string): Promise<void>
  remove(prefix: string): Promise<void>
  /** Forgets all but the present. */
  compact(): Promise<void>
}

export async function member(t: Test, tls?: EtcdOptions['tls']): Promise<Member> {
  const folder = await folderOf(t)
  const port = await freePort()
  const start = () => startEtcd({ folder: join(folder, 'data'), host: '127.0.0.1', port, tls })
  let running: EtcdMember = await start()
  t.teardown(() => running.stop('SIGKILL'))
  async function ask(path: string, body: object, token?: string) {
    const headers = token === undefined ? {} : { authorization: token }
    const answer = await fetch(`http://127.0.0.1:${port}/v3/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers,
    })
    if (!answer.ok) throw new Error(await answer.text())
    return (await answer.json()) as Record<string, unknown>
  }
  return {
    port,
    ask,
    stop: (signal) => running.stop(signal),
    async start() {
      running = await start()
    },
    signal: (signal) => void process.kill(running.pid, signal),
    async put(key, value) {
      await ask('kv/put', { key: base64(key), value: base64(value) })
    },
    async remove(prefix) {
      await ask('kv/deleterange', prefixRange(prefix))
    },
    async compact() {
      const { header } = (await ask('kv/range', prefixRange('/'))) as { header: { revision: string } }
      await ask('kv/compaction', { revision: header.revision, physical: true })
    },
  }
}

/** How the client finds members. */
export const configOf = (ports: readonly number[], more: Partial<EtcdConfig> = {}): EtcdConfig => ({
  endpoints: ports.map((port) => ({ host: '127.0.0.1', port })),
  prefix: '/ipvs',
  tls: undefined,
  ...more,
})

export function client(t: Test, ports: readonly number[], more: Partial<EtcdConfig> = {}): Etcd {
  const etcd = new Etcd(configOf(ports, more))
  t.teardown(() => etcd.close())
  return etcd
}

/** A file that its owner alone can read. */
export async function secretFile(t: Test, text: string): Promise<string> {
  const file = join(await folderOf(t), 'secret')
  await writeFile(file, text, { mode: 0o600 })
  return file
}
