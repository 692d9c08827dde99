/** Requests in the bytes that cross the seam, as they come: thousands of them are one object. */
import { putRequest, requestSize } from './wire.js'
import type { Request } from './records.js'

export class RequestBatch {
  #bytes: Uint8Array
  #view: DataView
  #length = 0
  #last: Request | undefined

  /** For so many, though more may come. */
  constructor(expected: number) {
    this.#bytes = new Uint8Array(Math.max(expected, 1) * requestSize)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  add(request: Request): void {
    const end = this.#length * requestSize
    if (end === this.#bytes.length) {
      const larger = new Uint8Array(end * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    const { command, service, destination } = request
    // Most follow one of the same service, which is two thirds of what there is to write.
    if (service && destination && this.#last?.service === service) {
      this.#bytes.copyWithin(end, end - requestSize, end)
      putRequest(this.#view, end, { command, destination })
    } else {
      putRequest(this.#view, end, request)
    }
    this.#last = request
    this.#length++
  }

  /** A view of those from `start` to before `end`. */
  slice(start: number, end: number): Uint8Array {
    return this.#bytes.subarray(start * requestSize, Math.min(end, this.#length) * requestSize)
  }

  /** A copy of these. */
  pick(indices: readonly number[]): RequestBatch {
    const picked = new RequestBatch(indices.length)
    for (const [i, index] of indices.entries()) picked.#bytes.set(this.slice(index, index + 1), i * requestSize)
    picked.#length = indices.length
    return picked
  }
}
