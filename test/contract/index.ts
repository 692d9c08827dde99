/** One suite of behaviours, run on the in-memory kernel and on real ones: what holds here is what users may rely on. */
import type { Test } from 'tap'
import { directors } from './directors.js'
import type { Harness } from './harness.js'
import { destinationErrnos } from './destination-errnos.js'
import { directorErrnos } from './director-errnos.js'
import { serviceErrnos } from './service-errnos.js'
import { refusals } from './refusals.js'
import { settings } from './settings.js'
import { strangers } from './strangers.js'
import { tables } from './tables.js'
import { watching } from './watching.js'

export async function contract(t: Test, makeHarness: (t: Test) => Promise<Harness>): Promise<void> {
  const themes = {
    settings,
    tables,
    watching,
    directors,
    strangers,
    refusals,
    serviceErrnos,
    destinationErrnos,
    directorErrnos,
  }
  for (const [name, theme] of Object.entries(themes)) {
    await t.test(name, (t) => theme((name, body) => t.test(name, async (t) => body(t, await makeHarness(t)))))
  }
}
