/**
 * The page: one snapshot, kept up to date by the events of the director.
 * @import { Status } from '../src/status-schema.js'
 * @import { ConnectionState } from './connection.js'
 */
import { titleOf } from './attention.js'
import { Connection } from './connection.js'
import { byId } from './dom.js'
import { DirectorHeader, Needs, StaleNotice } from './header.js'
import { changed, renewed } from './model.js'
import { Services } from './services.js'
import { Timeline } from './timeline.js'
import { renewTimes } from './times.js'

/** @type {Status | undefined} */
let status
/** @type {ConnectionState} */
let state = 'connecting'
/** How far the director's clock is ahead of ours. */
let aheadMs = 0
const now = () => Date.now() + aheadMs

const header = new DirectorHeader()
const stale = new StaleNotice()
const services = new Services()
const needs = new Needs((service) => services.go(service))
const timeline = new Timeline(now)

/** @param {Status} next */
function show(next) {
  status = next
  aheadMs = Date.parse(next.time) - Date.now()
  header.show(next)
  needs.show(next)
  services.show(next)
  timeline.show(next.events)
  showState()
}

/** Leaves how long a snapshot took until it was on the screen, as far as a page can tell. @param {number} start */
function measure(start) {
  performance.clearMeasures('shown')
  requestAnimationFrame(() => setTimeout(() => performance.measure('shown', { start })))
}

function showState() {
  header.connection(state)
  const { heard } = connection
  stale.show(state, heard === undefined ? undefined : heard + aheadMs, now())
  document.title = titleOf(status, state)
  renewTimes(now())
}

const connection = new Connection(() => new EventSource('events'), {
  status(next) {
    const start = performance.now()
    // The director may be a newer one by now, and so may its page.
    if (status !== undefined && next.director.version !== status.director.version) location.reload()
    else show(renewed(status, next))
    measure(start)
  },
  change(change) {
    if (status !== undefined) show(changed(status, change))
  },
  state(next) {
    state = next
    showState()
  },
})

// Their addresses would take the place of the filter in that of the page.
for (const link of document.querySelectorAll('.skips a')) {
  link.addEventListener('click', (event) => {
    event.preventDefault()
    byId((link.getAttribute('href') ?? '').slice(1)).focus()
  })
}

connection.check()
setInterval(() => {
  connection.check()
  renewTimes(now())
}, 1000)
