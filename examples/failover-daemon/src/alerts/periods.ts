/** Mon's periods, as Perl's Time::Period reads them: `wd {Mon-Fri} hr {9am-4pm}, wd {Sat}`. */

type Range = readonly [first: number, last: number]
type Scale = 'yr' | 'mo' | 'wk' | 'yd' | 'md' | 'wd' | 'hr' | 'min' | 'sec'

/** Alternatives, of which one must hold; in each every scale must hold, by one of its ranges. */
export type Period = readonly ReadonlyMap<Scale, readonly Range[]>[]

const longNames: Readonly<Record<string, Scale>> = {
  year: 'yr',
  month: 'mo',
  week: 'wk',
  yday: 'yd',
  mday: 'md',
  wday: 'wd',
  hour: 'hr',
  minute: 'min',
  second: 'sec',
}
const limits: Readonly<Record<Scale, Range>> = {
  yr: [0, 9999],
  mo: [1, 12],
  wk: [1, 6],
  yd: [1, 366],
  md: [1, 31],
  wd: [1, 7],
  hr: [0, 23],
  min: [0, 59],
  sec: [0, 59],
}
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const days = ['su', 'mo', 'tu', 'we', 'th', 'fr', 'sa']

/** Parses a period; blank is always, `none` is never, undefined is none at all. Case and white space do not matter. */
export function parsePeriod(text: string): Period | undefined {
  const words = text.trim().toLowerCase()
  if (words.length > 1024) return undefined
  if (words === '') return [new Map()]
  if (words === 'none') return []
  const parts = words.split(',').map(parseAlternative)
  return parts.every((part) => part !== undefined) ? parts : undefined
}

function parseAlternative(text: string): ReadonlyMap<Scale, readonly Range[]> | undefined {
  const scales = new Map<Scale, readonly Range[]>()
  if (!/^\s*([a-z]+\s*\{[^{}]*\}\s*)+$/.test(text)) return undefined
  for (const [, name = '', values = ''] of text.matchAll(/([a-z]+)\s*\{([^{}]*)\}/g)) {
    const scale = Object.hasOwn(limits, name) ? (name as Scale) : longNames[name]
    if (scale === undefined) return undefined
    const words = values
      .replace(/\s*-\s*/g, '-')
      .split(/\s+/)
      .filter(Boolean)
    const ranges = words.map((word) => parseRange(scale, word))
    if (ranges.length === 0 || !ranges.every((range) => range !== undefined)) return undefined
    // A scale that is named again is extended.
    scales.set(scale, [...(scales.get(scale) ?? []), ...ranges])
  }
  return scales
}

function parseRange(scale: Scale, word: string): Range | undefined {
  const values = word.split('-').map((end) => parseValue(scale, end))
  const [first, last] = [values[0], values.at(-1)]
  return values.length > 2 || first === undefined || last === undefined ? undefined : [first, last]
}

function parseValue(scale: Scale, word: string): number | undefined {
  const value = /^\d{1,9}$/.test(word) ? Number(word) : parseWord(scale, word)
  const [min, max] = limits[scale]
  if (value === undefined || value < min || value > max) return undefined
  return scale === 'yr' && value > 99 && value < 1970 ? undefined : value
}

/** Of a month's name the first three letters count, of a week day's the first two. */
function parseWord(scale: Scale, word: string): number | undefined {
  if (scale === 'hr') {
    const [, digits, half] = /^(\d{1,2})(am|pm|noon)$/.exec(word) ?? []
    const hour = Number(digits)
    if (half === 'am') return hour === 12 ? 0 : hour
    if (half === 'pm') return hour === 12 ? 12 : hour + 12
    return half === 'noon' && hour === 12 ? 12 : undefined
  }
  if (!/^[a-z]+$/.test(word)) return undefined
  const index = scale === 'mo' ? months.indexOf(word.slice(0, 3)) : scale === 'wd' ? days.indexOf(word.slice(0, 2)) : -1
  return index < 0 ? undefined : index + 1
}

/** Whether the moment lies within the period, by the clocks of `zone` (an IANA name). @default zone the system's */
export function inPeriod(period: Period, date: Date, zone?: string): boolean {
  if (period.every((alternative) => alternative.size === 0)) return period.length > 0
  const now = wallClock(date, zone)
  return period.some((alternative) =>
    [...alternative].every(([scale, ranges]) => ranges.some((range) => holds(scale, range, now))),
  )
}

/** Both ends belong to a range, for their whole length. It wraps, but for years, whose ends are put in order. */
function holds(scale: Scale, range: Range, now: Readonly<Record<Scale, number>>): boolean {
  const value = now[scale]
  const century = value - (value % 100)
  const [first, last] = scale === 'yr' ? range.map((year) => (year <= 99 ? century + year : year)) : range
  if (first === undefined || last === undefined) return false
  if (first <= last) return first <= value && value <= last
  return scale === 'yr' ? last <= value && value <= first : first <= value || value <= last
}

const formats = new Map<string | undefined, Intl.DateTimeFormat>()

function wallClock(date: Date, zone: string | undefined): Readonly<Record<Scale, number>> {
  const numeric = 'numeric'
  const format =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-u-ca-gregory-hc-h23', {
      timeZone: zone,
      year: numeric,
      month: numeric,
      day: numeric,
      hour: numeric,
      minute: numeric,
      second: numeric,
    })
  formats.set(zone, format)
  const parts = new Map(format.formatToParts(date).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? NaN
  const [yr, mo, md] = [part('year'), part('month'), part('day')]
  const day = Date.UTC(yr, mo - 1, md)
  // Week 1 ends with the month's first Saturday.
  const firstDay = new Date(Date.UTC(yr, mo - 1, 1)).getUTCDay()
  return {
    yr,
    mo,
    wk: Math.floor((md - 1 + firstDay) / 7) + 1,
    yd: (day - Date.UTC(yr, 0, 1)) / 86_400_000 + 1,
    md,
    wd: new Date(day).getUTCDay() + 1,
    hr: part('hour'),
    min: part('minute'),
    sec: part('second'),
  }
}
