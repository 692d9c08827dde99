/** What ipvsadm 1.31 printed on Linux 6.1 (golden.txt), replayed on the in-memory kernel. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { comparable } from './deviations.js'
import { makeWorld } from './world.js'

const golden = readFileSync(join(process.cwd(), 'test/ipvsadm/golden.txt'), 'utf8')

/** `$ ipvsadm …`, then what it printed, then `[exit N]` unless 0. */
const scenes = golden
  .split(/^(?:---.*\n|(?=\$ ipvsadm))/m)
  .filter((scene) => scene.startsWith('$ ipvsadm'))
  .map((scene) => {
    const [, command = '', output = '', status = '0'] =
      /^\$ ipvsadm ?(.*)\n([^]*?)(?:\[exit ([0-9]+)\]\n)?$/.exec(scene) ?? []
    return { command, output, status: Number(status) }
  })

t.test('every command of the capture prints the same, with the same status', async (t) => {
  const { adm } = makeWorld()
  t.ok(scenes.length > 80)
  for (const { command, output, status } of scenes) {
    const found = await adm(command)
    const told = { status: found.status, output: comparable('ours', found.stdout + found.stderr) }
    t.strictSame(told, { status, output: comparable('theirs', output) }, `ipvsadm ${command}`)
  }
})
