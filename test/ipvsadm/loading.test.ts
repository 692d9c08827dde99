/** What a call loads. On the built package: a bundle would hold everything. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import t from 'tap'

const dist = join(process.cwd(), 'dist')
const built = existsSync(join(dist, 'ipvsadm/run.js')) ? false : 'dist/ is not built'
const url = (path: string) => JSON.stringify(pathToFileURL(join(dist, path)).href)

/** The modules of Node's resolver and of ours that a process has loaded after these command lines. */
function loadedBy(lines: readonly string[]): readonly string[] {
  const program = `
    const { runIpvsadm } = await import(${url('ipvsadm/run.js')})
    const { FakeKernel } = await import(${url('testing/fake-session.js')})
    const kernel = new FakeKernel(['rr'])
    const streams = { stdin: '', stdout: { write() {} }, stderr: { write() {} } }
    for (const line of ${JSON.stringify(lines)}) await runIpvsadm(line.split(' '), streams, async () => kernel.session())
    const lookups = process.moduleLoadList.filter((name) => /Module (dns|internal\\/dns\\/promises)|cares_wrap/.test(name))
    console.log(JSON.stringify(lookups))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
  return JSON.parse(output) as string[]
}

t.test('numbers in, numbers out: no resolver is loaded', { skip: built }, async (t) => {
  const numeric = [
    '-A -t 192.0.2.1:80 -s rr -p 300 -M 255.255.255.0',
    '-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g',
    '-Ln',
    '-S -n',
  ]
  t.strictSame(loadedBy(numeric), [])
  t.not(loadedBy([...numeric, '-L']).length, 0, 'with names it is')
  t.not(loadedBy(['-A -t localhost:80 -s rr']).length, 0, 'for a name it is')
})
