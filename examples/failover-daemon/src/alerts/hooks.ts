/** Programs that run when a server's state changes. */
import type { Log } from '../log.js'
import { programFailure, runProgram } from '../programs.js'
import { concerns } from './alerts.js'
import type { ServerEvent } from '../events.js'
import type { Hook } from './schema.js'

const MAX_RUNNING = 4
const MAX_WAITING = 1000

export interface Hooks {
  /** Takes an event; never waits and never throws. */
  notify(event: ServerEvent): void
  reload(hooks: readonly Hook[]): void
  /** Resolves when what waits has run, after so many milliseconds at the latest. */
  close(deadlineMs: number): Promise<void>
}

interface Job {
  readonly hook: Hook
  readonly event: ServerEvent
}

/** Hooks of one server run in order and one at a time, of all servers at most four at once. Of too many that wait the oldest go. */
export function openHooks(initial: readonly Hook[], log: Log, run: typeof runProgram = runProgram): Hooks {
  let hooks = initial
  let waiting: Job[] = []
  const running = new Set<string>()
  let idle: (() => void) | undefined

  const next = (): void => {
    while (running.size < MAX_RUNNING) {
      const job = waiting.find(({ event }) => !running.has(event.server))
      if (job === undefined) break
      waiting = waiting.filter((other) => other !== job)
      running.add(job.event.server)
      void perform(job).then(() => {
        running.delete(job.event.server)
        next()
      })
    }
    if (running.size === 0) idle?.()
  }

  const perform = async ({ hook, event }: Job): Promise<void> => {
    const argv = hook.command.map((argument) => fill(argument, event))
    const fields = { command: argv, service: event.service, server: event.server }
    try {
      const failure = programFailure(await run(argv, { env: {}, stdin: '', timeoutMs: hook.timeout, user: hook.user }))
      if (failure === undefined) log.info(fields, 'a hook has run')
      else log.error({ ...fields, error: failure }, 'a hook failed')
    } catch (error) {
      log.error({ ...fields, error: String(error) }, 'a hook failed')
    }
  }

  return {
    notify(event) {
      if (event.from === event.to) return
      const state = event.to === 'online' ? 'up' : event.to
      for (const hook of hooks)
        if (hook.on.some((on) => on === event.to || on === state) && concerns(hook.services, event.service))
          waiting.push({ hook, event })
      const excess = waiting.length - MAX_WAITING
      if (excess > 0) {
        waiting = waiting.slice(excess)
        log.warn({ dropped: excess }, 'hooks were dropped')
      }
      next()
    },
    reload(other) {
      hooks = other
    },
    async close(deadlineMs) {
      if (running.size === 0) return
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        idle = resolve
        timer = setTimeout(resolve, deadlineMs)
      })
      clearTimeout(timer)
      waiting = []
    },
  }
}

/** A placeholder stands for its value; everything else for itself. No value begins like an option: it is an address, a state, a name. */
function fill(argument: string, { service, server, name, from, to }: ServerEvent): string {
  const [, address = server, port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(server) ?? []
  const values: Readonly<Record<string, string>> = {
    '{address}': address,
    '{port}': port,
    '{server}': server,
    '{name}': (name ?? address).replace(/^-+/, ''),
    '{service}': service,
    '{from}': from,
    '{to}': to,
  }
  return values[argument] ?? argument
}
