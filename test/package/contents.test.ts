/** What is in the tarball, and when there is none. */
import { spawnSync } from 'node:child_process'
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { install, makeFolder, pack, root } from './package.js'

const folder = await makeFolder(t)
const { tarball, files } = await pack(folder)
const installed = join(await install(folder, [tarball]), 'node_modules/ipvs')

t.test('the tarball holds what is listed here, and nothing else', async (t) => {
  const below = async (path: string) => (await readdir(join(root, path), { recursive: true })).sort()
  // Those of the command are one file.
  const modules = (await below('lib'))
    .filter((name) => name.endsWith('.ts') && !name.startsWith('cli/'))
    .map((name) => name.slice(0, -3))
  const expected = [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'THIRD-PARTY.md', 'binding.gyp', 'package.json'],
    ...['bin/ipvs.cjs', 'dist/ipvs.cjs', 'completion/_ipvs', 'completion/ipvs.bash', 'completion/ipvs.fish'],
    ...['docs/ipvsadm.md', 'docs/verdicts.md', 'docs/man/ipvs.8'],
    ...modules.flatMap((name) => ['.d.ts', '.js', '.js.map'].map((ending) => `dist/${name}${ending}`)),
    ...(await below('native')).filter((name) => /^[^/]+\.(cc|h|map)$/.test(name)).map((name) => `native/${name}`),
    ...['addons.mjs', 'check.mjs', 'libnl'].map((name) => `prebuild/${name}`),
    ...['libnl/COPYING', 'libnl/libnl-3.7.0.tar.gz', 'sources.sha256'].map((name) => `prebuilds/${name}`),
    ...['x64', 'arm64'].flatMap((arch) =>
      ['ipvs', 'system'].map((name) => `prebuilds/linux-${arch}/${name}.napi.glibc.node`),
    ),
    ...['LICENSE.md', 'napi-inl.deprecated.h', 'napi-inl.h', 'napi.h'].map(
      (name) => `prebuilds/node-addon-api/${name}`,
    ),
  ]
  t.same(files, expected.sort())
})

t.test('installing runs nothing and needs node-gyp-build alone', async (t) => {
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8')) as {
    gypfile: boolean
    dependencies: Record<string, string>
    scripts: Record<string, string>
  }
  t.equal(manifest.gypfile, false, 'npm would compile a package with a binding.gyp')
  t.same(Object.keys(manifest.dependencies), ['node-gyp-build'])
  t.same(
    Object.keys(manifest.scripts).filter((name) => /^(pre|post)?(install|prepare)$/.test(name)),
    [],
  )
})

t.test('the licence of libnl and the source that it is for are in the package, as THIRD-PARTY.md says', async (t) => {
  const notice = await readFile(join(installed, 'THIRD-PARTY.md'), 'utf8')
  t.match(await readFile(join(installed, 'prebuilds/libnl/COPYING'), 'utf8'), 'GNU LESSER GENERAL PUBLIC LICENSE')
  const sum = spawnSync('sha256sum', ['prebuilds/libnl/libnl-3.7.0.tar.gz'], { cwd: installed, encoding: 'utf8' })
  t.match(notice, sum.stdout.slice(0, 64))
  t.match(await readFile(join(root, 'prebuild/libnl'), 'utf8'), `sha256=${sum.stdout.slice(0, 64)}`)
})

/** What prepack's check says about the package after a change. */
async function verdict(t: Test, change: (copy: string) => Promise<void>): Promise<string> {
  const copy = join(await makeFolder(t), 'ipvs')
  await cp(installed, copy, { recursive: true })
  await change(copy)
  const { status, stderr } = spawnSync(process.execPath, ['prebuild/check.mjs'], { cwd: copy, encoding: 'utf8' })
  return `${status}: ${stderr}`
}

const x64 = 'prebuilds/linux-x64/ipvs.napi.glibc.node'
const arm64 = 'prebuilds/linux-arm64/ipvs.napi.glibc.node'

t.test('prepack refuses a package that is not whole or not of one piece, and says what to run', async (t) => {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: { prepack: string } }
  t.match(scripts.prepack, 'node prebuild/check.mjs')
  t.equal(await verdict(t, async () => {}), '0: ', 'as it was packed')
  t.match(
    await verdict(t, (copy) => rm(join(copy, 'dist'), { recursive: true })),
    /^1: .*dist\/ is missing: run `npm run build:lib`/,
  )
  t.match(
    await verdict(t, (copy) => rm(join(copy, 'dist/ipvs.cjs'))),
    /^1: .*dist\/ is missing: run `npm run build:lib`/,
  )
  t.match(await verdict(t, (copy) => rm(join(copy, arm64))), /^1: .*linux-arm64.* is missing: run `npm run prebuild`/)
  const second = 'prebuilds/linux-x64/system.napi.glibc.node'
  t.match(await verdict(t, (copy) => rm(join(copy, second))), /^1: .*linux-x64\/system.* is missing: run/)
  t.match(
    await verdict(t, (copy) => cp(join(root, 'build/Release/system.node'), join(copy, second))),
    /^1: .*linux-x64\/system.*libraries that node does not bring along: expected none, found libstdc/,
  )
  t.match(
    await verdict(t, (copy) => writeFile(join(copy, 'native/codec.h'), '// changed')),
    /^1: .*made from other sources.*run `npm run prebuild`/,
  )
  const narrower = async (copy: string) => {
    const wire = join(copy, 'dist/wire.js')
    await writeFile(wire, (await readFile(wire, 'utf8')).replace('upper: u32', 'upper: u16'))
  }
  t.match(await verdict(t, narrower), /^1: .*dist\/ has the layout [0-9a-f]{8}, prebuilds\/ [0-9a-f]{8}: run/)
  t.match(
    await verdict(t, (copy) => cp(join(copy, x64), join(copy, arm64))),
    /^1: .*linux-arm64.*machine: expected AArch64, found Advanced Micro Devices X86-64/,
  )
  t.match(
    await verdict(t, (copy) => cp(join(root, 'build/Release/ipvs.node'), join(copy, x64))),
    /^1: .*libraries that node does not bring along: expected none, found .*libnl-3\.so\.200/,
  )
})
