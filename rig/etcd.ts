/** Debian's etcd, one member, for the tests: on loopback, or in a namespace of the LAN. */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { spawn as spawnProcess } from 'node:child_process'
import type { ChildProcess, SpawnOptions } from 'node:child_process'
import { join } from 'node:path'
import { unpacked } from '../test/unpacked.js'

/** Where it is, and how it is started. */
export interface EtcdOptions {
  /** Its data, which outlive it. */
  readonly folder: string
  readonly host: string
  readonly port: number
  /** Files of PEM: with them it speaks TLS, and asks for a client's certificate of that authority. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string } | undefined
  /** @default here */
  readonly spawn?: ((command: string, args: readonly string[], options: SpawnOptions) => ChildProcess) | undefined
}

const program = join(unpacked('etcd'), 'usr/bin/etcd')

/** A member that runs until it is stopped. */
export interface EtcdMember {
  readonly pid: number
  /** Resolves when it has ended; what is saved stays. */
  stop(signal?: NodeJS.Signals): Promise<void>
}

/** Starts it; resolves when it serves clients. */
export async function startEtcd({ folder, host, port, tls, spawn = spawnProcess }: EtcdOptions): Promise<EtcdMember> {
  const url = `${tls ? 'https' : 'http'}://${host}:${port}`
  const args = [
    ...['--data-dir', folder, '--listen-client-urls', url, '--advertise-client-urls', url],
    // One member speaks to no other.
    ...['--listen-peer-urls', 'http://127.0.0.1:0'],
    ...['--logger', 'zap', '--log-outputs', 'stdout', '--unsafe-no-fsync'],
    ...(tls ? ['--cert-file', tls.cert, '--key-file', tls.key, '--trusted-ca-file', tls.ca, '--client-cert-auth'] : []),
  ]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'exit')
  if (child.stdout === null) throw new TypeError('expected a child with a piped stdout, found none')
  const log: string[] = []
  await new Promise<void>((resolve, reject) => {
    const lines = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> })
    lines.on('line', (line) => {
      log.push(line)
      if (line.includes('"msg":"serving client traffic')) resolve()
    })
    lines.on('close', () => reject(new Error(`etcd ended:\n${log.slice(-5).join('\n')}`)))
  })
  return {
    pid: child.pid ?? 0,
    async stop(signal = 'SIGTERM') {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal)
      await ended
    },
  }
}
