import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { deviations } from './deviations.js'

t.test('every deviation that comparisons undo is documented', async (t) => {
  const page = readFileSync(join(process.cwd(), 'docs/ipvsadm.md'), 'utf8')
  for (const { name } of deviations) t.ok(page.includes(`\n### ${name}\n`), name)
})
