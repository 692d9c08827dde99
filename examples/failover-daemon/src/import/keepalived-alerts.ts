/** keepalived's mail and notify scripts as alerts. */
import { find, flag } from './keepalived-tree.js'
import type { Block } from './keepalived-tree.js'
import type { Draft, DraftAlert, DraftService, Notes } from './model.js'
import { commandWords, isMailAddress } from './words.js'

type Alert = Draft['alerts'][number]

/** The alerts of one virtual_server. */
export function serviceAlerts(
  block: Block,
  globals: Block | undefined,
  of: readonly DraftService[],
  notes: Notes,
): readonly Alert[] {
  const servers = block.children.filter(({ keyword }) => keyword === 'real_server')
  const mail = wantsMail(globals, servers, notes) ? mailOf(globals, notes) : undefined
  for (const keyword of ['quorum_up', 'quorum_down']) {
    const found = find(block, keyword)
    const why = 'one program is told of both, with -u for up'
    if (found) notes.add(found.place, keyword, why, 'add an exec alert with events: [quorum]')
  }
  const scripts = (['down', 'up'] as const).flatMap((event) => scriptOf(servers, event, notes))
  return [
    ...(mail ? [{ sink: mail, events: ['down', 'up'] as const, of }] : []),
    ...joined(scripts).map((alert) => ({ ...alert, of })),
  ]
}

/** By default mail goes out for every real server. */
function wantsMail(globals: Block | undefined, servers: readonly Block[], notes: Notes): boolean {
  const all = flag(globals, 'smtp_alert_checker') ?? flag(globals, 'smtp_alert') ?? true
  const each = servers.map((server) => flag(server, 'smtp_alert') ?? all)
  const place = servers[0]?.place
  if (place && each.includes(true) && each.includes(false) && find(globals, 'notification_email'))
    notes.add(place, 'smtp_alert', 'alerts are about all servers of a service', 'all of them got it')
  return each.includes(true)
}

function mailOf(globals: Block | undefined, notes: Notes): DraftAlert['sink'] | undefined {
  const list = find(globals, 'notification_email')
  const to = (list?.children ?? []).map(({ keyword }) => keyword).filter(isMailAddress)
  if (list === undefined) return undefined
  const server = find(globals, 'smtp_server')
  if (to.length === 0 || server === undefined) {
    notes.add(list.place, 'notification_email', 'mail needs addresses and smtp_server', 'add a mail alert by hand')
    return undefined
  }
  const [host = '', port] = server.words
  const from = find(globals, 'notification_email_from')?.words[0]
  const name = host.includes(':') ? `[${host}]` : host
  return { mail: { to, ...(from && { from }), server: `smtp://${name}${port === undefined ? '' : `:${port}`}` } }
}

function scriptOf(
  servers: readonly Block[],
  event: 'down' | 'up',
  notes: Notes,
): readonly { readonly sink: { readonly exec: object }; readonly event: 'down' | 'up' }[] {
  const keyword = `notify_${event}`
  const found = servers.flatMap((server) => find(server, keyword) ?? [])
  const [first] = found
  if (first === undefined) return []
  const [text = '', ...user] = first.words
  const [command = '', ...args] = commandWords(text)
  if (found.length < servers.length || found.some(({ words }) => words.join('\n') !== first.words.join('\n'))) {
    const why = 'an alert is about all servers of a service, and gets the name of the one'
    notes.add(first.place, `${keyword} ${text}`, why, 'add an exec alert for the service')
    return []
  }
  if (!command.startsWith('/')) {
    notes.add(first.place, `${keyword} ${text}`, 'an alert needs an absolute path', 'add an exec alert by hand')
    return []
  }
  if (user.length > 0)
    notes.add(first.place, `${keyword} as ${user.join(' ')}`, 'alerts run as the daemon does', 'see that they can')
  return [{ sink: { exec: { command, ...(args.length > 0 && { args }) } }, event }]
}

/** The same program for down and up is one alert. */
function joined(
  scripts: readonly { readonly sink: { readonly exec: object }; readonly event: 'down' | 'up' }[],
): readonly Pick<DraftAlert, 'sink' | 'events'>[] {
  const [down, up] = scripts
  if (down && up && JSON.stringify(down.sink) === JSON.stringify(up.sink))
    return [{ sink: down.sink, events: ['down', 'up'] }]
  return scripts.map(({ sink, event }) => ({ sink, events: [event] }))
}
