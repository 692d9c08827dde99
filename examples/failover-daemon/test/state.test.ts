import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ObjectKey } from 'ipvs'
import t from 'tap'
import { LEDGER_FILE, openLedger } from '../src/state.js'
import { recordingLog } from './recording-log.js'

const service = { protocol: 'tcp', address: '192.0.2.100', port: 80 } as const
const a: ObjectKey = { service, destination: { address: '192.0.2.11', port: 80 } }
const b: ObjectKey = { service, destination: { address: '192.0.2.12', port: 80 } }

t.test('what was written is read again, and not written twice', async (t) => {
  const directory = join(t.testdir(), 'made', 'on', 'the', 'way')
  const log = recordingLog()
  const first = await openLedger(directory, log, 'here')
  t.strictSame(first.keys, [])
  await first.replace([b, a, { service: { ...service, scheduler: 'rr' } as typeof service }])
  t.notOk(existsSync(join(directory, `${LEDGER_FILE}.new`)))
  const { ino } = statSync(join(directory, LEDGER_FILE))

  await first.replace([{ service }, a, b])
  const second = await openLedger(directory, log, 'here')
  t.match(second.keys, [{ service }, a, b])
  await second.replace([a, b, { service }])
  t.equal(statSync(join(directory, LEDGER_FILE)).ino, ino, 'the file was not replaced')
  await second.replace([a])
  t.not(statSync(join(directory, LEDGER_FILE)).ino, ino)
  t.strictSame(log.lines, [])
})

t.test('a damaged ledger is ignored with a warning, whichever bit it is', async (t) => {
  const directory = t.testdir()
  const path = join(directory, LEDGER_FILE)
  await (await openLedger(directory, recordingLog(), 'here')).replace([a, b])
  const good = readFileSync(path)
  for (let bit = 0; bit < good.length * 8; bit += 7) {
    const bad = Buffer.from(good)
    bad.writeUInt8(bad.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
    writeFileSync(path, bad)
    const log = recordingLog()
    const { keys } = await openLedger(directory, log, 'here')
    if (keys.length > 0 || log.lines.length !== 1) t.fail(`bit ${bit}`, { keys, log: log.lines })
  }
  for (const text of ['', 'null', '{}', '[]', good.toString().replace('"version":1', '"version":2')]) {
    writeFileSync(path, text)
    const log = recordingLog()
    t.strictSame((await openLedger(directory, log, 'here')).keys, [], text)
    t.match(log.lines, [{ level: 'warn', message: /damaged/ }])
  }
})

t.test('a ledger of another boot or namespace owns nothing here', async (t) => {
  const directory = t.testdir()
  await (await openLedger(directory, recordingLog(), 'there')).replace([a])
  t.strictSame((await openLedger(directory, recordingLog(), 'here')).keys, [])
  t.match((await openLedger(directory, recordingLog(), 'there')).keys, [a])
})

t.test('a disk that fails is one warning, and no stop', async (t) => {
  const parent = t.testdir({ file: 'not a directory' })
  const log = recordingLog()
  const ledger = await openLedger(join(parent, 'file', 'below'), log, 'here')
  await ledger.replace([a])
  await ledger.replace([a, b])
  t.match(ledger.keys, [a, b])
  t.match(
    log.lines.map(({ level, message }) => `${level} ${message}`),
    ['warn the ledger cannot be read: starting with an empty one', 'warn the ledger cannot be written'],
  )
  rmSync(join(parent, 'file'))
  mkdirSync(join(parent, 'file'))
  chmodSync(join(parent, 'file'), 0o750)
  await ledger.replace([a, b])
  t.match(log.lines.at(-1), { level: 'info', message: 'the ledger can be written again' })
})

t.test('without a scope it is this boot and this namespace', async (t) => {
  const directory = t.testdir()
  await (await openLedger(directory, recordingLog())).replace([a])
  t.match((await openLedger(directory, recordingLog())).keys, [a])
  t.match(JSON.parse(readFileSync(join(directory, LEDGER_FILE), 'utf8')), { scope: /^boot \S+ net:\[\d+\]$/ })
})
