/** Hears keepalived by its notify FIFO. */
import { constants, closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { Socket } from 'node:net'
import { instance } from './keepalived.js'
import { words } from './role.js'
import type { Word } from './role.js'

/** Longer than any line of keepalived: it is none. */
const mostLine = 1024

const line = new RegExp(`^INSTANCE "${instance}" (${words.join('|')}) \\d{1,3}$`)

/** Reads lines, in whatever pieces they come; other instances, groups and what is no line at all are passed over. */
export class Lines {
  #rest = ''

  /** What this piece says of our instance, in order. */
  read(piece: string): readonly Word[] {
    const lines = (this.#rest + piece).split('\n')
    this.#rest = lines.pop() ?? ''
    // What is cut off has no quote in front, and is no line of ours any more.
    if (this.#rest.length > mostLine) this.#rest = this.#rest.slice(-mostLine)
    return lines.flatMap((text) => line.exec(text)?.[1] ?? []) as readonly Word[]
  }
}

export interface Listener {
  /** keepalived has said something. */
  readonly onWord: (word: Word) => void
  /** keepalived has closed its end: it has ended, or begins anew. */
  readonly onGone: () => void
}

/**
 * The FIFO at a path, which may come, go and be another one: look() opens it. Only keepalived writes; its end of the FIFO is open from its
 * start to its end.
 */
export class Fifo {
  readonly #path: string
  readonly #listener: Listener
  #open: { readonly socket: Socket; readonly inode: number } | undefined
  #running = false

  constructor(path: string, listener: Listener) {
    this.#path = path
    this.#listener = listener
  }

  /** Whether keepalived has its end open, as far as is known. */
  get running(): boolean {
    return this.#running
  }

  /** Opens it if it is not, or if there is another one now. Throws what the system says. */
  look(): void {
    if (this.#open !== undefined) {
      if (statSync(this.#path, { throwIfNoEntry: false })?.ino === this.#open.inode) return
      this.close()
    }
    const fd = openSync(this.#path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW)
    const { ino: inode } = notOther(fd, this.#path)
    const lines = new Lines()
    const hear = (piece: Buffer) => {
      this.#running = true
      for (const word of lines.read(piece.toString('latin1'))) this.#listener.onWord(word)
    }
    // Of a FIFO with a writer and nothing in it, this is EAGAIN: whether keepalived is there is known without a word of it.
    const first = readNow(fd)
    this.#running = first === undefined || first.length > 0
    const socket = new Socket({ fd, readable: true, writable: false })
    this.#open = { socket, inode }
    socket.unref()
    socket.on('data', hear)
    socket.on('error', () => socket.destroy())
    // The end comes when the last writer has gone; the next one is heard by another open() only.
    socket.on('close', () => this.#gone(socket))
    if (first !== undefined && first.length > 0) hear(first)
  }

  close(): void {
    const socket = this.#open?.socket
    this.#open = undefined
    this.#running = false
    socket?.destroy()
  }

  #gone(socket: Socket): void {
    if (this.#open?.socket !== socket) return
    this.close()
    this.#listener.onGone()
  }
}

function notOther(fd: number, path: string) {
  const stat = fstatSync(fd)
  if (stat.isFIFO()) return stat
  closeSync(fd)
  throw new Error(`expected a FIFO at ${path}, found another file`)
}

/** What is there; empty when nobody has it open for writing, undefined when somebody has and says nothing. */
function readNow(fd: number): Buffer | undefined {
  const buffer = Buffer.alloc(65536)
  try {
    return buffer.subarray(0, readSync(fd, buffer))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined
    closeSync(fd)
    throw error
  }
}
