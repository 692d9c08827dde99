/** Where a text stops being JSON. What Node.js says of that differs by version, and has no position for some faults. */

/** The first thing that is wrong. Lines and columns count from 1, columns as JavaScript counts characters. */
export interface JsonFault {
  readonly line: number
  readonly column: number
  readonly expected: string
  readonly found: string
}

const text = String.raw`"[^"\\\x00-\x1f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*)*"`
const value = `${text}|-?(?:0|[1-9][0-9]*)(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null|\\[|\\{`

/** What may come next: how it looks, and what it is called. */
const states = {
  value: [value, 'a value'],
  valueOrEnd: [`${value}|\\]`, 'a value or ]'],
  key: [text, 'a name in double quotes'],
  keyOrEnd: [`${text}|\\}`, 'a name in double quotes, or }'],
  colon: [':', ':'],
  afterMember: ['[,}]', ', or }'],
  afterElement: ['[,\\]]', ', or ]'],
  end: ['$', 'nothing more'],
} as const
type State = keyof typeof states

/** undefined for JSON. */
export function jsonFault(json: string): JsonFault | undefined {
  const tokens = Object.fromEntries(
    Object.entries(states).map(([state, [source]]) => [state, new RegExp(source, 'y')]),
  ) as Readonly<Record<State, RegExp>>
  const blank = /[ \t\n\r]*/y
  const open: ('{' | '[')[] = []
  let at = 0
  const take = (token: RegExp): string | undefined => {
    token.lastIndex = at
    const [found] = token.exec(json) ?? []
    at += found?.length ?? 0
    return found
  }
  let state: State = 'value'
  for (;;) {
    take(blank)
    const token = take(tokens[state])
    if (token === undefined) {
      const [source, expected] = states[state]
      return { ...placeOf(json, at), expected, found: wordAt(json, at, source.startsWith(text)) }
    }
    if (state === 'end') return undefined
    state = stateAfter(state, token, open)
  }
}

/** Keeps count of what is open, too. */
function stateAfter(state: State, token: string, open: ('{' | '[')[]): State {
  switch (token) {
    case '{':
      open.push(token)
      return 'keyOrEnd'
    case '[':
      open.push(token)
      return 'valueOrEnd'
    case ':':
      return 'value'
    case ',':
      return open.at(-1) === '{' ? 'key' : 'value'
    case '}':
    case ']':
      open.pop()
      break
    default:
      if (state === 'key' || state === 'keyOrEnd') return 'colon'
  }
  const around = open.at(-1)
  return around === undefined ? 'end' : around === '{' ? 'afterMember' : 'afterElement'
}

function placeOf(json: string, at: number): { readonly line: number; readonly column: number } {
  const lines = json.slice(0, at).split(/\r\n|\n|\r/)
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 }
}

/** What stands there, a few characters of it. */
function wordAt(json: string, at: number, isTextExpected: boolean): string {
  if (at === json.length) return 'the end'
  if (json[at] === '"') return isTextExpected ? 'a string without end, or with a wrong escape' : 'a string'
  const [word] = /^[\w.+-]+|^[^]/u.exec(json.slice(at, at + 20)) ?? ['']
  return JSON.stringify(word)
}
