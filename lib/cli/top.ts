/** `ipvs top` */
import { hostname } from 'node:os'
import { timeOfDay } from '../command-line/refresh.js'
import { systemClock, type Clock } from '../health/clock.js'
import { textOf, type Call, type Io } from './command.js'
import { intervalOf, refresh } from './refresh.js'
import { composeFrame } from './top/frame.js'
import { remember, rowsOf, type History, type SortKey } from './top/rows.js'
import { parseCount } from './words.js'

export async function run(call: Call, io: Io): Promise<number> {
  return runBy(systemClock, call, io)
}

/** The same, by any clock. */
export async function runBy(clock: Clock, call: Call, io: Io): Promise<number> {
  const intervalMs = intervalOf(call)
  const countWord = textOf(call, 'count')
  const count = countWord === undefined ? undefined : parseCount('count', countWord)
  const sort = (textOf(call, 'sort') ?? 'name') as SortKey
  const namespace = textOf(call, 'namespace')
  const ipvs = await io.open(namespace)
  try {
    let history: History = new Map()
    return await refresh(clock, io, { intervalMs, count }, async (canvas, signal) => {
      const rows = rowsOf(await ipvs.table({ signal }), sort)
      history = remember(history, rows)
      const words = ['ipvs top', hostname(), ...(namespace === undefined ? [] : [namespace]), timeOfDay()]
      return composeFrame({ rows, history, intervalMs, words }, canvas)
    })
  } finally {
    await ipvs.close()
  }
}
