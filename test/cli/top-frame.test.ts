import t from 'tap'
import { composeFrame } from '../../lib/cli/top/frame.js'
import { short, sparkline } from '../../lib/cli/top/figures.js'
import { longestHistory, remember, rowsOf, type History, type SortKey } from '../../lib/cli/top/rows.js'
import { fit } from '../../lib/command-line/screen.js'
import type { Table } from '../../lib/index.js'
import { dns, http, http6, mark } from '../tables.js'
import { busy } from './busy.js'

t.test('a number never takes more than four characters', async (t) => {
  const known: readonly (readonly [number, string])[] = [
    [0, '0'],
    [7, '7'],
    [999, '999'],
    [1000, '1.0k'],
    [1234, '1.2k'],
    [9949, '9.9k'],
    [9951, '10k'],
    [12_345, '12k'],
    [999_499, '999k'],
    [999_500, '1.0M'],
    [3_400_000, '3.4M'],
    [123_456_789_012, '123G'],
    [2 ** 64, '18E'],
  ]
  for (const [value, text] of known) t.equal(short(value), text, String(value))
  for (let value = 1; value < 2 ** 64; value = value * 1.037 + 1) {
    const text = short(Math.floor(value))
    if (text.length > 4 || !/^[0-9]+(\.[0-9])?[kMGTPE]?$/.test(text)) t.fail(`${value} is shown as ${text}`)
  }
})

t.test('a sparkline ends at its right, is full at its highest, and flat at 0', async (t) => {
  t.equal(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8), '▁▂▃▄▅▆▇█')
  t.equal(sparkline([5, 10], 4), '  ▅█')
  t.equal(sparkline([9, 9, 9], 2), '██')
  t.equal(sparkline([0, 0], 2), '▁▁')
  t.equal(sparkline([1, 100_000], 2), '▂█', 'what is not nothing is seen')
  t.equal(sparkline([1, 2], 0), '')
  t.equal(sparkline([], 3), '   ')
})

const table: Table = [
  busy(http, [
    { address: '10.0.0.10', rate: 10, active: 5, inactive: 20 },
    { address: '10.0.0.9', rate: 20, active: 1 },
    { address: '10.0.0.11', weight: 0, inactive: 2 },
  ]),
  busy(dns, [{ address: '10.0.0.9', rate: 1500, inactive: 900 }]),
]

const namesBy = (sort: SortKey) => rowsOf(table, sort).map(({ name }) => name)

t.test('rows are the sum, and services with their servers, by name or the busiest first', async (t) => {
  const [web, names] = ['tcp/192.0.2.100:80', 'udp/192.0.2.100:53']
  t.same(namesBy('name'), ['total', web, '10.0.0.9:80', '10.0.0.10:80', '10.0.0.11:80', names, '10.0.0.9:53'])
  t.same(namesBy('rate'), ['total', names, '10.0.0.9:53', web, '10.0.0.9:80', '10.0.0.10:80', '10.0.0.11:80'])
  t.same(namesBy('connections'), ['total', names, '10.0.0.9:53', web, '10.0.0.10:80', '10.0.0.11:80', '10.0.0.9:80'])
  t.same(namesBy('bytes'), namesBy('rate'))
})

t.test('a service shows its own rates and the connections of its servers, the sum those of the services', async (t) => {
  const [total, web] = rowsOf(table, 'name')
  t.match(web, { active: 6, inactive: 22, rate: { connections: 30, packetsIn: 150, bytesOut: 12_000 } })
  t.match(total, { active: 6, inactive: 922, rate: { connections: 1530, packetsOut: 6120, bytesIn: 765_000 } })
})

/** The history after these tables. */
const historyOf = (...tables: readonly Table[]) =>
  tables.reduce<History>((history, some) => remember(history, rowsOf(some, 'name')), new Map())

t.test('the history knows the same server of two services apart, and forgets what is gone', async (t) => {
  const [web, names] = table
  const history = historyOf(table, table)
  t.same(history.get('total'), [928, 928])
  t.same(history.get('tcp/192.0.2.100:80 10.0.0.9:80'), [1, 1])
  t.same(history.get('udp/192.0.2.100:53 10.0.0.9:53'), [900, 900])
  const later = historyOf(table, web ? [web] : [], table)
  t.same(later.get('udp/192.0.2.100:53'), [900], 'what comes back begins anew')
  t.same(later.get('total'), [928, 28, 928])
  t.same(historyOf(names ? [names] : []).size, 3)
})

t.test('the history is no longer than what can be shown', async (t) => {
  const history = historyOf(...Array.from({ length: longestHistory + 5 }, () => table))
  t.equal(history.get('total')?.length, longestHistory)
})

/** The lines of a frame after these tables, the last of which is shown. */
function frame(
  tables: readonly Table[],
  canvas: { columns: number; rows?: number; ending?: string | undefined },
): string[] {
  const rows = rowsOf(tables.at(-1) ?? [], 'name')
  const view = { rows, history: historyOf(...tables), intervalMs: 2000, words: ['ipvs top', 'lb1', '12:34:56'] }
  const whole = { rows: Infinity, ending: 'q quit', ...canvas }
  return fit(composeFrame(view, whole), whole).map(({ text }) => text)
}

t.test('a screen of 80 columns', async (t) => {
  const quiet = [busy(http, [{ address: '10.0.0.10' }, { address: '10.0.0.9', active: 2 }])]
  t.same(frame([quiet, table], { columns: 79 }), [
    'ipvs top  lb1  12:34:56  2 services, 4 servers  every 2s  q quit',
    '                           PACKETS/S    BYTES/S    CONNECTIONS',
    'SERVICE, SERVER     NEW/S    IN  OUT    IN  OUT  ACTIVE  INACT  LAST 30s',
    'total                1.5k  7.7k 6.1k  765k 612k       6    922               ▂█',
    'tcp/192.0.2.100:80     30   150  120   15k  12k       6     22               ▂█',
    '  10.0.0.9:80          20   100   80   10k 8.0k       1      0               █▅',
    '  10.0.0.10:80         10    50   40  5.0k 4.0k       5     20               ▁█',
    '  10.0.0.11:80          0     0    0     0    0       0      2                █',
    'udp/192.0.2.100:53   1.5k  7.5k 6.0k  750k 600k       0    900                █',
    '  10.0.0.9:53        1.5k  7.5k 6.0k  750k 600k       0    900                █',
  ])
})

t.test('services stand out, and servers of weight 0 step back', async (t) => {
  const canvas = { columns: 79, rows: 24, ending: 'q quit' }
  const rows = rowsOf(table, 'name')
  const lines = composeFrame({ rows, history: new Map(), intervalMs: 2000, words: [] }, canvas)
  const colours = lines.map(({ colour }) => colour)
  t.same(colours, ['bold', 'dim', 'dim', 'bold', 'bold', undefined, undefined, 'dim', 'bold', undefined])
})

const long = [
  busy({ ...http6, protocol: 'sctp', address: '2001:db8:1111:2222:3333:4444:5555:6666', port: 65535 }, [
    { address: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', active: 1 },
  ]),
  busy({ ...mark, firewallMark: 4294967295, family: 'ipv6' }, []),
]

t.test('the longest names fit where there is room, and lose their middle where there is none', async (t) => {
  const [, , , , marked = '', service = '', server = ''] = frame([long], { columns: 120 })
  t.match(marked, /^mark\/4294967295\/ipv6 +0 /)
  t.match(server, /^ {2}\[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff\]:65535 +0 .* █$/)
  t.match(service, /^sctp\/\[2001:db8:1111:2222:3333:4444:5555:6666\]:65535 +0 /)
  const [, , , , , , narrow = ''] = frame([long], { columns: 79 })
  t.match(narrow, /^ {2}\[2001:db8…c:dddd:eeee:ffff\]:65535 +0 .* 1 +0$/)
  t.ok(narrow.length <= 79)
})

t.test('no line is wider than the screen, however narrow, and all columns stand in line', async (t) => {
  const wrong: string[] = []
  for (let columns = 1; columns < 140; columns++) {
    for (const some of [table, long]) {
      const lines = frame([some], { columns })
      wrong.push(...lines.filter(({ length }) => length > columns))
      if (columns < 79) continue
      const ends = lines.slice(3).map((line) => /^.{15}.*?( +\d\S*){7}/.exec(line)?.[0].length)
      if (new Set(ends).size > 1) wrong.push(`the last numbers end in ${ends.join(', ')} of ${columns}`)
    }
  }
  t.same(wrong, [])
})

t.test('a low screen says how many rows are not shown', async (t) => {
  t.same(frame([table], { columns: 79, rows: 10 }).length, 10)
  const low = frame([table], { columns: 79, rows: 7 })
  t.equal(low.length, 7)
  t.match(low[5], /10.0.0.9:80/)
  t.equal(low[6], '4 more lines do not fit')
  t.same(frame([table], { columns: 79, rows: 1 }), ['10 more lines do not fit'])
})

t.test('without services there is only the sum', async (t) => {
  const lines = frame([[]], { columns: 79, ending: undefined })
  t.equal(lines[0], 'ipvs top  lb1  12:34:56  0 services, 0 servers  every 2s')
  t.match(lines[3], /^total +0 +0 /)
  t.equal(lines[4], 'no virtual services')
})
