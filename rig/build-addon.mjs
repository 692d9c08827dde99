// Builds the addon into build/ by node-gyp: configures if binding.gyp or node's version changed, compiles what changed.
// Usage: node rig/build-addon.mjs [FOLDER]: another folder that has binding.gyp and native/.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nodeGyp } from './node-gyp.mjs'

const root = process.argv[2] ?? dirname(import.meta.dirname)

/** @param {string} step */
function run(step) {
  try {
    nodeGyp([step], { cwd: root, stdio: 'inherit' })
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
