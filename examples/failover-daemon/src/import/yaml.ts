/** Settled services -> the text of a configuration, in the order and style of failover.yaml, with comments. */
import { Document, YAMLMap, YAMLSeq, isMap, isScalar } from 'yaml'
import type { Node } from 'yaml'
import type { Settled } from './model.js'

/** `notes` become comments at the head: whoever reads the file later sees what is missing. */
export function writeYaml({ source, nodeStates, alerts, services }: Settled, notes: readonly string[]): string {
  const document = new Document({
    ...(nodeStates !== undefined && { nodeStates }),
    ...(alerts.length > 0 && {
      alerts: alerts.map(({ sink, services: of, events, numalerts, alertafter, alertevery, period }) => ({
        ...sink,
        ...(of.length > 0 && { services: of }),
        events,
        ...(numalerts !== undefined && { numalerts }),
        ...(alertafter !== undefined && { alertafter }),
        ...(alertevery !== undefined && { alertevery }),
        ...(period !== undefined && { period }),
      })),
    }),
    services: services.map(({ fields }) => fields),
  })
  document.commentBefore = comment([
    `ipvs-failover: imported from ${source}.`,
    '`ipvs-failover check-config -c FILE` validates it; read it before you run it.',
    ...(notes.length === 0 ? [] : ['Not carried over:', ...notes.map((note) => `- ${note}`)]),
  ])
  const top = document.contents as YAMLMap
  for (const pair of top.items) if (isScalar(pair.key) && pair.key !== top.items[0]?.key) pair.key.spaceBefore = true
  for (const item of listAt(top, 'alerts')) flow(item, ['mail', 'exec', 'services', 'events'])
  listAt(top, 'services').forEach((item, i) => {
    item.commentBefore = comment([services[i]?.comment ?? ''])
    item.spaceBefore = i > 0
    flow(item, ['persistence', 'quorum'])
    for (const server of listAt(item, 'servers')) if (isMap(server)) server.flow = true
    const check = item.get('check')
    if (isMap(check)) flow(check, ['status', 'body', 'headers', 'tls', 'codes', 'command', 'args', 'directories'])
  })
  return document.toString({ singleQuote: true, lineWidth: 0, flowCollectionPadding: true })
}

const comment = (lines: readonly string[]): string => lines.map((line) => ` ${line}`).join('\n')

/** The nodes of the list under a key; none where there is no list. */
function listAt(map: YAMLMap, key: string): readonly YAMLMap[] {
  const list = map.get(key)
  return list instanceof YAMLSeq ? (list.items as YAMLMap[]) : []
}

/** These keys on one line each. */
function flow(map: YAMLMap, keys: readonly string[]): void {
  for (const key of keys) {
    const value = map.get(key) as Node | undefined
    if (value instanceof YAMLMap || value instanceof YAMLSeq) value.flow = true
  }
}
