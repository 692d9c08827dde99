/** What can be missing around a call, each with its own code. First in the guest: ip_vs must not be loaded yet. */
import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { IpvsError } from '../../lib/index.js'
import { makeNamespace, openIn, run } from './namespace.js'

const modprobe = '/proc/sys/kernel/modprobe'

async function refusal(call: Promise<unknown>): Promise<unknown> {
  return call.then(
    () => 'no refusal',
    (error: unknown) => (IpvsError.is(error) ? { code: error.code, operation: error.operation } : error),
  )
}

const isLoaded = () =>
  access('/proc/net/ip_vs').then(
    () => true,
    () => false,
  )

// Never on a host: it changes what the kernel may load.
const skip = process.env.RIG === 'guest' ? false : 'only in a throw-away guest'

t.test('a kernel that cannot load ip_vs is IPVS_UNAVAILABLE; once it can, open() loads it', { skip }, async (t) => {
  const namespace = await makeNamespace(t)
  t.notOk(await isLoaded(), 'ip_vs is not loaded before')
  const loader = await readFile(modprobe)
  await writeFile(modprobe, '/bin/false')
  t.same(await refusal(openIn(t, namespace)), { code: 'IPVS_UNAVAILABLE', operation: 'open' })
  await writeFile(modprobe, loader)
  await openIn(t, namespace)
  t.ok(await isLoaded(), 'ip_vs is loaded after')
})

t.test('a missing namespace is IPVS_NAMESPACE_NOT_FOUND, as a path that is none', async (t) => {
  const expected = { code: 'IPVS_NAMESPACE_NOT_FOUND', operation: 'open' }
  t.same(await refusal(openIn(t, 'nosuch')), expected)
  t.same(await refusal(openIn(t, '/etc/passwd')), expected)
  t.same(await refusal(openIn(t, '/etc/passwd/below')), expected)
  const fifo = join(await mkdtemp(join(tmpdir(), 'ipvs-')), 'fifo')
  await run('mkfifo', [fifo])
  t.same(await refusal(openIn(t, fifo)), expected, 'a FIFO, whose opening would wait for ever')
})

t.test('without CAP_NET_ADMIN every call is IPVS_NOT_PERMITTED', async (t) => {
  const namespace = await makeNamespace(t)
  const script = `import { open } from 'ipvs'
    await open().then(() => console.log('no refusal'), (error) => console.log(error.code, error.errnoName))`
  const node = [process.execPath, '--input-type=module', '-e', script]
  const { stdout } = await run('ip', [
    ...['netns', 'exec', namespace],
    ...['setpriv', '--bounding-set=-net_admin', '--inh-caps=-net_admin', ...node],
  ])
  t.equal(stdout.trim(), 'IPVS_NOT_PERMITTED EPERM')
})
