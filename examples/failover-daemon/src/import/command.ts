/** `ipvs-failover import`: arguments, output, exit status. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { textOf, textsOf, usageError } from 'ipvs/command-line'
import type { Call, UsageError } from 'ipvs/command-line'
import { failover } from '../command-line.js'
import type { Output } from '../commands/exit.js'
import { readKeepalived } from './keepalived.js'
import { readLdirectord } from './ldirectord.js'
import { ImportError, Notes } from './model.js'
import type { Draft } from './model.js'
import { mustBeRead } from './reread.js'
import { readSeed } from './seed.js'
import { settle } from './settle.js'
import { folderReader, readSource, readerBeside } from './source.js'
import { portOf } from './words.js'
import { writeYaml } from './yaml.js'

/** Everything is carried over; a wrong input; something is not carried over. */
export const IMPORT_STATUS = { whole: 0, wrong: 2, incomplete: 3 } as const

/** Runs the command and gives its exit status. Rejects with UsageError for wrong arguments, and else for nothing but a bug. */
export async function importCommand(call: Call, { stdout, stderr }: Output): Promise<number> {
  const notes = new Notes()
  const given = readArguments(call)
  try {
    const draft = await read(given, notes)
    const settled = settle(draft, { file: given.main, line: 1 }, notes)
    const yaml = writeYaml(settled, notes.lines)
    mustBeRead(yaml, { file: given.main, line: 1 })
    stdout.write(yaml)
    stderr.write(notes.lines.map((line) => `${line}\n`).join(''))
    return notes.lines.length === 0 ? IMPORT_STATUS.whole : IMPORT_STATUS.incomplete
  } catch (error) {
    if (!(error instanceof ImportError)) throw error
    // What was noted before tells why nothing is left.
    stderr.write([...notes.lines, error.message].map((line) => `${line}\n`).join(''))
    return IMPORT_STATUS.wrong
  }
}

const wrong = (problem: string): UsageError => usageError(failover, { name: 'import' }, problem)

interface Given {
  readonly kind: 'mon' | 'keepalived' | 'ldirectord'
  readonly main: string
  readonly lvsInit: string
  readonly nodes: string
  readonly monCommon: string | undefined
  readonly set: ReadonlyMap<string, string>
  readonly pairs: ReadonlyMap<number, string>
  readonly configId: string | undefined
}

/** Which options go with which kind. */
const KINDS = {
  mon: ['lvs-init', 'nodes', 'mon-common', 'set', 'pair'],
  keepalived: ['config-id'],
  ldirectord: [],
} as const

function readArguments(call: Call): Given {
  const text = (name: string) => textOf(call, name)
  const kinds = (['mon', 'keepalived', 'ldirectord'] as const).filter((kind) => text(kind) !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1)
    throw wrong(`expected exactly one of --mon, --keepalived and --ldirectord, found ${kinds.length}`)
  for (const [of, names] of Object.entries(KINDS))
    for (const name of names)
      if (of !== kind && call.values[name] !== undefined) throw wrong(`--${name} goes with --${of} only`)
  if (kind === 'mon' && text('lvs-init') === undefined) throw wrong('--mon needs --lvs-init FILE')
  if (kind === 'mon' && text('nodes') === undefined) throw wrong('--mon needs --nodes DIR')
  return {
    ...{ kind, main: text(kind) ?? '', lvsInit: text('lvs-init') ?? '', nodes: text('nodes') ?? '' },
    ...{ monCommon: text('mon-common'), configId: text('config-id') },
    set: new Map(textsOf(call, 'set').map((word) => pairOf('set', word, /^([A-Za-z_]\w*)=(.*)$/s, 'VIP=192.0.2.100'))),
    pairs: new Map(
      textsOf(call, 'pair').map((word) => {
        const [port, group] = pairOf('pair', word, /^(\d+)=([\w.-]+)$/, '5000=myapp_nodes')
        return [portOf(port) ?? -1, group]
      }),
    ),
  }
}

function pairOf(option: string, text: string, pattern: RegExp, example: string): [name: string, value: string] {
  const match = pattern.exec(text)
  if (match === null) throw wrong(`--${option}: expected such as ${example}, found ${JSON.stringify(text)}`)
  return [match[1] ?? '', match[2] ?? '']
}

async function read(given: Given, notes: Notes): Promise<Draft> {
  const main = readSource(given.main)
  if (given.kind === 'keepalived') return readKeepalived(main, readerBeside(given.main), given.configId, notes)
  if (given.kind === 'ldirectord') return readLdirectord(main, notes)
  const beside = join(dirname(given.main), 'mon_common')
  const common = given.monCommon ?? (existsSync(beside) ? beside : undefined)
  return readSeed(
    {
      mon: main,
      lvsInit: readSource(given.lvsInit),
      monCommon: common === undefined ? undefined : readSource(common),
      nodes: { directory: given.nodes, reader: folderReader(given.nodes) },
      given: given.set,
      pairs: given.pairs,
    },
    notes,
  )
}
