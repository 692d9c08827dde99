// Whether the package may be packed: dist/ and prebuilds/ are there, made from this tree, and fit for other machines.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, relative } from 'node:path'

const root = dirname(import.meta.dirname)
const require = createRequire(import.meta.url)

/** The newest glibc that the addons may ask for; README.md states it. */
export const glibcFloor = '2.34'

/** @type {Record<string, { triplet: string, machine: string }>} */
export const architectures = {
  x64: { triplet: 'x86_64-linux-gnu', machine: 'Advanced Micro Devices X86-64' },
  arm64: { triplet: 'aarch64-linux-gnu', machine: 'AArch64' },
}

/** The targets of binding.gyp. */
export const addons = ['ipvs', 'system']

/** Where lib/addon.ts looks for it. @param {string} prebuilds @param {string} arch @param {string} name */
export function addonOf(prebuilds, arch, name) {
  return join(prebuilds, `linux-${arch}`, `${name}.napi.glibc.node`)
}

/** What the addons are made from, as sha256sum -c takes it. */
export function sourceHashes() {
  const files = ['binding.gyp', ...['native', 'prebuild'].flatMap(filesIn)]
  const sum = (/** @type {string} */ file) =>
    createHash('sha256')
      .update(readFileSync(join(root, file)))
      .digest('hex')
  return files.map((file) => `${sum(file)}  ${file}\n`).join('')
}

/** As paths from the root. @param {string} folder */
function filesIn(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name))
    .sort()
}

/** @param {string} file */
export function readElf(file) {
  const text = execFileSync('readelf', ['--wide', '--file-header', '--dynamic', '--segments', '--dyn-syms', file], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  })
  const all = (/** @type {RegExp} */ pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? '')
  return {
    machine: all(/^ *Machine: *(.*)$/gm)[0],
    needed: all(/\(NEEDED\).*\[(.*)\]/g),
    flags: all(/\(FLAGS(?:_1)?\) *(?:Flags: )?(.*)$/gm)
      .join(' ')
      .split(' '),
    relro: /^ *GNU_RELRO /m.test(text),
    stackFlags: all(/^ *GNU_STACK(?: +0x\w+){5} +([RWE]+) /gm)[0],
    exported: all(/ (?:GLOBAL|WEAK|UNIQUE) +(?:DEFAULT|PROTECTED) +(?!UND)\w+ +(\S+)/g).sort(),
    imported: all(/ UND +([^\s@]+)/g),
    glibc:
      all(/@GLIBC_([\d.]+)/g)
        .sort(byVersion)
        .at(-1) ?? '',
  }
}

/** @param {string} a @param {string} b */
function byVersion(a, b) {
  return a.localeCompare(b, 'en', { numeric: true })
}

/** Why an addon is not fit for other machines, one line each. @param {string} file @param {string} arch */
export function faultsOf(file, arch) {
  const elf = readElf(file)
  const libraries = elf.needed.filter((name) => !/^(libc\.so\.6|libm\.so\.6|libgcc_s\.so\.1|ld-linux-.*)$/.test(name))
  const entries = 'napi_register_module_v1 node_api_module_get_api_version_v1'
  // The compiler proves each copy of the second addon to be within its bounds, and calls no checking name.
  const fortified = basename(file).startsWith('system.') || elf.imported.some((name) => /^__\w+_chk$/.test(name))
  const rows = [
    ['machine', architectures[arch]?.machine, elf.machine],
    ['libraries that node does not bring along', '', libraries.join(' ')],
    ['exported names', entries, elf.exported.join(' ')],
    ['flags', 'NODELETE,BIND_NOW', ['NODELETE', 'BIND_NOW'].filter((flag) => elf.flags.includes(flag)).join()],
    ['read-only relocations', true, elf.relro],
    ['stack', 'RW', elf.stackFlags],
    ['stack protector', true, elf.imported.includes('__stack_chk_fail')],
    ['names made by _FORTIFY_SOURCE', true, fortified],
    ['glibc', `at most ${glibcFloor}`, byVersion(elf.glibc, glibcFloor) > 0 ? elf.glibc : `at most ${glibcFloor}`],
  ]
  return rows
    .filter(([, expected, found]) => expected !== found)
    .map(([what, expected, found]) => `${file}: ${what}: expected ${expected || 'none'}, found ${found || 'none'}`)
}

/** Why the package may not be packed, one line each. */
export async function faultsOfPackage() {
  const wire = join(root, 'dist/wire.js')
  // The command is made last.
  const made = existsSync(wire) && existsSync(join(root, 'dist/ipvs.cjs'))
  if (!made) return ['dist/ is missing: run `npm run build:lib`']
  const expected = Object.keys(architectures).flatMap((arch) =>
    addons.map((name) => ({ arch, file: addonOf(join(root, 'prebuilds'), arch, name) })),
  )
  const sources = join(root, 'prebuilds/sources.sha256')
  const missing = [...expected.map(({ file }) => file), sources].filter((file) => !existsSync(file))
  if (missing.length > 0) return missing.map((file) => `${relative(root, file)} is missing: run \`npm run prebuild\``)
  if (readFileSync(sources, 'utf8') !== sourceHashes()) {
    return ['prebuilds/ was made from other sources than these: run `npm run prebuild`']
  }
  // This machine's stands for the other's: one compiler version, the same sources. test/package loads both.
  const layout = (await import(wire)).layoutHash()
  const built = require(addonOf(join(root, 'prebuilds'), process.arch, 'ipvs')).layoutHash
  if (built !== layout) {
    return [`dist/ has the layout ${layout}, prebuilds/ ${built}: run \`npm run build:lib\` and \`npm run prebuild\``]
  }
  return expected.flatMap(({ arch, file }) => faultsOf(file, arch))
}

if (process.argv[1] === import.meta.filename) {
  const faults = await faultsOfPackage()
  for (const fault of faults) console.error(`prepack: ${fault}`)
  process.exitCode = faults.length > 0 ? 1 : 0
}
