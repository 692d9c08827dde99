// Everything that is checked without running: types, ESLint, formats, shell scripts, and the rules of the seam.
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = (name) => join(root, 'node_modules/.bin', name)

/** Files below a folder whose name matches, as paths from the root. @param {string} folder @param {RegExp} name */
function files(folder, name) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && name.test(entry.name))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((path) => !/(^|\/)(dist|node_modules)\//.test(path))
}

const cpp = files('native', /\.(h|cc)$/)
const shell = ['.ci/run', ...files('rig', /^[^.]+$/)].filter((path) =>
  readFileSync(join(root, path), 'utf8').startsWith('#!'),
)
const bash = shell.filter((path) => /^#!.*\b(ba)?sh/.test(readFileSync(join(root, path), 'utf8')))

const programs = {
  types: [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  eslint: [bin('eslint'), '--max-warnings', '0', '.'],
  prettier: [bin('prettier'), '--log-level', 'warn', '--check', '.'],
  'clang-format': ['clang-format', '--dry-run', '-Werror', ...cpp],
  shellcheck: ['shellcheck', ...bash],
}

/**
 * Rules that are one grep each: `pattern` may stand in no file of `where` but `except`.
 */
const rules = [
  {
    rule: 'only lib/native.ts touches the addon',
    where: files('lib', /\.ts$/),
    except: ['lib/native.ts'],
    pattern: /node-gyp-build|\.node['"]/,
  },
  {
    rule: 'napi.h and uv.h only in addon.cc',
    where: cpp,
    except: ['native/addon.cc'],
    pattern: /#include <(napi|node_api|uv)\.h>/,
  },
  {
    rule: 'no libnl and no kernel headers in addon.cc and worker',
    where: ['native/addon.cc', 'native/worker.h', 'native/worker.cc'],
    pattern: /#include <(netlink|linux)\//,
  },
  {
    rule: 'records.h includes only the standard library',
    where: ['native/records.h'],
    pattern: /#include (<[^>]*[./]|")/,
  },
  { rule: 'health imports nothing of ours', where: files('lib/health', /\.ts$/), pattern: /from '\.\.\// },
  { rule: 'queue imports nothing of ours', where: ['lib/queue.ts'], pattern: /from '\.{1,2}\// },
  {
    rule: 'examples use public entry points only',
    where: files('examples', /\.ts$/),
    pattern: /from '[^']*\/(lib|native|dist)\//,
  },
  {
    rule: 'no forks in the library and the daemon',
    where: [...files('lib', /\.ts$/), ...files('examples/failover-daemon/src', /\.ts$/)],
    pattern: /child_process|modprobe['"]/,
  },
  {
    rule: 'the library logs nothing and installs no process handlers',
    where: files('lib', /\.ts$/),
    pattern: /console\.|process\.(on|once)\(/,
  },
  {
    rule: 'tests open IPVS only in a namespace that they made (test/kernel/namespace.ts)',
    where: [...files('test', /\.ts$/), ...files('rig', /\.ts$/), ...files('examples/failover-daemon/test', /\.ts$/)],
    // The others: programs that are run in a namespace made before, and the director of a LAN made before.
    except: ['test/kernel/namespace.ts', 'test/kernel/refusals.guest.ts', 'test/lifetime/program.ts', 'rig/cluster.ts'],
    pattern: /\bopen\b[^}]*\} from '(ipvs|[^']*lib\/(index|open)\.js)'|openNativeSession\(''?\)/,
  },
  { rule: 'the lockfile names no download host', where: ['package-lock.json'], pattern: /"resolved": "[a-z+]+:/ },
]

let failed = 0
const report = (ok, name, output = '') => {
  if (!ok) failed++
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `\n${output}`}`)
}

for (const [name, [command, ...args]] of Object.entries(programs)) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  })
  report(status === 0, name, error ? `${command}: ${error.message}; rig/setup lint installs it` : stdout + stderr)
}
for (const { rule, where, except = [], pattern } of rules) {
  const found = where
    .filter((path) => !except.includes(path))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return [...text.matchAll(new RegExp(pattern, 'g'))].map((match) => {
        const line = text.slice(0, match.index).split('\n').length
        return `  ${path}:${line}: ${match[0].trim()}`
      })
    })
  report(found.length === 0 && where.length > 0, rule, where.length > 0 ? found.join('\n') : '  no files to look at')
}
process.exitCode = failed > 0 ? 1 : 0
