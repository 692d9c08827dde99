/** Metrics of a snapshot and a table that a test may change, and what a scrape of them says. */
import type { Table } from 'ipvs'
import { Metrics, families } from '../src/metrics.js'
import type { Status } from '../src/status-schema.js'
import { readSeries } from './metrics-text.js'
import type { Series } from './metrics-text.js'

export const kernelStats = `   Total Incoming Outgoing         Incoming         Outgoing
   Conns  Packets  Packets            Bytes            Bytes
      2A  1234ABC        0     20000000000B               1F

 Conns/s   Pkts/s   Pkts/s          Bytes/s          Bytes/s
       0        0        0                0                0
`

export function metricsBench(status: Status, table: Table = [], readStats = () => Promise.resolve(kernelStats)) {
  const now = { status, table }
  const metrics = new Metrics({ status: () => now.status, table: () => now.table, readStats })
  const scrape = async () => readSeries(await metrics.text())
  return {
    now,
    metrics,
    scrape,
    /** The values of the series of that name, by their labels. */
    values: async (name: string): Promise<Record<string, number>> => valuesOf(await scrape(), name),
  }
}

/** `{ 'a=1 b=2': 3 }`, of all labels but these. */
export function valuesOf(
  series: readonly Series[],
  name: string,
  without: readonly string[] = [],
): Record<string, number> {
  const found = series.filter((series) => series.name === name)
  return Object.fromEntries(
    found.map(({ labels, value }) => {
      const shown = Object.entries(labels).filter(([label]) => !without.includes(label))
      return [shown.map(([label, value]) => `${label}=${value}`).join(' '), value]
    }),
  )
}

interface Described {
  readonly name: string
  readonly help: string
  readonly type: string
  readonly labelNames: readonly string[]
}

/** All metrics that there are: those of the registry are as prom-client has them. */
export const described = ({ registry }: Metrics): readonly Described[] => [
  ...families.map(({ labels, ...family }) => ({ ...family, labelNames: labels })),
  ...(registry.getMetricsAsArray() as unknown as readonly Described[]),
]
