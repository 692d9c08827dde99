import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { stringify } from 'yaml'
import { described, metricsBench } from './metrics-bench.js'
import { needsPromtool, promtool } from './promtool.js'
import { statusOf } from './snapshots.js'

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[]
}

interface Dashboard {
  readonly uid: string
  readonly schemaVersion: number
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] }
  readonly annotations: { readonly list: readonly { readonly expr: string; readonly textFormat: string }[] }
  readonly panels: readonly Panel[]
}

const text = readFileSync('examples/failover-daemon/grafana/ipvs-failover.json', 'utf8')
const dashboard = JSON.parse(text) as Dashboard
const { panels, templating, annotations } = dashboard
const queries = [
  ...panels.flatMap(({ targets = [] }) => targets.map(({ expr, legendFormat }) => ({ expr, legend: legendFormat }))),
  ...annotations.list.map(({ expr, textFormat }) => ({ expr, legend: textFormat })),
]
const definitions = templating.list.flatMap(({ definition = '' }) => {
  const [, expr, label] = /^label_values\((.*), (\w+)\)$/.exec(definition) ?? []
  return expr === undefined || label === undefined ? [] : [{ expr, legend: `{{${label}}}` }]
})

/** What Prometheus adds, and what the histograms have. */
const everywhere = ['job', 'instance']
const labels = new Map<string, readonly string[]>()
for (const { name, type, labelNames } of described(metricsBench(statusOf([])).metrics)) {
  const own = [...labelNames, ...everywhere]
  if (type !== 'histogram') labels.set(name, own)
  else
    for (const [end, more] of [
      ['bucket', ['le']],
      ['sum', []],
      ['count', []],
    ] as const)
      labels.set(`${name}_${end}`, [...own, ...more])
}

t.test('its text is as JSON.stringify makes it, and it has a uid and a version of the schema', async (t) => {
  t.equal(text, `${JSON.stringify(dashboard, undefined, 2)}\n`)
  t.match(dashboard, { id: null, uid: 'ipvs-failover', schemaVersion: 39 })
  t.strictSame(
    templating.list.map(({ name }) => name),
    ['datasource', 'job', 'instance', 'service'],
  )
  t.equal(definitions.length, 3)
})

t.test('every metric and every label that it asks for is one that there is', async (t) => {
  t.ok(queries.length > 30)
  for (const { expr, legend } of [...queries, ...definitions]) {
    const selectors = [...expr.matchAll(/\b([a-z]\w*_\w+)(?:\{([^}]*)\})?/g)].filter(([, name = '']) =>
      /^(ipvs|node|process)/.test(name),
    )
    t.ok(selectors.length > 0, expr)
    const common = selectors.map(([, name = '', matchers = '']) => {
      const known = labels.get(name) ?? []
      t.ok(labels.has(name), `${name} of ${expr}`)
      for (const [, label = ''] of matchers.matchAll(/(\w+)=/g)) t.ok(known.includes(label), `${name} has ${label}`)
      return known
    })
    const by = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(', ')
    for (const label of by ?? [])
      t.ok(
        common.every((known) => known.includes(label)),
        `by ${label} of ${expr}`,
      )
    for (const [, label = ''] of legend.matchAll(/\{\{(\w+)\}\}/g))
      t.ok((by ?? common[0] ?? []).includes(label), `${label} is left by ${expr}`)
  }
})

t.test('it asks for no variable that it does not have', async (t) => {
  const known = new Set([...templating.list.map(({ name }) => name), '__rate_interval', '__range'])
  for (const [, name = ''] of text.matchAll(/\$\{?(\w+)/g)) t.ok(known.has(name), name)
})

t.test('Prometheus can read every query', needsPromtool, async (t) => {
  const rules = queries.map(({ expr }, i) => ({
    record: `query:${i}`,
    expr: expr.replaceAll('$__rate_interval', '2m').replaceAll('$__range', '3h'),
  }))
  const folder = t.testdir({ 'rules.yaml': stringify({ groups: [{ name: 'dashboard', rules }] }) })
  const { status, text } = promtool(['check', 'rules', '--lint=none', join(folder, 'rules.yaml')])
  t.equal(status, 0, text)
})

t.test('its panels have ids of their own, fit the grid, and none lies upon another', async (t) => {
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length)
  for (const [i, { gridPos: a, title }] of panels.entries()) {
    t.ok(a.x >= 0 && a.w > 0 && a.h > 0 && a.x + a.w <= 24, title)
    for (const { gridPos: b, title: other } of panels.slice(i + 1)) {
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y
      t.ok(apart, `${title} and ${other}`)
    }
  }
})

t.test('every panel shows something', async (t) => {
  for (const { type, title, targets = [] } of panels)
    if (type !== 'row') t.ok(targets.length > 0 && targets.every(({ expr }) => expr !== ''), title)
})
