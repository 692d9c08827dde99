/** Numbers that never take more than four characters, and their course in blocks. */

const units = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const

/** `7`, `999`, `1.2k`, `34M`: thousands, as networks count; the kernel's largest number is 18E. */
export function short(value: number): string {
  let scaled = value
  let unit = 0
  // What would be rounded to 1000 is 1.0 of the next.
  while (Math.round(scaled) >= 1000 && unit < units.length - 1) {
    scaled /= 1000
    unit++
  }
  const isSmall = unit > 0 && scaled < 9.95
  return (isSmall ? scaled.toFixed(1) : String(Math.round(scaled))) + (units[unit] ?? '')
}

const blocks = '▁▂▃▄▅▆▇█'

/** A block for each of the last values, the newest at the right; the highest of them is a full one, and none but 0 is the lowest. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(Math.max(0, values.length - width))
  const highest = Math.max(...shown)
  const block = (value: number) => blocks[value === 0 ? 0 : Math.ceil((value / highest) * (blocks.length - 1))]
  return shown.map(block).join('').padStart(width)
}
