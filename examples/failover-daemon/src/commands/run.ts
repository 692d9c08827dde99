/** `ipvs-failover run`: the daemon. */
import '../heap.js'
import { IpvsError, open } from 'ipvs'
import type { Ipvs } from 'ipvs'
import { openPing } from 'ipvs/system'
import { ping, startMonitor } from '../checks.js'
import { Companions } from '../companions.js'
import type { Config } from '../config.js'
import { commandHandler, reloads } from '../control/commands.js'
import { defaultSocket } from '../control/protocol.js'
import { listenForCommands } from '../control/server.js'
import { Director } from '../director.js'
import { followFile } from '../follow-file.js'
import { holdNamespace } from '../lock.js'
import { openLog } from '../log.js'
import { openOrders } from '../orders.js'
import { openLedger, stateDirectoryOf } from '../state.js'
import { version } from '../version.js'
import { usableConfiguration } from './check-config.js'
import { Exit, statuses } from './exit.js'

/** Runs until SIGTERM or SIGINT. SIGHUP reads the file anew. */
export async function run(file: string, socket: string | undefined): Promise<void> {
  const { log, end } = openLog(1)
  const configuration = await usableConfiguration(file, log)
  const config = configuration.first
  if (config.services.length === 0)
    throw new Exit('ipvs-failover: expected at least one service in the file or in etcd, found none', statuses.failed)
  const ending = new AbortController()
  // A second signal ends the process at once, as by default.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ending.abort(signal))
  const release = await holdNamespace()
  if (release === undefined) {
    const sentence = 'another ipvs-failover runs in this network namespace: end it, or reload it'
    throw new Exit(`ipvs-failover: ${sentence}`, statuses.running)
  }
  if (config.services.some(({ check }) => check.type === 'icmp')) tryToPing()
  const ipvs = await openIpvs()
  const directory = stateDirectoryOf(config)
  const path = socket ?? config.controlSocket ?? defaultSocket()
  log.info({ version: version(), services: config.services.length, stateDirectory: directory }, 'started')
  const [ledger, orders] = await Promise.all([openLedger(directory, log), openOrders(directory, log)])
  const { shared } = configuration
  const companions: Companions = new Companions({ config, ipvs, log, shared, director: () => director })
  const director: Director = new Director({
    config,
    ipvs,
    ledger,
    orders,
    log,
    startMonitor,
    echo: (address, signal) => ping.echo(address, signal),
    ...companions.parts,
  })
  const onReload = (refused: Error | undefined, taken?: Config) => {
    if (refused === undefined) {
      log.info({ file }, 'configuration reloaded')
      if (taken !== undefined) void configuration.taken(taken)
      companions.reloaded()
    } else log.error({ file, error: refused.message }, 'configuration refused: the old one holds')
    const detail = refused === undefined ? 'the configuration holds' : refused.message
    companions.note({ type: 'config', at: Date.now(), ok: refused === undefined, detail })
  }
  const take = reloads(director, onReload)
  const readConfig = () => configuration.read()
  const handle = commandHandler({ director, handOver: () => companions.handOver(), readConfig, reload: take })
  // A refusal was told.
  const reload = (read = readConfig) => void take(read, false).catch(() => {})
  await configuration.taken(config)
  if (shared?.refused !== undefined) onReload(new Error(shared.refused))
  const following = shared?.follow(() => reload(() => shared.again()), ending.signal)
  const onSignal = () => reload()
  process.on('SIGHUP', onSignal)
  const unfollow = followFile(file, () => {
    if (director.config.reloadOnChange) reload()
  })
  const control = await listenForCommands(path, log, handle).catch((error: unknown) => {
    // The servers need their director more than the operators their commands.
    log.error({ path, error: String(error) }, 'the control socket cannot be opened: no commands of operators')
  })
  await companions.start(ending.signal)
  await director.run(ending.signal)
  control?.close()
  await following
  unfollow()
  process.off('SIGHUP', onSignal)
  await companions.end()
  await ipvs.close()
  log.info({ signal: ending.signal.reason as unknown }, 'ended, the table stays as it is')
  await end()
  release()
  // What still waits for others, such as an alert that nobody takes, has had its time and would keep the process.
  process.exit()
}

/** At the start somebody reads it; later it would be a check that tells nothing. */
function tryToPing(): void {
  try {
    openPing().close()
  } catch (error) {
    throw new Exit(`ipvs-failover: ${error instanceof Error ? error.message : String(error)}`, statuses.failed)
  }
}

async function openIpvs(): Promise<Ipvs> {
  try {
    return await open()
  } catch (error) {
    if (IpvsError.is(error)) throw new Exit(`ipvs-failover: ${error.message}`, statuses.failed)
    throw error
  }
}
