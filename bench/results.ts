/** bench/results.json: what the last whole run measured, all of it. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writeFormatted } from './files.js'
import type { Series } from './samples.js'

export interface Results {
  /** Day of the run. */
  readonly date: string
  /** The guest's, and where it ran. */
  readonly kernel: string
  readonly machine: string
  readonly versions: Readonly<Record<string, string>>
  /** In microseconds; `messages` and memory (MiB) as they are. */
  readonly series: readonly Series[]
}

const path = 'bench/results.json'

export function readResults(root: string): Results {
  return JSON.parse(readFileSync(join(root, path), 'utf8')) as Results
}

export function writeResults(root: string, results: Results): void {
  const round = (value: number | null) => (value === null ? null : Number(value.toPrecision(6)))
  const series = results.series.map((one) => ({ ...one, rounds: one.rounds.map(round) }))
  writeFormatted(root, path, JSON.stringify({ ...results, series }))
}

/** Of what took part, on Debian. */
export function versions(): Readonly<Record<string, string>> {
  const packages = ['libnl-3-200', 'ipvsadm', 'keepalived', 'qemu-system-x86']
  const found = execFileSync('dpkg-query', ['-W', '-f=${Package} ${Version}\\n', ...packages], { encoding: 'utf8' })
  const lines = found.trim().split('\n')
  return { node: process.version, ...Object.fromEntries(lines.map((line) => line.split(' ') as [string, string])) }
}
