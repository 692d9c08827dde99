#!/usr/bin/env node
// Committed, so that npm links the command before anything is built. A symbolic link to it named ipvsadm is ipvsadm.
const { readFileSync } = require('node:fs')
const { createRequire } = require('node:module')
const { Script } = require('node:vm')

// Both are made by bin/bundle.mjs. Compiling is a third of the time of `ipvs list`; another V8 than the build's refuses what
// was compiled, and compiles.
const filename = require.resolve('../dist/ipvs.cjs')
const cachedData = readFileSync(`${filename}.compiled`)
const command = new Script(readFileSync(filename, 'utf8'), { filename, cachedData })
command.runInThisContext()(createRequire(filename), filename)
