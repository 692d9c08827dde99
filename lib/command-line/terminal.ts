/** What is drawn upon. */

/** Where text goes; the process's stdout is one. */
export interface Output {
  /** Takes text; nobody waits until it is out. */
  write(text: string): unknown
  /** A terminal: may be coloured and drawn upon. */
  readonly isTTY?: boolean | undefined
  /** Of a terminal. */
  readonly columns?: number | undefined
  /** Of a terminal. */
  readonly rows?: number | undefined
}

/** All of the world that a drawing touches. */
export interface Terminal {
  /** Where it is drawn. */
  readonly stdout: Output
  /** TERM and NO_COLOR count. */
  readonly env: Readonly<Record<string, string | undefined>>
  /**
   * Calls back with the keys as they are pressed, Ctrl-C too, none shown, until the function that it gives is called. Only where
   * stdin is a terminal.
   */
  readonly onKey?: ((listener: (key: string) => void) => () => void) | undefined
  /** Aborted when the user wants an end: SIGINT, SIGTERM. */
  readonly signal: AbortSignal
}

/** Whether it can be drawn upon. */
export function isTerminal({ stdout, env }: Pick<Terminal, 'stdout' | 'env'>): boolean {
  return stdout.isTTY === true && env['TERM'] !== 'dumb'
}

/** The keys of the process's stdin, for `onKey`; undefined where it is no terminal. */
export function keysOf(stdin: NodeJS.ReadStream): Terminal['onKey'] {
  if (!stdin.isTTY) return undefined
  return (listener) => {
    const hear = (keys: Buffer) => listener(keys.toString('latin1'))
    stdin.setRawMode(true).on('data', hear)
    return () => void stdin.off('data', hear).setRawMode(false).pause()
  }
}
