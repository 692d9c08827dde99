// Builds the addon into build/ by node-gyp: configures if binding.gyp or node's version changed, compiles what changed.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const nodeGyp = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')

// node's own headers, where its installation has them: otherwise node-gyp downloads them.
const prefix = dirname(dirname(process.execPath))
const nodedir = existsSync(join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : []

/** @param {string} step */
function run(step) {
  try {
    execFileSync(process.execPath, [nodeGyp, step, ...nodedir], { cwd: root, stdio: 'inherit' })
  } catch (error) {
    // node-gyp has said what is wrong.
    process.exit(/** @type {{ status?: number }} */ (error).status ?? 1)
  }
}

const stamp = join(root, 'build/configured-for')
const wanted = `${root} ${process.version} ${process.arch}\n${readFileSync(join(root, 'binding.gyp'), 'utf8')}`
const configured =
  existsSync(join(root, 'build/config.gypi')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted

if (!configured) {
  run('configure')
  writeFileSync(stamp, wanted)
}
run('build')
