/** Reads the text format of Prometheus, for tests. */
export interface Series {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/
const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"/g

/** Throws for a line that is not of that format. */
export function readSeries(text: string): readonly Series[] {
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('# '))
    .map((text) => {
      const [, name, labels = '', value] = line.exec(text) ?? []
      if (name === undefined) throw new Error(`no series: ${text}`)
      const pairs = [...labels.matchAll(label)].map(([, key = '', value = '']) => [key, unescaped(value)] as const)
      return { name, labels: Object.fromEntries(pairs), value: Number(value) }
    })
}

const unescaped = (value: string) =>
  value.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
