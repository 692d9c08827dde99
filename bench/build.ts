/** Builds what the benchmark runs: bundles of its programs, its peers in C, the faked kernel. */
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
/** Beside the bundles, which stand in .bundle/. */
const folder = join(root, '.bundle/bench')

const peers = {
  d: ['batched.c', 'raw.c', 'rows.c'],
  libnl: ['libnl.c', 'rows.c'],
  spawn: ['spawn.c', 'raw.c', 'rows.c'],
}
const strict = ['-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror']

export function buildPeers(): void {
  mkdirSync(folder, { recursive: true })
  const libnl = execFileSync('pkg-config', ['--cflags', '--libs', 'libnl-genl-3.0'], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
  for (const [program, sources] of Object.entries(peers)) {
    const files = sources.map((file) => join(root, 'bench/peers', file))
    execFileSync('gcc', [...strict, '-o', join(folder, program), ...files, ...libnl], { stdio: 'inherit' })
  }
}

/** The library that answers in the kernel's place; its path. */
export function buildFake(): string {
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'fake.so')
  const sources = ['kernel.c', 'answers.c', 'table.c'].map((file) => join(root, 'bench/fake', file))
  execFileSync('gcc', [...strict, '-shared', '-fPIC', '-o', path, ...sources], { stdio: 'inherit' })
  return path
}
