// Builds and runs the programs of test/native: the C++ core on a scripted kernel, under sanitizers.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')
const output = '.bundle/native'

/** Runs a command in the project's root to its end, and gives back what it printed. @param {string[]} command */
export async function run([command, ...args]) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  child.stdout.on('data', (chunk) => (text += chunk))
  child.stderr.on('data', (chunk) => (text += chunk))
  const [code] = await once(child, 'close')
  return { code, text }
}

/** Builds the programs, and gives back where they are. @param {string[]} names */
export async function build(...names) {
  const { code, text } = await run(['make', '-s', '-j2', '-C', 'test/native', ...names])
  if (code !== 0) throw new Error(`test/native does not build:\n${text}`)
  return names.map((name) => join(root, output, name))
}

/**
 * Fuzzes the replies for a time, from the committed corpus and what former runs on this machine found; ends at the first
 * input that is not survived, which it leaves in a file.
 * @param {number} seconds
 */
export async function fuzz(seconds) {
  const [program] = await build('fuzz')
  const found = join(root, output, 'found')
  await mkdir(found, { recursive: true })
  const options = [
    `-max_total_time=${seconds}`,
    '-max_len=16384',
    '-timeout=10',
    '-rss_limit_mb=1024',
    '-print_final_stats=1',
    `-artifact_prefix=${relative(root, found)}-`,
  ]
  const { code, text } = await run([program, ...options, found, 'test/native/corpus', 'test/native/regressions'])
  const executions = Number(/number_of_executed_units: *(\d+)/.exec(text)?.[1] ?? 0)
  const [, input] = /Test unit written to (\S+)/.exec(text) ?? []
  const reproduce = input ? `reproduce: ${output}/fuzz ${input}; then keep it in test/native/regressions` : ''
  return { ok: code === 0 && executions > 0, executions, report: `${text.slice(-6000)}\n${reproduce}` }
}
