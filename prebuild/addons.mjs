// Makes prebuilds/: an addon for each architecture that asks for nothing but node and glibc, and what its licences ask for.
import { execFileSync } from 'node:child_process'
import { copyFileSync, cpSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'
import { nodeGyp } from '../rig/node-gyp.mjs'
import { addonOf, addons, architectures, faultsOf, faultsOfPackage, readElf, sourceHashes } from './check.mjs'

const root = dirname(import.meta.dirname)
const work = join(root, '.prebuild')
const napi = dirname(createRequire(import.meta.url).resolve('node-addon-api'))
const licensed = ['napi.h', 'napi-inl.h', 'napi-inl.deprecated.h', 'LICENSE.md']

/** @param {string} what */
const libnl = (what) => execFileSync(join(root, 'prebuild/libnl'), [what], { encoding: 'utf8', stdio: 'pipe' }).trim()

/** Compiles for one architecture in a folder of its own. @param {string} arch @param {string} made */
function compile(arch, made) {
  const { triplet } = architectures[arch]
  const folder = join(work, `linux-${arch}`)
  cpSync(join(root, 'native'), join(folder, 'native'), { recursive: true })
  copyFileSync(join(root, 'binding.gyp'), join(folder, 'binding.gyp'))
  const env = {
    ...process.env,
    CC: `${triplet}-gcc`,
    CXX: `${triplet}-g++`,
    PKG_CONFIG_LIBDIR: join(libnl(arch), 'lib/pkgconfig'),
  }
  try {
    nodeGyp(['rebuild', `--arch=${arch}`, '--jobs=max', '--', '-Dportable=1'], { cwd: folder, env, stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = /** @type {{ stdout: Buffer, stderr: Buffer }} */ (error)
    throw new Error(`the addons cannot be compiled for linux-${arch}:\n${stdout}${stderr}`, { cause: error })
  }
  for (const name of addons) copyFileSync(join(folder, 'build/Release', `${name}.node`), addonOf(made, arch, name))
}

function prebuild() {
  const made = join(work, 'prebuilds')
  rmSync(work, { recursive: true, force: true })
  mkdirSync(join(made, 'libnl'), { recursive: true })
  for (const arch of Object.keys(architectures)) {
    const started = performance.now()
    const files = addons.map((name) => addonOf(made, arch, name))
    mkdirSync(join(made, `linux-${arch}`))
    compile(arch, made)
    const faults = files.flatMap((file) => faultsOf(file, arch))
    if (faults.length > 0)
      throw new Error(`the addons for linux-${arch} are not fit for other machines:\n${faults.join('\n')}`)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    for (const file of files) {
      const kilobytes = Math.round(statSync(file).size / 1000)
      console.log(`prebuild: ${relative(made, file)}: ${kilobytes} kB, glibc ${readElf(file).glibc} or later`)
    }
    console.log(`prebuild: linux-${arch}: ${seconds} s`)
  }

  const source = libnl('source')
  copyFileSync(source, join(made, 'libnl', basename(source)))
  execFileSync('tar', ['-xzf', source, '--no-same-owner', '--strip-components=1', '--wildcards', '*/COPYING'], {
    cwd: join(made, 'libnl'),
  })
  mkdirSync(join(made, 'node-addon-api'))
  for (const name of licensed) copyFileSync(join(napi, name), join(made, 'node-addon-api', name))
  writeFileSync(join(made, 'sources.sha256'), sourceHashes())

  rmSync(join(root, 'prebuilds'), { recursive: true, force: true })
  renameSync(made, join(root, 'prebuilds'))
  rmSync(work, { recursive: true })
}

try {
  if ((await faultsOfPackage()).length > 0) prebuild()
  const faults = await faultsOfPackage()
  if (faults.length > 0) throw new Error(faults.join('\n'))
  console.log('prebuild: prebuilds/ is up to date')
} catch (error) {
  console.error(`prebuild: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
