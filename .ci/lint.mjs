// Everything that is checked without running: types, ESLint, formats, shell scripts, and the rules of the seam.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { basename, dirname, extname, join, relative } from 'node:path'

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
const measured = ['bench', 'rig'].flatMap((folder) => files(folder, /\.(h|c)$/))
const shell = ['.ci/run', ...['rig', 'prebuild'].flatMap((folder) => files(folder, /^[^.]+$/))].filter((path) =>
  readFileSync(join(root, path), 'utf8').startsWith('#!'),
)
const bash = shell.filter((path) => /^#!.*\b(ba)?sh/.test(readFileSync(join(root, path), 'utf8')))

const programs = {
  types: [bin('tsc'), '--noEmit', '-p', 'tsconfig.json'],
  'types of the page': [bin('tsc'), '--noEmit', '-p', 'examples/failover-daemon/page'],
  'types of its tests': [bin('tsc'), '--noEmit', '-p', 'test/page'],
  eslint: [bin('eslint'), '--max-warnings', '0', '.'],
  prettier: [bin('prettier'), '--log-level', 'warn', '--check', '.'],
  'clang-format': ['clang-format', '--dry-run', '-Werror', ...cpp, ...measured, ...files('test', /\.(h|cc?)$/)],
  shellcheck: ['shellcheck', '-s', 'bash', ...bash, 'completion/ipvs.bash'],
  typedoc: [bin('typedoc'), '--emit', 'none'],
}

const code = /\.[cm]?[jt]s$/
const library = files('lib', code)
const examples = files('examples', code)

/** An import of what begins like that, in each form that it can have. @param {string} name */
const importOf = (name) => new RegExp(`\\b(?:from|import|require)\\s*\\(?\\s*['"\`](?:${name})`)

/** The layers of native/, and which of its headers each may include. A file that is in none may include none. */
const layers = {
  addon: ['batch', 'worker', 'records'],
  batch: ['batch', 'records'],
  worker: ['worker', 'session', 'records'],
  session: ['session', 'exchange', 'local', 'codec', 'descriptor', 'records'],
  exchange: ['exchange', 'codec', 'answer', 'records'],
  local: ['local', 'answer', 'descriptor'],
  answer: ['records'],
  descriptor: [],
  codec: ['codec', 'records'],
  records: ['records'],
  // The second addon: nothing of the first but what closes a descriptor.
  system: ['classes', 'unix', 'values'],
  echo_class: ['classes', 'echo', 'values', 'watch'],
  connect_class: ['classes', 'connect', 'values', 'watch'],
  classes: [],
  values: [],
  watch: [],
  echo: ['echo', 'name', 'descriptor'],
  connect: ['connect', 'name', 'descriptor'],
  name: [],
  unix: ['unix', 'descriptor'],
}
/** The layers that know Node-API: the first addon's, and the second's. */
const meetsNode = ['addon', 'system', 'echo_class', 'connect_class', 'classes', 'values', 'watch']
const layerOf = (path) => basename(path, extname(path))

/**
 * Rules that are one grep each: `pattern` may stand in no file of `where` but `except`.
 */
const rules = [
  {
    rule: 'only lib/addon.ts loads addons',
    where: library,
    except: ['lib/addon.ts'],
    pattern: /node-gyp-build|\.node['"`]|\b(dlopen|_linkedBinding)\b|process\.binding\b/,
  },
  {
    rule: 'only lib/native.ts and lib/system.ts touch an addon',
    where: library,
    except: ['lib/native.ts', 'lib/system.ts'],
    pattern: importOf('[^\'"`]*/addon\\b'),
  },
  {
    rule: 'Node-API and libuv only in addon.cc, and in system.cc and its classes',
    where: cpp.filter((path) => !meetsNode.includes(layerOf(path))),
    pattern: /#\s*include\s*["<](napi|node|js_native|uv|v8)[^">]*[">]/,
  },
  {
    rule: 'no libnl and no kernel headers in batch, worker and where Node-API is',
    where: cpp.filter((path) => ['batch', 'worker', ...meetsNode].includes(layerOf(path))),
    pattern: /#\s*include\s*["<](netlink|linux)\//,
  },
  {
    rule: 'no libnl in the second addon',
    where: cpp.filter((path) => [...meetsNode.slice(1), 'echo', 'connect', 'name', 'unix'].includes(layerOf(path))),
    pattern: /#\s*include\s*["<]netlink\//,
  },
  {
    rule: 'records includes only the standard library',
    where: cpp.filter((path) => layerOf(path) === 'records'),
    pattern: /#\s*include\s*(<[^>]*[./]|"(?!records\.h"))/,
  },
  ...[...new Set([...Object.keys(layers), ...cpp.map(layerOf)])].map((layer) => ({
    rule: `native/${layer} includes only layers below it`,
    where: cpp.filter((path) => layerOf(path) === layer),
    pattern: new RegExp(
      `#\\s*include\\s*("(?!(${(layers[layer] ?? []).join('|')})\\.h")|<([^>]*/)?(${Object.keys(layers).join('|')})\\.h>)`,
    ),
  })),
  {
    rule: 'health imports nothing of ours',
    where: files('lib/health', code),
    pattern: importOf(`[^'"\`]*\\.\\./|ipvs\\b`),
  },
  {
    rule: 'command-line imports nothing of ours',
    where: files('lib/command-line', code),
    pattern: importOf(`[^'"\`]*\\.\\./|ipvs\\b`),
  },
  {
    rule: 'the library knows nothing of its command line, and no more of ipvsadm',
    where: library.filter((path) => !/^lib\/(cli|ipvsadm)\//.test(path)),
    pattern: importOf('[^\'"`]*/(cli|command-line|ipvsadm)/'),
  },
  {
    rule: 'ipvsadm knows nothing of the command line',
    where: files('lib/ipvsadm', code),
    pattern: importOf('[^\'"`]*/cli/'),
  },
  { rule: 'queue imports nothing of ours', where: ['lib/queue.ts'], pattern: importOf(`\\.|ipvs\\b`) },
  {
    rule: 'examples use public entry points only',
    where: examples,
    // The certificates of tests, their terminal, and where Debian's packages are unpacked and run.
    except: [
      'examples/failover-daemon/test/alert-sinks.test.ts',
      'examples/failover-daemon/test/alert-periods.test.ts',
      'examples/failover-daemon/test/etcd-members.ts',
      'examples/failover-daemon/test/page-config.test.ts',
      'examples/failover-daemon/test/page-server.test.ts',
      'examples/failover-daemon/test/promtool.ts',
      'examples/failover-daemon/test/status-watch.test.ts',
    ],
    pattern: importOf(
      `[^'"\`]*(\\.\\./\\.\\./(?!src/)|/(lib|native|rig)/)|ipvs/(?!(command-line|health|ipvsadm|system|testing)['"\`])`,
    ),
  },
  {
    rule: 'the daemon loads what asks etcd where the file names one, and not before',
    where: files('examples/failover-daemon/src', code),
    except: ['shared', 'sharing', 'client'].map((name) => `examples/failover-daemon/src/etcd/${name}.ts`),
    pattern: /^import (?!type ).*['"](undici|[^'"]*etcd\/(client|shared|sharing)\.js)['"]/m,
  },
  {
    rule: 'examples import nothing built, but plain JavaScript may import what is built of its own package',
    where: examples.filter((path) => path.endsWith('ts') || dirname(path) === 'examples'),
    pattern: importOf(`[^'"\`]*/dist/`),
  },
  {
    rule: 'no forks in the library and the daemon, but for programs that somebody asks to be run',
    where: [...library, ...examples.filter((path) => /\/(src|bin)\//.test(path))],
    except: [
      'lib/health/confine.ts',
      'lib/health/process-group.ts',
      'examples/failover-daemon/src/programs.ts',
      // The daemon's own watcher, which has to be a process.
      'examples/failover-daemon/src/ha/watched.ts',
    ],
    pattern: /child_process|modprobe['"`]/,
  },
  {
    rule: 'the library logs nothing and installs no process handlers',
    where: library,
    // What belongs to the process is handed on from here.
    except: ['lib/cli/main.ts', 'lib/ipvsadm/streams.ts'],
    pattern: /console\.|process\.(on|once|addListener|prepend\w+|stdout|stderr)\b|['"`](node:)?(console|process)['"`]/,
  },
  {
    rule: 'tests open IPVS only in a namespace that they made (test/kernel/namespace.ts)',
    where: [...files('test', code), ...files('rig', code), ...files('examples/failover-daemon/test', code)],
    // The others: programs that are run in a namespace made before, the director of a LAN made before, and what is only
    // compiled.
    except: [
      'test/kernel/namespace.ts',
      'test/kernel/refusals.guest.ts',
      'test/lifetime/program.ts',
      'test/memory/program.ts',
      'test/thread/program.ts',
      'test/types/consumer/program.ts',
      'test/package/user.mjs',
      'test/package/director.mjs',
      'test/kernel/lifetime.guest.ts',
      'test/kernel/lifetime.program.ts',
      'test/kernel/churn.program.ts',
      'test/kernel/ipvsadm.program.ts',
      'test/kernel/doctor.program.ts',
      'rig/cluster.ts',
    ],
    // The module that opens, all of an entry point, or what opens by it.
    pattern: new RegExp(
      [
        importOf(`[^'"\`]*(lib|dist)/(native|open|session)\\b`).source,
        `\\b(import|require)\\s*\\(\\s*['"\`](ipvs['"\`]|[^'"\`]*(lib|dist)/index\\b)`,
        `\\b(import|export)\\b[^'"\`]*(\\bopen\\b|\\*)[^'"\`]*\\bfrom\\s*['"](ipvs['"]|[^'"]*(lib|dist)/index\\b)`,
        `\\b(import|export)\\b[^'"\`]*(\\bipvsadm\\b|\\*)[^'"\`]*\\bfrom\\s*['"](ipvs/ipvsadm['"]|[^'"]*(lib|dist)/ipvsadm/index\\b)`,
      ].join('|'),
    ),
  },
  { rule: 'the lockfile names no download host', where: ['package-lock.json'], pattern: /"resolved": "[a-z+]+:/ },
]

let failed = 0
const report = (ok, name, output = '') => {
  if (!ok) failed++
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${name}${ok ? '' : `\n${output}`}`)
}

/** @param {string} name @param {string[]} program */
function check(name, [command, ...args]) {
  return new Promise((resolve) => {
    execFile(command, args, { cwd: root, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const missing = error?.code === 'ENOENT'
      report(!error, name, missing ? `${error.message}; rig/setup lint installs it` : stdout + stderr)
      resolve(undefined)
    })
  })
}

const queue = Object.entries(programs)
const work = async () => {
  for (let next = queue.shift(); next; next = queue.shift()) await check(...next)
}
await Promise.all(Array.from({ length: availableParallelism() }, work))
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
