/** `ipvs connections` */
import { alignColumns } from './columns.js'
import { isOn, Status, textOf, textsOf, type Call, type Io } from './command.js'
import { parseFilters, type Filter } from './connection-filter.js'
import { connectionCells, countGroups, groupCells, groupTitles, makeAligner, titles } from './connection-words.js'
import { parseCount } from './words.js'
import type { Connection } from '../director.js'

type Connections = AsyncIterable<Connection>

export async function run(call: Call, io: Io): Promise<number> {
  const isWanted = parseFilters(textsOf(call, 'filter'))
  const limitWord = textOf(call, 'limit')
  const limit = limitWord === undefined ? Infinity : parseCount('limit', limitWord)
  const print = isOn(call, 'count') ? printCounts : printEach
  const ipvs = await io.open(textOf(call, 'namespace'))
  try {
    await print(select(ipvs.connections({ signal: io.signal }), isWanted, limit), isOn(call, 'json'), io)
    return Status.ok
  } finally {
    await ipvs.close()
  }
}

/** As many as are wanted; no more of the table is read than that takes. */
async function* select(connections: Connections, isWanted: Filter, limit: number): Connections {
  let count = 0
  for await (const connection of connections) {
    if (!isWanted(connection)) continue
    yield connection
    if (++count === limit) return
  }
}

async function printEach(connections: Connections, isJson: boolean, { stdout }: Io): Promise<void> {
  const align = makeAligner()
  let isFirst = true
  for await (const connection of connections) {
    if (isFirst && !isJson) stdout.write(`${align(titles)}\n`)
    isFirst = false
    stdout.write(`${isJson ? JSON.stringify(connection) : align(connectionCells(connection))}\n`)
  }
  if (isFirst && !isJson) stdout.write(none)
}

async function printCounts(connections: Connections, isJson: boolean, { stdout }: Io): Promise<void> {
  const groups = await countGroups(connections)
  const lines = isJson
    ? groups.map((group) => JSON.stringify(group))
    : alignColumns([groupTitles, ...groups.map(groupCells)], new Set([groupTitles.indexOf('COUNT')]))
  stdout.write(groups.length === 0 && !isJson ? none : lines.map((line) => `${line}\n`).join(''))
}

const none = 'no such connections\n'
