// node-gyp as the project runs it.
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const program = createRequire(import.meta.url).resolve('node-gyp/bin/node-gyp.js')

// node's own headers, where its installation has them: otherwise node-gyp downloads them.
const prefix = dirname(dirname(process.execPath))
const nodedir = existsSync(join(prefix, 'include/node/node.h')) ? [`--nodedir=${prefix}`] : []

/** @param {string[]} args @param {import('node:child_process').ExecFileSyncOptions} options */
export function nodeGyp(args, options) {
  return execFileSync(process.execPath, [program, ...nodedir, ...args], options)
}
