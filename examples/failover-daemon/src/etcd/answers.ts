/** Bodies of answers: text that has an end, and JSON a line at a time. */

/** Longer answers, and longer lines, are refused: 10,000 services take some 10 MB. */
const mostBytes = 1 << 25

/** The whole of it. */
export async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    if (bytes > mostBytes) throw new Error(`expected an answer of at most ${mostBytes} bytes, found more`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** What stands in each line, as it comes. */
export async function* jsonLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > mostBytes)
      throw new Error(`expected lines of at most ${mostBytes} characters, found a longer one`)
    for (const line of lines) yield JSON.parse(line) as unknown
  }
}
