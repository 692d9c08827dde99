/** Text for the macros of man(7). */

/** Characters that roff would read, or print as others: `-` as a hyphen, `'` as a closing quote. */
const escapes: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '"': '\\(dq',
  '`': '\\(ga',
  '^': '\\(ha',
  '~': '\\(ti',
}

/** As it stands, so that it can be copied from the page. */
export function literal(text: string): string {
  return text.replace(/[\\\-'"`^~]/g, (character) => escapes[character] ?? character)
}

export function bold(text: string): string {
  return `\\fB${literal(text)}\\fR`
}

export function italic(text: string): string {
  return `\\fI${literal(text)}\\fR`
}

/** Prose: what stands between backticks, and options, are words to type. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]+`|(?<![\w-])-(?:-[a-z][a-z-]*|[a-zA-Z]\b))/)
    .map((part, i) => (i % 2 === 0 ? literal(part) : bold(part.replaceAll('`', ''))))
    .join('')
}

/** A line of text that is marked up already: a dot at its beginning would make it a request. */
export function textLine(marked: string): string {
  return marked.startsWith('.') ? `\\&${marked}` : marked
}
