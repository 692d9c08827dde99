/** What goes over the control socket: one line of JSON each way, then the end. */
import * as z from 'zod'
import type { Status } from '../status.js'

const servers = {
  /** `192.0.2.12:80`, `192.0.2.12` (all its ports), or the name that it was found by. */
  server: z.string().min(1).max(300),
  /** `192.0.2.100:80` or `tcp 192.0.2.100:80`. @default every service that has it */
  service: z.string().min(1).max(300).optional(),
}

/** What an operator may ask. */
export const Request = z.discriminatedUnion('command', [
  z.strictObject({ command: z.literal('status') }),
  z.strictObject({ command: z.literal('plan') }),
  z.strictObject({ command: z.literal('reload'), force: z.boolean().default(false) }),
  z.strictObject({ command: z.literal('drain'), ...servers }),
  z.strictObject({ command: z.literal('disable'), ...servers }),
  z.strictObject({ command: z.literal('enable'), ...servers }),
  z.strictObject({ command: z.literal('handover') }),
])
export type Request = z.output<typeof Request>

/** What the daemon answers. */
export type Response =
  | { readonly ok: true; readonly status?: Status; readonly lines: readonly string[] }
  | { readonly ok: false; readonly error: string }

/** A request or a response longer than this is refused: a table of 10,000 servers has some 4 MB. */
export const mostBytes = { request: 4096, response: 1 << 26 }

/** Where a daemon listens, unless its file or the command line says otherwise. */
export const defaultSocket = (): string =>
  `${process.env['RUNTIME_DIRECTORY']?.split(':', 1)[0] ?? '/run/ipvs-failover'}/control.sock`
