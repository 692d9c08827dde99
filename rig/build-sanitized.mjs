// Makes .bundle/asan: this package, but with an addon built with AddressSanitizer and UndefinedBehaviorSanitizer. What is
// run in there gets this addon, with nothing else different.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'

const root = dirname(import.meta.dirname)
const copy = join(root, '.bundle', 'asan')

const flags = '-fsanitize=address,undefined -fno-sanitize=vptr -fno-sanitize-recover=all -fno-omit-frame-pointer -g -O1'

/** What a process that loads that addon needs: the runtime comes first, and node's own memory at exit is no leak of ours. */
export function sanitizerEnvironment() {
  const runtime = execFileSync('g++', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim()
  return {
    LD_PRELOAD: runtime,
    ASAN_OPTIONS: 'detect_leaks=0:abort_on_error=1:detect_stack_use_after_return=1',
    UBSAN_OPTIONS: 'print_stacktrace=1',
  }
}

/** @returns {string} the folder of the package */
export function buildSanitized() {
  mkdirSync(copy, { recursive: true })
  for (const name of ['binding.gyp', 'package.json', 'native', 'lib', 'rig', 'test', 'node_modules']) {
    if (!existsSync(join(copy, name))) symlinkSync(join(root, name), join(copy, name))
  }
  execFileSync(process.execPath, [join(root, 'rig/build-addon.mjs'), copy], {
    stdio: 'inherit',
    env: { ...process.env, CXXFLAGS: flags, LDFLAGS: flags },
  })
  return copy
}
