/** The benchmark: builds, measures, prints; with --write it also renews what the repository shows of it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildPeers } from './build.js'
import { pictures } from './growth.js'
import { daemonInGuest, inGuest, plansOf } from './guest.js'
import { onHost } from './host.js'
import { judge } from './judge.js'
import { optionsOf, usage, type Options } from './options.js'
import { withTable } from './readme.js'
import { seriesText, targetsText } from './report.js'
import { readResults, versions, writeResults } from './results.js'
import { seriesOf, type Sample } from './samples.js'

const root = join(import.meta.dirname, '..')

async function measure(options: Options): Promise<void> {
  const samples: Sample[] = []
  if (options.where.includes('guest')) {
    buildPeers()
    for (const plan of plansOf(options)) samples.push(...(await inGuest(options.kernel, plan)))
    if (options.only.includes('daemon') && !options.short) samples.push(...(await daemonInGuest(options.kernel)))
  }
  if (options.where.includes('host')) samples.push(...onHost(options))
  const series = seriesOf(samples)
  console.log(seriesText(series))
  if (!options.short) console.log(`\n${targetsText(judge(series))}`)
  if (!options.write) return
  const date = new Date().toISOString().slice(0, 10)
  writeResults(root, { date, kernel: options.kernel, machine, versions: versions(), series })
}

const machine = 'qemu, 2 processors, software emulation unless the machine has KVM'

/** README's table and the pictures, from bench/results.json. */
function show(): void {
  const results = readResults(root)
  const readme = join(root, 'README.md')
  writeFileSync(readme, withTable(readFileSync(readme, 'utf8'), results))
  for (const [name, svg] of Object.entries(pictures(results))) writeFileSync(join(root, 'docs', name), svg)
}

try {
  const options = optionsOf(process.argv.slice(2))
  if (options === 'help') {
    console.log(usage)
  } else {
    if (!options.show) await measure(options)
    if (options.write || options.show) show()
  }
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
}
