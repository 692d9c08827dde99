/** What a mistyped name was meant to be. */

/** The name that a word begins, or that it differs least from, in whatever case; undefined where none is near. */
export function nearest(word: string, names: readonly string[]): string | undefined {
  const lower = word.toLowerCase()
  const begun = names.filter((name) => word.length > 1 && name.toLowerCase().startsWith(lower))
  if (begun.length > 0) return begun[0]
  const [best] = names
    .map((name) => ({ name, distance: distanceBetween(lower, name.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance)
  return best && best.distance <= (word.length < 4 ? 1 : 2) ? best.name : undefined
}

/** Letters added, left out, changed, or swapped with the next. */
export function distanceBetween(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)]
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = at(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(changed, at(last, j) + 1, at(row, j - 1) + 1, isSwapped ? at(before, j - 2) + 1 : Infinity)
    }
    ;[before, last] = [last, row]
  }
  return at(last, b.length)
}

function at(row: readonly number[] | undefined, i: number): number {
  return row?.[i] ?? Infinity
}
