/** How long a command takes to start, beside node itself. On the built package. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const executable = join(process.cwd(), 'bin/ipvs.cjs')
const built = existsSync(join(process.cwd(), 'dist/ipvs.cjs')) ? false : 'dist/ is not built'

function milliseconds(...args: readonly string[]): number {
  const start = performance.now()
  spawnSync(process.execPath, args)
  return performance.now() - start
}

t.test('`ipvs list` takes no more than twice the time of `node -e 0`', { skip: built }, async (t) => {
  // The shortest of many, by turns: other programs only ever make it longer. Without IPVS here it ends with the kernel's refusal,
  // when all is loaded and the kernel was asked.
  let [node, list] = [Infinity, Infinity]
  for (let run = 0; run < 10 || (run < 100 && list > 2 * node); run++) {
    node = Math.min(node, milliseconds('-e', '0'))
    list = Math.min(list, milliseconds(executable, 'list'))
  }
  t.comment(`node -e 0: ${node.toFixed(1)} ms, ipvs list: ${list.toFixed(1)} ms`)
  t.ok(list <= 2 * node, `${list.toFixed(1)} ms is at most twice ${node.toFixed(1)} ms`)
})
