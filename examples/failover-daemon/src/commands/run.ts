/** `ipvs-failover run`: the daemon. */
import '../heap.js'
import { IpvsError, open } from 'ipvs'
import type { Ipvs } from 'ipvs'
import { openPing } from 'ipvs/system'
import { Announcer } from '../announce/announcer.js'
import { announcedVips } from '../announce/vips.js'
import { ping, startMonitor } from '../checks.js'
import type { Config } from '../config.js'
import { commandHandler, reloads } from '../control/commands.js'
import { defaultSocket } from '../control/protocol.js'
import { listenForCommands } from '../control/server.js'
import { Director } from '../director.js'
import type { DirectorEvent } from '../events.js'
import { followFile } from '../follow-file.js'
import { Ha } from '../ha/ha.js'
import { holdNamespace } from '../lock.js'
import { openLog } from '../log.js'
import { Metrics } from '../metrics.js'
import { openOrders } from '../orders.js'
import { Pulse } from '../pulse.js'
import { Rates } from '../rates.js'
import { openLedger, stateDirectoryOf } from '../state.js'
import { Timeline } from '../timeline.js'
import { openTold } from '../told.js'
import { version } from '../version.js'
import { Page } from '../web/page.js'
import { usableConfiguration } from './check-config.js'
import { Exit, statuses } from './exit.js'

/** So often bird is asked whether it still announces what it should, beside what happens here. */
const announceMs = 5000

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
  const [timeline, rates, pulse] = [new Timeline(), new Rates(), new Pulse()]
  const metrics = new Metrics({ status: () => director.status(), table: () => director.table })
  const told = openTold(config, log, () => director.status())
  const page = new Page(
    {
      status: () => director.status(),
      samples: () => rates.samples,
      metrics: async () => ({ type: metrics.contentType, text: await metrics.text() }),
      ailments: () => pulse.ailments(director.config.reconcileMs),
    },
    log,
  )
  let kernelLost = false
  const announcer = new Announcer(config.bird, {
    log,
    wanted: (before) =>
      announcedVips({
        config: director.config,
        status: () => director.status(),
        before,
        sick: kernelLost || (pulse.began && pulse.ailments(director.config.reconcileMs).length > 0),
      }),
    onChange: () => page.changed(),
  })
  const { shared } = configuration
  const sharing = shared?.sharing(() => director.look())
  const notify = (event: DirectorEvent) => {
    if (event.type === 'kernel') kernelLost = !event.ok
    told.notify(event)
    metrics.event(event)
    ha.event(event)
    announcer.look()
    page.changed()
  }
  const ha: Ha = new Ha({
    ipvs,
    log,
    onEvent(event) {
      timeline.note(event)
      notify(event)
    },
  })
  const director: Director = new Director({
    config,
    ipvs,
    ledger,
    orders,
    log,
    startMonitor,
    echo: (address, signal) => ping.echo(address, signal),
    timeline,
    rates,
    problems: () => [
      ...page.problems,
      ...ha.problems(),
      ...announcer.problems,
      ...(shared?.problems ?? []),
      ...(sharing?.problems ?? []),
    ],
    director: () => ha.director(),
    announced: () => announcer.announced,
    others: sharing,
    onEvent: notify,
    onVerdict: (service, verdict, latencyMs) => metrics.verdict(service, verdict, latencyMs),
    onRepair: (changes) => metrics.repaired(changes),
    onRound(status, { tookMs, written }) {
      if (written) pulse.round()
      ha.round(written)
      metrics.round(tookMs, Date.now())
      told.round(status)
    },
    onTable: () => {
      announcer.look()
      page.changed()
    },
  })
  const onReload = (refused: Error | undefined, taken?: Config) => {
    if (refused === undefined) {
      log.info({ file }, 'configuration reloaded')
      if (taken !== undefined) void configuration.taken(taken)
      told.reloaded(director.config)
      void page.configure(director.config.page)
      void ha.configure(director.config)
      void announcer.configure(director.config.bird)
    } else log.error({ file, error: refused.message }, 'configuration refused: the old one holds')
    const detail = refused === undefined ? 'the configuration holds' : refused.message
    const event = { type: 'config', at: Date.now(), ok: refused === undefined, detail } as const
    timeline.note(event)
    notify(event)
  }
  const take = reloads(director, onReload)
  const readConfig = () => configuration.read()
  const handle = commandHandler({ director, handOver: () => ha.handOver(), readConfig, reload: take })
  // A refusal was told.
  const reload = (read = readConfig) => void take(read, false).catch(() => {})
  await configuration.taken(config)
  if (shared?.refused !== undefined) onReload(new Error(shared.refused))
  const following = shared?.follow(() => reload(() => shared.again()), ending.signal)
  const talking = sharing?.run(ending.signal)
  const onSignal = () => reload()
  process.on('SIGHUP', onSignal)
  const unfollow = followFile(file, () => {
    if (director.config.reloadOnChange) reload()
  })
  const control = await listenForCommands(path, log, handle).catch((error: unknown) => {
    // The servers need their director more than the operators their commands.
    log.error({ path, error: String(error) }, 'the control socket cannot be opened: no commands of operators')
  })
  // A round that does not end calls nobody.
  setInterval(() => announcer.look(), announceMs).unref()
  await Promise.all([page.configure(config.page), ha.configure(config)])
  await director.run(ending.signal)
  control?.close()
  await announcer.end()
  await page.close()
  await Promise.all([following, talking])
  unfollow()
  ha.end()
  process.off('SIGHUP', onSignal)
  await told.end()
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
