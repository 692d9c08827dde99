// Bundles a TypeScript entry and everything that it imports into one file, because loading many modules is slow in an
// emulated guest. The output folder is one level below the package's root, as lib/native.ts expects of itself.
// Usage: node rig/bundle.mjs ENTRY.ts OUTPUT.mjs [--pair], for what starts two directors
import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

/** @param {string} entry @param {string} outfile @param {string[]} external */
export async function bundle(entry, outfile, external = []) {
  await build({
    entryPoints: [entry],
    outfile,
    external,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'warning',
    // For the CommonJS packages in the bundle.
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
  })
}

/** What rig/pair.ts starts: the failover daemon with the process that it starts, probe and echo server. @param {string} folder the package's .bundle */
export async function bundlePair(folder) {
  const source = join(import.meta.dirname, '../examples/failover-daemon/src')
  await bundle(join(source, 'main.ts'), join(folder, 'failover.mjs'))
  await bundle(join(source, 'ha/watcher.ts'), join(folder, 'watcher.js'))
  for (const name of ['probe', 'echo-server'])
    execFileSync('gcc', ['-D_GNU_SOURCE', '-O2', '-o', join(folder, name), join(import.meta.dirname, `${name}.c`)])
}

if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  const [entry, outfile, pair] = process.argv.slice(2)
  if (!entry || !outfile || (pair ?? '--pair') !== '--pair') {
    console.error('usage: node rig/bundle.mjs ENTRY.ts OUTPUT.mjs [--pair]')
    process.exit(2)
  }
  await bundle(entry, outfile)
  if (pair) await bundlePair(dirname(outfile))
}
