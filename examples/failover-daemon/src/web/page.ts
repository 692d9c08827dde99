/** The page as the configuration has it: opened, opened anew when that changes, closed. That it cannot be opened stops nothing else. */
import { Episodes } from '../episodes.js'
import type { Log } from '../log.js'
import { endpointText } from '../scalars.js'
import { readSecret } from '../secrets.js'
import type { PageConfig } from './schema.js'
import type { Shown } from './answers.js'
import { openWeb } from './server.js'
import type { WebServer } from './server.js'

const retryMs = 5000

export class Page {
  readonly #shown: Shown
  readonly #log: Log
  readonly #episodes: Episodes
  #server: WebServer | undefined
  /** What it was opened with. */
  #settings = ''
  /** Of another try to open it. */
  #retry: NodeJS.Timeout | undefined
  /** One thing after another. */
  #work: Promise<void> = Promise.resolve()

  constructor(shown: Shown, log: Log) {
    this.#shown = shown
    this.#log = log
    this.#episodes = new Episodes(log)
  }

  /** As this says from now on; nothing changes if it is open in just that way. Never rejects. */
  configure(config: PageConfig | undefined): Promise<void> {
    return (this.#work = this.#work.then(() => this.#configure(config)))
  }

  /** For people: that it cannot be opened. */
  get problems(): readonly string[] {
    return this.#episodes.current()
  }

  /** What it shows may have changed. */
  changed(): void {
    this.#server?.changed()
  }

  close(): Promise<void> {
    return this.configure(undefined)
  }

  async #configure(config: PageConfig | undefined): Promise<void> {
    clearTimeout(this.#retry)
    try {
      const settings = config === undefined ? '' : settingsOf(config)
      if (this.#server !== undefined && settings === this.#settings) return
      await this.#server?.close()
      this.#server = undefined
      if (config === undefined) return this.#episodes.report('opening the page', [])
      this.#server = await openWeb(config, this.#shown, this.#log)
      this.#settings = settings
      this.#episodes.report('opening the page', [])
      this.#log.info({ listen: listenText(config) }, 'the page is open')
    } catch (error) {
      this.#episodes.report('opening the page', [{ error: error instanceof Error ? error.message : String(error) }])
      // Its address may come later than the daemon.
      this.#retry = setTimeout(() => void this.configure(config), retryMs).unref()
    }
  }
}

/** With what its files hold. */
function settingsOf(config: PageConfig): string {
  const { passwordFile, tokenFile } = config.auth ?? {}
  return JSON.stringify([config, ...[passwordFile, tokenFile].map((file) => file && readSecret(file))])
}

const listenText = ({ listen: { address = '', port = 0, path }, tls }: PageConfig): string =>
  path ?? `${tls === undefined ? 'http' : 'https'}://${endpointText(address, port)}/`
