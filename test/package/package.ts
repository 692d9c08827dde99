/** The package as a user gets it: packed by npm, installed from the tarball into an empty folder. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'

t.setTimeout(550_000)

export const root = join(import.meta.dirname, '..')
const execute = promisify(execFile)

/** Only what npm and compilers need: not tap's loader, and not what npm tells its own scripts. */
const environment = Object.fromEntries(
  ['PATH', 'HOME', 'LANG', 'npm_config_registry', 'npm_config_cafile'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  ),
)

/** Runs a command to its end; one that fails throws what it printed. */
export async function run(cwd: string, command: string[], env: Record<string, string> = {}): Promise<string> {
  const [program = '', ...args] = command
  const options = { cwd, env: { ...environment, ...env }, maxBuffer: 1 << 26 }
  try {
    return (await execute(program, args, options)).stdout
  } catch (error) {
    const { message, stdout } = error as Error & { stdout: string }
    throw new Error(`${message}\n${stdout.slice(-4000)}`, { cause: error })
  }
}

/** A folder that goes with the test. */
export async function makeFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ipvs-package-'))
  t.teardown(() => rm(folder, { recursive: true }))
  return folder
}

export interface Packed {
  readonly tarball: string
  readonly files: readonly string[]
}

/** Packs this package, or one of its workspaces. */
export async function pack(folder: string, workspace?: string): Promise<Packed> {
  const of = workspace === undefined ? [] : ['--workspace', workspace]
  const output = await run(root, ['npm', 'pack', '--json', '--pack-destination', folder, ...of])
  // Before the JSON stands what prepack and npm have to say.
  const [packed] = JSON.parse(output.slice(output.search(/^\[/m))) as [{ filename: string; files: { path: string }[] }]
  return { tarball: join(folder, packed.filename), files: packed.files.map(({ path }) => path).sort() }
}

/** Installs tarballs into an empty folder, with the test's programs beside. */
export async function install(folder: string, tarballs: string[]): Promise<string> {
  const app = join(folder, 'app')
  await mkdir(app)
  await run(app, ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', ...tarballs])
  for (const program of ['user.mjs', 'director.mjs', 'emulated.mjs']) {
    await cp(join(root, 'test/package', program), join(app, program))
  }
  return app
}

/** The folder of a node of the rig. */
export async function node(version: string, arch = 'x64'): Promise<string> {
  return (await run(root, ['rig/node', version, arch])).trim()
}
