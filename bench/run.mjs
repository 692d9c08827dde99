// Bundles the benchmark's programs and runs it: `node bench/run.mjs --help`.
import { join } from 'node:path'
import { bundle } from '../rig/bundle.mjs'

const here = import.meta.dirname
const output = join(here, '../.bundle')

await Promise.all(
  ['main', 'contest', 'ours', 'daemon', 'faked'].map((name) =>
    bundle(join(here, `${name}.ts`), join(output, `bench-${name}.mjs`)),
  ),
)
await import(join(output, 'bench-main.mjs'))
