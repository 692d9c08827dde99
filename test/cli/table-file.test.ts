import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { readTableFile } from '../../lib/cli/table-file.js'
import type { Io } from '../../lib/cli/command.js'
import { toJSON } from '../../lib/index.js'
import { createTestKernel } from '../../lib/testing/index.js'
import { fill, http, server } from '../tables.js'
import { makeWorld, run } from './io.js'

const web = { ...http, scheduler: 'wlc' } as const
const table = [{ service: web, destinations: [server(1, { weight: 5 })] }]
const rules = `# saved\n-A -t 192.0.2.100:80 -s wlc\n-a -t 192.0.2.100:80 -r 10.0.0.1:80 -g -w 5\n`

function fileOf(t: Test, content: string | Uint8Array): string {
  const file = join(t.testdir({}), 'table')
  writeFileSync(file, content)
  return file
}

/** What reading of standard input comes to: the table, or the sentence. */
async function read(stdin: Iterable<string | Uint8Array> | string): Promise<unknown> {
  const chunks = typeof stdin === 'string' ? [stdin] : stdin
  const io: Io = {
    ...makeWorld().io,
    stdin: (async function* () {
      yield* chunks
    })(),
  }
  return readTableFile('-', io).catch((error: unknown) => (error as Error).message)
}

t.test('JSON and save files are told apart by their first character, from a file or from standard input', async (t) => {
  const { io } = makeWorld()
  const json = JSON.stringify(table)
  for (const text of [json, `\n\t ${json}`, `\uFEFF${json}`]) {
    t.same(await read(text), table)
    t.same(await readTableFile(fileOf(t, text), io), table)
  }
  for (const text of [rules, rules.replace('# saved', '\n ')]) {
    t.match(await read(text), table)
    t.match(await readTableFile(fileOf(t, text), io), table)
  }
})

t.test('what `ipvs list --json` prints is read back', async (t) => {
  const kernel = createTestKernel()
  const held = await fill(kernel.open(), table)
  const { stdout } = await run(makeWorld({ kernel }), 'list', '--json')
  t.same(await read(stdout), JSON.parse(JSON.stringify(held, toJSON)))
})

t.test('a character may be cut in two by the chunks', async (t) => {
  const bytes = Buffer.from('["é"]')
  t.same(await read([bytes.subarray(0, 3), bytes.subarray(3)]), ['é'])
})

t.test('what is no table is refused with the place, and with what to do', async (t) => {
  const cases: readonly (readonly [content: string | Uint8Array, message: string])[] = [
    ['', ' is empty; an empty table is the two characters []'],
    [' \n\t', ' is empty; an empty table is the two characters []'],
    [
      '[\n  { "service": { "port": eighty } }\n]',
      ':2:26: expected a value, found "eighty"; `ipvs list --json` prints such JSON',
    ],
    ['[', ':1:2: expected a value or ], found the end; `ipvs list --json` prints such JSON'],
    ['{}', ': expected an array of services, found an object; `ipvs list --json` prints such JSON'],
    [Buffer.from('[\n\n"caf\xe9"]', 'latin1'), ':3: expected UTF-8, found the byte 0xe9; convert the file'],
    [Buffer.from([0x5b, 0xe2, 0x82]), ':1: expected UTF-8, found the byte 0xe2; convert the file'],
  ]
  for (const [content, message] of cases) {
    const file = fileOf(t, content)
    await t.rejects(readTableFile(file, makeWorld().io), { message: `${file}${message}`, status: 1 })
    t.equal(await read([Buffer.from(content)]), `standard input${message}`)
  }
})

t.test('a wrong line of a save file is told with its number', async (t) => {
  const file = fileOf(t, `${rules}-a -t 192.0.2.200:80 -r 10.0.0.1:80\n`)
  await t.rejects(readTableFile(file, makeWorld().io), { message: new RegExp(`^${file}: line 4: `), status: 1 })
  t.match(await read('-A -t 192.0.2.100 -s\n'), /^standard input: line 1: /)
})

t.test('a file that cannot be read', async (t) => {
  const folder = t.testdir({ file: 'x' })
  const cases = [
    [join(folder, 'none'), ': there is no such file; check its name, - is standard input'],
    [join(folder, 'file', 'none'), ': there is no such file; check its name, - is standard input'],
    [folder, ': it is a directory; name a file in it'],
  ] as const
  for (const [file, message] of cases) {
    await t.rejects(readTableFile(file, makeWorld().io), { message: `${file}${message}`, status: 1 })
  }
})

t.test('no more than 64 MiB are read', async (t) => {
  const megabyte = Buffer.alloc(1024 * 1024, ' ')
  let given = 0
  function* endless() {
    for (; ; given++) yield megabyte
  }
  t.equal(await read(endless()), 'standard input is no table: it is longer than 64 MiB; check its name')
  t.equal(given, 64)
  const most = [...Array<Buffer>(63).fill(megabyte), megabyte.subarray(2), '[]']
  t.same(await read(most), [], 'these are read')
})

t.test('an end that the user wants is not held up by a standard input without end', async (t) => {
  const world = makeWorld()
  const stdin: Io['stdin'] = { [Symbol.asyncIterator]: () => ({ next: async () => new Promise<never>(() => {}) }) }
  const reading = readTableFile('-', { ...world.io, stdin })
  world.interrupt()
  await t.rejects(reading, { message: 'SIGINT' })
  await t.rejects(readTableFile('-', { ...world.io, stdin }), { message: 'SIGINT' }, 'and before')
})
