/** Colours, where they are wanted. */
import type { Terminal } from './terminal.js'

/** What a line may be painted in. */
export type Colour = 'red' | 'green' | 'yellow' | 'bold' | 'dim'

const codes: Readonly<Record<Colour, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
}

/** Gives a text its colour, or leaves it as it is. */
export type Paint = (colour: Colour, text: string) => string

/** `when`: always, never, or auto, which is on a terminal unless NO_COLOR or TERM=dumb says otherwise. */
export function paintFor({ stdout, env }: Pick<Terminal, 'stdout' | 'env'>, when = 'auto'): Paint {
  const { NO_COLOR = '', TERM } = env
  const isWanted = when === 'always' || (when === 'auto' && stdout.isTTY === true && NO_COLOR === '' && TERM !== 'dumb')
  if (!isWanted) return (_colour, text) => text
  return (colour, text) => `\x1b[${codes[colour][0]}m${text}\x1b[${codes[colour][1]}m`
}
