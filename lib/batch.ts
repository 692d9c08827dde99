/** Requests in the bytes that cross the seam, as they come, in chunks of so many as are sent together. */
import { putRequest, requestSize } from './wire.js'
import type { Request } from './records.js'

/** A few milliseconds of the kernel's time, for which other calls of the handle wait. */
export const chunkLength = 1024
/** What the first chunk begins with: most plans are short. */
const firstCapacity = 16

export class RequestBatch {
  /** All but the last are full. */
  readonly #chunks: Uint8Array[] = []
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)
  #length = 0
  #last: Request | undefined

  get length(): number {
    return this.#length
  }

  add(request: Request): void {
    const at = (this.#length++ % chunkLength) * requestSize
    if (at === 0) this.#begin()
    else if (at === this.#bytes.length) this.#grow()
    const { command, service, destination } = request
    // Most follow one of the same service, which is two thirds of what there is to write.
    if (at > 0 && service && destination && this.#last?.service === service) {
      this.#bytes.copyWithin(at, at - requestSize, at)
      putRequest(this.#view, at, { command, destination })
    } else {
      putRequest(this.#view, at, request)
    }
    this.#last = request
  }

  /** Views of all of them, in order. */
  chunks(): readonly Uint8Array[] {
    return this.#chunks.map((bytes, i) => bytes.subarray(0, (this.#length - i * chunkLength) * requestSize))
  }

  /** A copy of these. */
  pick(indices: readonly number[]): RequestBatch {
    const picked = new RequestBatch()
    for (const index of indices)
      picked.#copy(this.#chunks[Math.floor(index / chunkLength)] as Uint8Array, index % chunkLength)
    return picked
  }

  #copy(from: Uint8Array, index: number): void {
    const at = (this.#length++ % chunkLength) * requestSize
    if (at === 0) this.#begin()
    else if (at === this.#bytes.length) this.#grow()
    this.#bytes.set(from.subarray(index * requestSize, (index + 1) * requestSize), at)
    this.#last = undefined
  }

  #begin(): void {
    this.#hold(new Uint8Array((this.#chunks.length === 0 ? firstCapacity : chunkLength) * requestSize))
    this.#chunks.push(this.#bytes)
  }

  #grow(): void {
    const smaller = this.#bytes
    this.#hold(new Uint8Array(Math.min(smaller.length * 4, chunkLength * requestSize)))
    this.#bytes.set(smaller)
    this.#chunks[this.#chunks.length - 1] = this.#bytes
  }

  #hold(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
