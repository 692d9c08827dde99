/** The package installed from its tarball, where there is no compiler and no libnl. */
import { spawnSync } from 'node:child_process'
import { copyFile, cp, mkdir, readdir, readFile, symlink } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { install, makeFolder, node, pack, root, run } from './package.js'

const addon = 'node_modules/ipvs/prebuilds/linux-x64/ipvs.napi.glibc.node'

const second = addon.replace('ipvs.napi', 'system.napi')

interface Met {
  readonly node: string
  readonly exported: string[]
  readonly onlyRequired: string[]
  readonly opened: { code: string; message: string; ours: boolean }
  readonly addons: string[]
  readonly services: string[]
  readonly check: string
  readonly echo: string
  readonly rules: string
}

const folder = await makeFolder(t)
const { tarball } = await pack(folder)
const app = await install(folder, [tarball])

t.test('npm adds the package and node-gyp-build, nothing else', async (t) => {
  const found = await readdir(join(app, 'node_modules'))
  t.same(found.filter((name) => !name.startsWith('.')).sort(), ['ipvs', 'node-gyp-build'])
  t.notOk((await readdir(join(app, 'node_modules/ipvs'))).includes('build'), 'nothing was compiled')
})

t.test('npm 12, which runs no install script that was not allowed, finds none', async (t) => {
  const env = {
    PATH: `${await node('24')}:${process.env['PATH']}`,
    // npm looks for this machine's settings beside its node.
    npm_config_globalconfig: (await run(root, ['npm', 'config', 'get', 'globalconfig'])).trim(),
  }
  const app = join(await makeFolder(t), 'app')
  await mkdir(app)
  const npm = ['npm', 'exec', '--yes', '--', 'npm@12.2.0', 'install', '--strict-allow-scripts']
  t.match(await run(app, [...npm, '--no-audit', '--no-fund', tarball], env), /^added 2 packages/m)
  await copyFile(join(root, 'test/package/emulated.mjs'), join(app, 'emulated.mjs'))
  t.match(JSON.parse(await run(app, ['node', 'emulated.mjs'], env)), {
    sameLayout: true,
    addons: [join(app, addon), join(app, second)],
  })
})

/** A root file system of one node's libraries and the application. */
async function bareRoot(): Promise<string> {
  const bare = join(folder, 'root')
  await mkdir(join(bare, 'node'), { recursive: true })
  const libraries = (await run(folder, ['ldd', join(await node('26'), 'node')])).match(/\/\S+/g) ?? []
  for (const library of libraries) {
    await mkdir(dirname(join(bare, library)), { recursive: true })
    await copyFile(library, join(bare, library))
  }
  await cp(app, join(bare, 'app'), { recursive: true })
  return bare
}
const bare = await bareRoot()

/** Runs the user's program with one node in that root, without rights over the real kernel. */
async function user(version: string, env: Record<string, string> = {}): Promise<Met> {
  const script = 'ip link set lo up && mount --bind "$1" "$2/node" && exec unshare --root="$2" /node/node /app/user.mjs'
  const inside = ['unshare', '--user', '--map-root-user', '--net', '--mount', 'sh', '-c', script, 'sh']
  return JSON.parse(await run(folder, [...inside, await node(version), bare], env)) as Met
}

t.test('the root file system of these tests has no compiler and no libnl', async (t) => {
  const files = await readdir(bare, { recursive: true })
  const beside = files.filter((file) => !file.startsWith('app/'))
  t.ok(beside.some((file) => /libc\.so\.6$/.test(file)))
  t.same(
    beside.filter((file) => /libnl|\/(cc|c\+\+|gcc|g\+\+|make|sh)$/.test(file)),
    [],
  )
})

for (const version of ['20', '22', '24', '26']) {
  t.test(`node ${version}: import and require give the same, the prebuilt addon is loaded`, async (t) => {
    const met = await user(version)
    t.match(met.node, new RegExp(`^v${version}\\.`))
    t.same(met.onlyRequired, [])
    for (const name of ['open', 'diff', 'apply', 'IpvsError']) t.ok(met.exported.includes(name), name)
    t.same(met.addons, [`/app/${addon}`, `/app/${second}`])
    t.equal(met.echo, 'pass', 'ipvs/system')
    // Either this machine's kernel has no IPVS, or it refuses it to a user namespace.
    t.match(met.opened, { code: /^IPVS_(UNAVAILABLE|NOT_PERMITTED)$/, ours: true })
    const rules = '-A -t 192.0.2.100:80 -s rr\n'
    t.match(met, { services: ['192.0.2.100'], check: 'pass', rules }, 'ipvs/testing, ipvs/health and ipvs/ipvsadm')
  })
}

t.test('the command is linked, and is ipvsadm under that name; node 20 to 26', async (t) => {
  const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string }
  const link = join(await makeFolder(t), 'ipvsadm')
  await symlink(join(app, 'node_modules/.bin/ipvs'), link)
  for (const major of ['20', '22', '24', '26']) {
    const env = { ...process.env, PATH: `${await node(major)}:${process.env['PATH']}` }
    // Without rights over the real kernel, whatever this machine's is.
    const call = (...command: string[]) =>
      spawnSync('unshare', ['-Urn', ...command], { cwd: app, env, encoding: 'utf8' })
    t.match(call('node_modules/.bin/ipvs', '--version'), { status: 0, stdout: `ipvs ${version}\n`, stderr: '' }, major)
    t.match(call('node_modules/.bin/ipvs', 'list'), { status: 1, stdout: '', stderr: /^ipvs: open: [^\n]+\n$/ })
    t.match(call(link, '-v'), { status: 0, stdout: /^ipvsadm v1\.31 / })
    t.match(call(link, '-Ln'), { status: 2, stdout: '', stderr: /^Can't initialize ipvs: / })
    t.match(call(link, '-A', '-t', '192.0.2.1'), { status: 2, stderr: /^Zero port specified/ })
  }
})

t.test('elsewhere than on Linux import works, and open() says what to use instead', async (t) => {
  for (const platform of ['darwin', 'win32']) {
    const met = await user('22', { PRETEND_PLATFORM: platform })
    t.match(met.opened, {
      code: 'IPVS_UNAVAILABLE',
      message: new RegExp(`this is ${platform}; use ipvs/testing`),
      ours: true,
    })
    t.match(met, { addons: [], services: ['192.0.2.100'], check: 'pass' })
  }
})

t.test('with a libc or processor that no addon was prebuilt for, open() says how to build it', async (t) => {
  for (const env of [{ LIBC: 'musl' }, { npm_config_arch: 'riscv64' }]) {
    const met = await user('22', env)
    const message =
      /no native build was found.*`npx node-gyp@12 rebuild -C \/app\/node_modules\/ipvs\/`.*libnl-genl-3-dev/i
    t.match(met.opened, { code: 'IPVS_ADDON_UNUSABLE', message, ours: true })
    t.match(met, { addons: [], services: ['192.0.2.100'], check: 'pass' })
  }
})

t.test('the failover daemon installs beside it', async (t) => {
  const folder = await makeFolder(t)
  const daemon = await pack(folder, 'examples/failover-daemon')
  t.same(daemon.files.filter((file) => !/^(dist|bin)\/([\w-]+\/)?[\w-]+(\.d\.ts|\.js|\.js\.map)$/.test(file)).sort(), [
    'LICENSE',
    'README.md',
    'docs/alerts.md',
    'docs/compared.md',
    'docs/directors.md',
    'docs/import.md',
    'docs/man/ipvs-failover.8',
    'docs/measured.md',
    'docs/metrics.md',
    'docs/options.md',
    'docs/page.md',
    'docs/status.md',
    'failover.schema.json',
    'failover.yaml',
    'grafana/ipvs-failover.json',
    'package.json',
    'page/attention.js',
    'page/connection.js',
    'page/dom.js',
    'page/filter.js',
    'page/header.js',
    'page/icon.svg',
    'page/index.html',
    'page/main.js',
    'page/model.js',
    'page/page.css',
    'page/server-row.js',
    'page/service-card.js',
    'page/services.js',
    'page/sparkline.js',
    'page/timeline.js',
    'page/times.js',
    'page/toolbar.js',
    'page/words.js',
    'status.schema.json',
    'systemd/ipvs-failover.service',
    'systemd/keepalived.conf',
    'systemd/modules-load.conf',
  ])
  const app = await install(folder, [tarball, daemon.tarball])
  const config = 'node_modules/ipvs-failover/failover.yaml'
  const command = 'node_modules/.bin/ipvs-failover'
  t.equal(spawnSync(command, ['check-config', '-c', config], { cwd: app, encoding: 'utf8' }).status, 0)
  const manifest = await readFile(join(app, 'node_modules/ipvs/package.json'), 'utf8')
  t.match(JSON.parse(manifest), { name: 'ipvs' }, 'the daemon uses the package beside it')
  t.notOk((await readdir(join(app, 'node_modules/ipvs-failover'))).includes('node_modules'))
})
