import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parse, stringify } from 'yaml'
import { described, metricsBench } from './metrics-bench.js'
import { needsPromtool, promtool } from './promtool.js'
import { serverStatus, serviceStatus, statusOf } from './snapshots.js'
import { entry } from './tables.js'

const page = readFileSync('examples/failover-daemon/docs/metrics.md', 'utf8')
const blocks = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text)

/** Metrics of which each has a value. */
function full() {
  const servers = [serverStatus('192.0.2.11:80', { name: 'web1' }), serverStatus('192.0.2.12:80', { state: 'failed' })]
  const status = statusOf([serviceStatus(servers, { announced: true })])
  const director = { ...status.director, role: 'master', standing: 'preferred', syncDaemon: 'master' } as const
  const bench = metricsBench({ ...status, director }, [entry({ '192.0.2.11': 1 })])
  bench.metrics.verdict('tcp 192.0.2.100:80', { outcome: 'pass' }, 1)
  bench.metrics.round(10, Date.now())
  return bench
}

t.test('promtool has nothing to say against the text', needsPromtool, async (t) => {
  const { metrics } = full()
  t.strictSame(promtool(['check', 'metrics'], await metrics.text()), { status: 0, text: '' })
  const wrong = '# HELP a_total A.\n# TYPE a_total gauge\na_total 1\n'
  t.match(promtool(['check', 'metrics'], wrong), { status: 3, text: /"_total" suffix/ }, 'it is heard')
})

t.test('every metric has a help of one line and, but for gauges without series, a value', async (t) => {
  const { metrics, scrape } = full()
  const names = new Set((await scrape()).map(({ name }) => name.replace(/_(bucket|sum|count)$/, '')))
  for (const { name, help } of described(metrics)) {
    t.match(help, /^\S[^\n]+\S$/, name)
    if (!name.startsWith('nodejs_gc_')) t.ok(names.has(name), `${name} has a value`)
  }
})

t.test('docs/metrics.md has every metric with its type, labels and meaning, and no other', async (t) => {
  const { metrics } = full()
  const rows = [...page.matchAll(/^\| `((?:ipvs_failover|node_ipvs)_\w+)` *\| (\w+) *\| (.*?) *\| (.*?) *\|$/gm)]
  const shown = rows.map(([, name, type, labels, help]) => ({ name, type, labels, help }))
  const known = ['ipvs_failover_', 'node_ipvs_']
    .flatMap((start) => described(metrics).filter(({ name }) => name.startsWith(start)))
    .map(({ name, type, labelNames, help }) => {
      return { name, type, labels: labelNames.map((label) => `\`${label}\``).join(', '), help }
    })
  t.strictSame(shown, known)
  const names = new Set(described(metrics).map(({ name }) => name))
  for (const [, name = ''] of page.matchAll(/\b((?:nodejs|process)_\w+)/g)) t.ok(names.has(name), name)
})

t.test('its rules and its scrape configuration are what Prometheus takes', needsPromtool, async (t) => {
  const [scrape = '', rules = '', relabel = ''] = blocks
  const folder = t.testdir({ 'rules.yaml': rules })
  t.match(promtool(['check', 'rules', join(folder, 'rules.yaml')]), { status: 0, text: /SUCCESS: 3 rules found/ })
  const config = parse(scrape) as { readonly scrape_configs: readonly object[] }
  const more = parse(relabel) as object
  const whole = stringify({ scrape_configs: config.scrape_configs.map((job) => ({ ...job, ...more })) })
  const { status, text } = promtool([
    'check',
    'config',
    '--syntax-only',
    join(t.testdir({ 'prometheus.yaml': whole }), 'prometheus.yaml'),
  ])
  t.equal(status, 0, text)
})

t.test('its rules ask for metrics that there are', async (t) => {
  const names = new Set(described(full().metrics).map(({ name }) => name))
  const found = [...page.matchAll(/\bipvs_failover_\w+/g)].map(([name]) => name).filter((name) => !name.endsWith('_'))
  for (const name of found) t.ok(names.has(name), name)
})
