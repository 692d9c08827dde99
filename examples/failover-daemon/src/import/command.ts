/** `ipvs-failover import`: arguments, output, exit status. */
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
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

export const IMPORT_HELP = `Usage: ipvs-failover import --mon mon.cf --lvs-init lvs-init --nodes DIR
                            [--mon-common FILE] [--set NAME=VALUE]... [--pair PORT=HOSTGROUP]...
       ipvs-failover import --keepalived keepalived.conf [--config-id NAME]
       ipvs-failover import --ldirectord ldirectord.cf

import writes the configuration for an existing installation to stdout. What it cannot carry over it lists on stderr, a
line each, and as comments at the head. It looks nothing up and changes nothing.

  --nodes DIR        the folder with the files of nodes, http_nodes for instance: the director's or a copy of it
  --mon-common FILE  the shell variables of mon.cf and lvs-init; default: mon_common beside mon.cf, if it is there
  --set NAME=VALUE   a shell variable that no file sets, VIP=192.0.2.100 for instance
  --pair 5000=GROUP  which hostgroup of mon.cf stands behind a port, where names and ports do not tell
  --config-id NAME   what lines that begin with @NAME are for (keepalived -i)

Exit status: 0 all is carried over; 2 wrong arguments, or a file that is none of its kind (file:line:column, nothing on
stdout); 3 the configuration was written, and something could not be carried over.
`

/** Everything is carried over; a wrong input; something is not carried over. */
export const IMPORT_STATUS = { whole: 0, wrong: 2, incomplete: 3 } as const

/** Runs the command, `args` without the word import, and gives its exit status. Rejects for nothing but a bug. */
export async function importCommand(args: readonly string[], { stdout, stderr }: Output): Promise<number> {
  const notes = new Notes()
  try {
    const given = readArguments(args)
    if (given === 'help') {
      stdout.write(IMPORT_HELP)
      return IMPORT_STATUS.whole
    }
    const draft = await read(given, notes)
    const settled = settle(draft, { file: given.main, line: 1 }, notes)
    const yaml = writeYaml(settled, notes.lines)
    mustBeRead(yaml, { file: given.main, line: 1 })
    stdout.write(yaml)
    stderr.write(notes.lines.map((line) => `${line}\n`).join(''))
    return notes.lines.length === 0 ? IMPORT_STATUS.whole : IMPORT_STATUS.incomplete
  } catch (error) {
    if (!(error instanceof ImportError) && !(error instanceof UsageError)) throw error
    // What was noted before tells why nothing is left.
    stderr.write([...notes.lines, error.message].map((line) => `${line}\n`).join(''))
    return IMPORT_STATUS.wrong
  }
}

class UsageError extends Error {
  constructor(problem: string) {
    super(`ipvs-failover: ${problem}; see ipvs-failover import --help`)
  }
}

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

const options = {
  mon: { type: 'string' },
  'lvs-init': { type: 'string' },
  nodes: { type: 'string' },
  'mon-common': { type: 'string' },
  set: { type: 'string', multiple: true },
  pair: { type: 'string', multiple: true },
  keepalived: { type: 'string' },
  'config-id': { type: 'string' },
  ldirectord: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** Which options go with which kind. */
const KINDS = {
  mon: ['lvs-init', 'nodes', 'mon-common', 'set', 'pair'],
  keepalived: ['config-id'],
  ldirectord: [],
} as const

function readArguments(args: readonly string[]): Given | 'help' {
  let values
  try {
    values = parseArgs({ args: [...args], options }).values
  } catch (error) {
    throw new UsageError(
      error instanceof Error ? (error.message.split('. ', 1)[0]?.replace(/\.$/, '') ?? '') : String(error),
    )
  }
  if (values.help === true) return 'help'
  const kinds = (['mon', 'keepalived', 'ldirectord'] as const).filter((kind) => values[kind] !== undefined)
  const [kind] = kinds
  if (kind === undefined || kinds.length > 1)
    throw new UsageError(`expected exactly one of --mon, --keepalived and --ldirectord, found ${kinds.length}`)
  for (const [of, names] of Object.entries(KINDS))
    for (const name of names)
      if (of !== kind && values[name] !== undefined) throw new UsageError(`--${name} goes with --${of} only`)
  if (kind === 'mon' && values['lvs-init'] === undefined) throw new UsageError('--mon needs --lvs-init FILE')
  if (kind === 'mon' && values.nodes === undefined) throw new UsageError('--mon needs --nodes DIR')
  return {
    ...{ kind, main: values[kind] ?? '', lvsInit: values['lvs-init'] ?? '', nodes: values.nodes ?? '' },
    ...{ monCommon: values['mon-common'], configId: values['config-id'] },
    set: new Map((values.set ?? []).map((text) => pairOf('set', text, /^([A-Za-z_]\w*)=(.*)$/s, 'VIP=192.0.2.100'))),
    pairs: new Map(
      (values.pair ?? []).map((text) => {
        const [port, group] = pairOf('pair', text, /^(\d+)=([\w.-]+)$/, '5000=myapp_nodes')
        return [portOf(port) ?? -1, group]
      }),
    ),
  }
}

function pairOf(option: string, text: string, pattern: RegExp, example: string): [name: string, value: string] {
  const match = pattern.exec(text)
  if (match === null) throw new UsageError(`--${option}: expected such as ${example}, found ${JSON.stringify(text)}`)
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
