/** Requests in the bytes that cross the seam, as they come: thousands of them are one object. */
import { putRequest, requestSize } from './wire.js'
import type { Request } from './records.js'

export class RequestBatch {
  #bytes = new Uint8Array(16 * requestSize)
  #view = new DataView(this.#bytes.buffer)
  #length = 0
  #last: Request | undefined

  get length(): number {
    return this.#length
  }

  add(request: Request): void {
    const end = this.#length * requestSize
    if (end === this.#bytes.length) {
      const larger = new Uint8Array(Math.max(end * 2, requestSize))
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
    const picked = new RequestBatch()
    picked.#bytes = new Uint8Array(indices.length * requestSize)
    picked.#view = new DataView(picked.#bytes.buffer)
    for (const [i, index] of indices.entries()) picked.#bytes.set(this.slice(index, index + 1), i * requestSize)
    picked.#length = indices.length
    return picked
  }
}
