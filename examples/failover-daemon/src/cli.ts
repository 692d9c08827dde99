/** The command `ipvs-failover`: arguments, signals, exit status. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { IpvsError, open } from 'ipvs'
import type { Ipvs } from 'ipvs'
import { startMonitor } from './checks.js'
import { ConfigError, parseConfig } from './config.js'
import type { Config } from './config.js'
import { runDirector } from './director.js'
import { MAX_BYTES } from './document.js'
import { openLog } from './log.js'
import { openLedger } from './state.js'

const HELP = `Usage: ipvs-failover run -c FILE     keep the kernel's IPVS table right until SIGTERM
       ipvs-failover check -c FILE   validate FILE and change nothing
       ipvs-failover --help | --version

run takes dead real servers out of the table and puts recovered ones back. It needs CAP_NET_ADMIN, writes its log to
stdout as JSON lines, and leaves the table as it is when it ends, however it ends.

Exit status: 0 ended by SIGTERM or SIGINT, or FILE is valid; 1 IPVS cannot be used; 2 wrong arguments or wrong FILE.
`

/** A sentence for stderr and the exit status that goes with it. */
class Exit extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message)
  }
}

/** Where the command writes what is not log. */
export interface Output {
  readonly stdout: { write(text: string): unknown }
  readonly stderr: { write(text: string): unknown }
}

/** Runs the command and gives its exit status. Rejects for nothing but a bug. */
export async function cli(args: readonly string[], { stdout, stderr }: Output = process): Promise<number> {
  try {
    const { command, file } = readArguments(args)
    if (command === 'help') stdout.write(HELP)
    else if (command === 'version') stdout.write(`${version()}\n`)
    else if (command === 'check') {
      const { services } = readConfig(file)
      const servers = services.reduce((sum, service) => sum + service.servers.length, 0)
      stdout.write(`${file}: ok, ${counted(services.length, 'service')}, ${counted(servers, 'server')}\n`)
    } else await run(readConfig(file))
    return 0
  } catch (error) {
    if (!(error instanceof Exit)) throw error
    stderr.write(`${error.message}\n`)
    return error.status
  }
}

function readArguments(args: readonly string[]): { command: 'run' | 'check' | 'help' | 'version'; file: string } {
  const options = {
    config: { type: 'string', short: 'c' },
    help: { type: 'boolean', short: 'h' },
    version: { type: 'boolean', short: 'v' },
  } as const
  let parsed
  try {
    parsed = parseArgs({ args: [...args], options, allowPositionals: true })
  } catch (error) {
    throw usage(error instanceof Error ? error.message.split('. ', 1)[0]?.replace(/\.$/, '') : String(error))
  }
  const { values, positionals } = parsed
  if (values.help === true) return { command: 'help', file: '' }
  if (values.version === true) return { command: 'version', file: '' }
  const [command, ...more] = positionals
  if (command === undefined) throw usage('expected a command, run or check')
  if (command !== 'run' && command !== 'check')
    throw usage(`expected the command run or check, found ${JSON.stringify(command)}`)
  if (more.length > 0) throw usage(`expected nothing after ${command} but options, found ${JSON.stringify(more[0])}`)
  if (values.config === undefined) throw usage(`${command} needs a configuration, -c FILE`)
  return { command, file: values.config }
}

const usage = (problem = 'wrong arguments') => new Exit(`ipvs-failover: ${problem}; see ipvs-failover --help`, 2)

const counted = (n: number, noun: string) => `${n} ${noun}${n === 1 ? '' : 's'}`

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  return version
}

function readConfig(file: string): Config {
  try {
    return parseConfig(readBounded(file), file)
  } catch (error) {
    if (error instanceof ConfigError) throw new Exit(error.message, 2)
    throw error
  }
}

/** The file's text; of one that is too long (or never ends), so much that parseConfig() refuses it. */
function readBounded(file: string): string {
  try {
    const descriptor = openSync(file, 'r')
    try {
      const buffer = Buffer.alloc(MAX_BYTES + 1)
      let length = 0
      for (let read = -1; read !== 0 && length < buffer.length; length += read)
        read = readSync(descriptor, buffer, length, buffer.length - length, null)
      return new TextDecoder('utf-8', { fatal: true }).decode(buffer.subarray(0, length))
    } finally {
      closeSync(descriptor)
    }
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error)
    throw new Exit(`${file}:1:1: file: expected a readable file in UTF-8, found: ${found}`, 2)
  }
}

async function run(config: Config): Promise<void> {
  const ending = new AbortController()
  // A second signal ends the process at once, as by default.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort(signal))
  const ipvs = await openIpvs()
  const { log, end } = openLog(1)
  const directory =
    config.stateDirectory ?? process.env['STATE_DIRECTORY']?.split(':', 1)[0] ?? '/var/lib/ipvs-failover'
  log.info({ version: version(), services: config.services.length, stateDirectory: directory }, 'started')
  await runDirector({ config, ipvs, ledger: await openLedger(directory, log), log, startMonitor }, ending.signal)
  await ipvs.close()
  log.info({ signal: ending.signal.reason as unknown }, 'ended, the table stays as it is')
  await end()
}

async function openIpvs(): Promise<Ipvs> {
  try {
    return await open()
  } catch (error) {
    if (IpvsError.is(error)) throw new Exit(`ipvs-failover: ${error.message}`, 1)
    throw error
  }
}
