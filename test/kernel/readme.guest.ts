import t from 'tap'
import { makeNamespace, openIn, run } from './namespace.js'

t.test("the README's example runs", async (t) => {
  const namespace = await makeNamespace(t)
  const program = '.bundle/first-service.mjs'
  await run('node_modules/.bin/esbuild', ['examples/first-service.ts', '--format=esm', `--outfile=${program}`])
  const { stdout } = await run('ip', ['netns', 'exec', namespace, process.execPath, program])
  t.equal(stdout, '192.0.2.12 1 0\n192.0.2.11 1 0\n')
  const ipvs = await openIn(t, namespace)
  t.match(await ipvs.table(), [{ service: { scheduler: 'wlc', persistence: { timeoutSeconds: 300 } } }])
})
