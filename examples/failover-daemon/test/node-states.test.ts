import { lstatSync, readFileSync, statSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { NodeFiles, nodeFile, nodeState, writeNodeState } from '../src/node-states.js'
import { directorBench } from './director-bench.js'
import { recordingLog } from './recording-log.js'
import { config } from './tables.js'

t.test("a node's state from its states in all services", async (t) => {
  t.equal(nodeState(['online', 'online']), '1')
  t.equal(nodeState(['online', 'failed']), '2')
  t.equal(nodeState(['failed', 'offline', 'online']), '0')
  t.equal(nodeState(['flapping', 'online']), '2', 'it is kept out')
  t.equal(nodeState(['draining']), '1')
  t.equal(nodeState(['online', 'disabled']), '1')
  t.equal(nodeState(['online', 'unknown']), undefined, 'not sure yet: the file stays')
  t.equal(nodeState(['disabled']), undefined)
  t.equal(nodeState([]), undefined)
})

t.test('a file is replaced as a whole, and no link is followed', async (t) => {
  const directory = t.testdir({ precious: 'precious', online: {} })
  const online = join(directory, 'online')
  symlinkSync('../precious', join(online, 'web1'))
  await writeNodeState(online, 'web1', '2')
  await writeNodeState(online, '2001:db8::1', '0')
  t.equal(readFileSync(join(directory, 'precious'), 'utf8'), 'precious')
  t.ok(lstatSync(join(online, 'web1')).isFile())
  t.equal(readFileSync(join(online, 'web1'), 'utf8'), '2\n')
  await writeNodeState(online, 'web1', '1')
  t.equal(readFileSync(join(online, 'web1'), 'utf8'), '1\n')
  t.strictSame(readdirSync(online), ['2001:db8::1', 'web1'])
})

t.test('others can read it, whatever the umask', async (t) => {
  const online = t.testdir()
  const before = process.umask(0o077)
  t.teardown(() => process.umask(before))
  await writeNodeState(online, 'web1', '1')
  t.equal(statSync(join(online, 'web1')).mode & 0o777, 0o644)
})

t.test('what is no name of a node writes nothing', async (t) => {
  const online = t.testdir({ taken: {} })
  for (const name of ['', '.', '..', '../x', 'a/b', '.hidden', '-rf', 'a\nb', 'a\0', 'x'.repeat(300)]) {
    t.equal(nodeFile(name), undefined)
    await t.rejects(writeNodeState(online, name, '1'), RangeError)
  }
  await t.rejects(writeNodeState(online, 'taken', '1'))
  t.strictSame(readdirSync(online), ['taken'], 'nothing is left behind by a failure')
})

t.test('the files of nodes follow the status, and only what has changed is written', async (t) => {
  const folder = t.testdir()
  const log = recordingLog()
  const files = new NodeFiles(folder, log)
  const bench = directorBench()
  const director = await bench.start(config(['192.0.2.11', '192.0.2.12']))
  const update = () => files.update(director.director.status())
  const written = () => readdirSync(folder).map((name) => `${name}: ${readFileSync(join(folder, name), 'utf8').trim()}`)
  await update()
  t.strictSame(written(), [], 'nothing is known yet')
  await director.find('up', '192.0.2.11:80', '192.0.2.12:80')
  await update()
  t.strictSame(written(), ['192.0.2.11: 1', '192.0.2.12: 1'])
  writeFileSync(join(folder, '192.0.2.11'), 'x')
  await director.find('down', '192.0.2.12:80')
  await update()
  t.strictSame(written(), ['192.0.2.11: x', '192.0.2.12: 2'])
  files.move(join(folder, 'none'))
  await update()
  await update()
  t.strictSame(
    log.lines.map(({ message }) => message),
    ['writing the state of 192.0.2.11 failed', 'writing the state of 192.0.2.12 failed'],
    'a folder that is not there is told once, however often it is tried',
  )
  await director.stop()
})
