/** Where ipvsadm reads and writes: the process's own streams unless others are given. */

/** Takes text: a stream of Node, or anything with a `write`. */
export interface TextSink {
  /** Called with whole lines, in order. */
  write(text: string): unknown
}

/** What rules are read from. */
export type TextSource = string | AsyncIterable<string | Uint8Array>

export interface Streams {
  readonly stdin: TextSource
  readonly stdout: TextSink
  readonly stderr: TextSink
}

export function streamsOf({
  stdin,
  stdout,
  stderr,
}: { readonly [K in keyof Streams]?: Streams[K] | undefined }): Streams {
  return {
    // The process's is made when it is asked for.
    get stdin() {
      return stdin ?? process.stdin
    },
    stdout: stdout ?? process.stdout,
    stderr: stderr ?? process.stderr,
  }
}

/** Everything that is to be read. */
export async function readText(source: TextSource): Promise<string> {
  let text = ''
  for await (const chunk of textOf(source)) text += chunk
  return text
}

/** Lines as they come, without their line feeds; the last also without one. */
export async function* readLines(source: TextSource): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of textOf(source)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}

async function* textOf(source: TextSource): AsyncGenerator<string> {
  if (typeof source === 'string') {
    yield source
    return
  }
  const decoder = new TextDecoder()
  for await (const chunk of source) yield typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
}
