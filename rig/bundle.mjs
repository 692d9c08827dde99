// Bundles a TypeScript entry and everything that it imports into one file, because loading many modules is slow in an
// emulated guest. The output folder is one level below the package's root, as lib/native.ts expects of itself.
// Usage: node rig/bundle.mjs ENTRY.ts OUTPUT.mjs
import { realpathSync } from 'node:fs'
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

if (process.argv[1] && realpathSync(process.argv[1]) === import.meta.filename) {
  const [entry, outfile] = process.argv.slice(2)
  if (!entry || !outfile) {
    console.error('usage: node rig/bundle.mjs ENTRY.ts OUTPUT.mjs')
    process.exit(2)
  }
  await bundle(entry, outfile)
}
