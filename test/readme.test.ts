import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'

const root = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(root, path), 'utf8')

t.test("the README's example is the program that is type-checked and run on real kernels", async (t) => {
  const program = read('examples/first-service.ts')
  t.ok(read('README.md').includes(`\`\`\`ts\n${program}\`\`\`\n`))
  t.ok(program.trimEnd().split('\n').length <= 12, 'in 12 lines')
})

t.test("the README's example type-checks for a user under strict, against the built package", async (t) => {
  const strict = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--types',
    'node',
  ]
  const tsc = ['--noEmit', '--ignoreConfig', ...strict, 'examples/first-service.ts']
  const { status, stdout } = spawnSync('node_modules/.bin/tsc', tsc, { cwd: root, encoding: 'utf8' })
  t.equal(stdout, '')
  t.equal(status, 0)
})

t.test("CI calls the README's test command and the lint", async (t) => {
  const ci = read('.ci/run')
  t.match(ci, /^npm test$/m)
  t.match(ci, /^npm run lint$/m)
  t.match(read('README.md'), /^npm test /m)
})
