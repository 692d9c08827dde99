/** The seam to the second addon, which has what the operating system has and Node.js has no call for. */
import { getSystemErrorMap } from 'node:util'
import { loadAddon } from './addon.js'
import { IpvsError } from './errors.js'

/** Requests out, answers in; both as numbers and bytes. An address has 16 bytes (lib/address.ts), a token too. */
export interface EchoSocket {
  /** 0, or the errno for which there is no socket. */
  readonly error: number
  /** Whether it is a SOCK_RAW. */
  readonly raw: boolean
  /** To be set by the owner: what has become of a request; error 0: it was answered. The token is empty where it was cut off. */
  heard: (error: number, sequence: number, address: Uint8Array, token: Uint8Array) => void
  /** 0 or the errno. Never waits. */
  send(address: Uint8Array, sequence: number, token: Uint8Array): number
  /** Whether it keeps the process alive. */
  hold(keepAlive: boolean): void
  close(): void
}

/** Attempts to connect by TCP. An address has 16 bytes. */
export interface Connects {
  /** 0, or the errno for which there are none. */
  readonly error: number
  /**
   * To be set by the owner: attempts that have ended, `endedBytes` for each, in this machine's byte order: its id, its errno (0: there
   * was a connection, which is closed), and where there was none the address from which the kernel sent.
   */
  ended: (records: Uint8Array) => void
  /** Begins an attempt. 0, or the errno with which the kernel refuses at once: nothing was sent, and nothing will be told. */
  start(id: number, ipVersion: 4 | 6, address: Uint8Array, port: number): number
  /** Ends an attempt; gives the address from which the kernel sent. */
  cancel(id: number): Uint8Array
  close(): void
}

/** Of the records of Connects. */
export const endedBytes = 24

interface Addon {
  readonly EchoSocket: new (ipVersion: 4 | 6) => EchoSocket
  readonly Connects: new () => Connects
  sendToUnix(name: Uint8Array, bytes: Uint8Array): number
  peerOf(fd: number): [error: number, pid: number, uid: number, gid: number]
}

let loaded: Addon | undefined

/** The addon, for this function of the API. */
export function system(operation: string): Addon {
  if (process.platform !== 'linux') {
    throw new IpvsError(`${operation}: this is a part of Linux, here is ${process.platform}`, {
      code: 'IPVS_UNAVAILABLE',
      operation,
    })
  }
  return (loaded ??= loadAddon('system', operation) as Addon)
}

/** A refusal by the operating system, as Node.js makes them. */
export interface SystemError extends Error {
  /** `EHOSTUNREACH` and so on. */
  readonly code: string
  /** The kernel's, negative. */
  readonly errno: number
  /** The function that failed. */
  readonly syscall: string
}

/** The error for an errno. `about`: the object, and the next step. */
export function systemError(syscall: string, errno: number, about: string): SystemError {
  const [code, text] = getSystemErrorMap().get(-errno) ?? [`errno ${errno}`, 'unknown error']
  return Object.assign(new Error(`${syscall} ${code}: ${text}, ${about}`), { code, errno: -errno, syscall })
}
