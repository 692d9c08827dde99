/** What operators have said of servers. It outlives the daemon. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import type { Order } from './facts.js'
import { writeWhole } from './files.js'
import type { Log } from './log.js'

/** Name of its file in the state directory. */
export const ORDERS_FILE = 'orders.json'

const File = z.strictObject({ version: z.literal(1), orders: z.record(z.string(), z.enum(['drain', 'disable'])) })

/** Orders by `objectName(service, server)`. */
export interface Orders {
  readonly all: ReadonlyMap<string, Order>
  /** Replaces them all; on return they are on disk. Rejects when they are not; then the old ones hold. */
  replace(orders: ReadonlyMap<string, Order>): Promise<void>
}

/** Reads the orders of the directory. A file that is damaged counts as empty, and is told. */
export async function openOrders(directory: string, log: Log): Promise<Orders> {
  const path = join(directory, ORDERS_FILE)
  let all: ReadonlyMap<string, Order> = new Map()
  try {
    all = new Map(Object.entries(File.parse(JSON.parse(await readFile(path, 'utf8'))).orders))
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    if (!missing) log.error({ path, error: String(error) }, "operators' orders cannot be read: none holds")
  }
  return {
    get all() {
      return all
    },
    async replace(orders) {
      const text = JSON.stringify({ version: 1, orders: Object.fromEntries([...orders].sort()) })
      await writeWhole(directory, ORDERS_FILE, text)
      all = orders
    },
  }
}
