/** The kernel, asked for the first time when something is. */
import type { Ask } from '../commands.js'
import { IpvsError } from '../errors.js'
import { askOf } from '../exchange.js'
import type { Session } from '../records.js'
import { Failure } from './failure.js'

/** A session, as the kernel or an in-memory one gives it. */
export type OpenSession = () => Promise<Session>

export class Kernel {
  readonly #open: OpenSession
  #session: Promise<Session> | undefined
  #ask: Ask | undefined

  constructor(open: OpenSession) {
    this.#open = open
  }

  /** Throws Failure, as ipvsadm ends where it finds no IPVS. */
  async session(): Promise<Session> {
    this.#session ??= this.#open()
    return this.#session.catch((error: unknown) => {
      throw IpvsError.is(error) ? new Failure(`Can't initialize ipvs: ${reasonOf(error)}\n${advice}`) : error
    })
  }

  async ask(): Promise<Ask> {
    this.#ask ??= askOf(await this.session())
    return this.#ask
  }

  async close(): Promise<void> {
    await (await this.#session?.catch(() => undefined))?.close()
  }
}

const advice = 'Are you sure that IP Virtual Server is built in the kernel or as module?'

function reasonOf(error: IpvsError): string {
  if (error.code === 'IPVS_NOT_PERMITTED') return 'Permission denied (you must be root)'
  if (error.code === 'IPVS_UNAVAILABLE') return 'Protocol not available'
  return error.message
}
