/** Requests in the bytes that cross the seam, as they come, in chunks of so many as are sent together. */
import { decodeRequests, longestRequest, putRequest } from './wire.js'
import type { Request, ServiceRecord } from './records.js'

/** A few milliseconds of the kernel's time, for which other calls of the handle wait. */
export const chunkLength = 1024

/** So many requests, as they cross the seam. */
export interface Chunk {
  readonly bytes: Uint8Array
  readonly length: number
}

export class RequestBatch {
  readonly #full: Chunk[] = []
  #bytes: Uint8Array = new Uint8Array(0)
  #view: DataView = new DataView(this.#bytes.buffer)
  /** Of the last chunk: what it holds, and where that ends. */
  #length = 0
  #end = 0
  #before: ServiceRecord | undefined

  static of(requests: readonly Request[]): RequestBatch {
    const batch = new RequestBatch()
    for (const request of requests) batch.add(request)
    return batch
  }

  get length(): number {
    return this.#full.length * chunkLength + this.#length
  }

  add(request: Request): void {
    if (this.#length === chunkLength) this.#begin()
    if (this.#bytes.length - this.#end < longestRequest) this.#grow()
    this.#end = putRequest(this.#view, this.#end, request, this.#before)
    this.#before = request.service
    this.#length++
  }

  /** All of them, in order. All chunks but the last are full. */
  chunks(): readonly Chunk[] {
    return this.#length === 0 ? this.#full : [...this.#full, this.#last()]
  }

  requests(): readonly Request[] {
    return this.chunks().flatMap(({ bytes }) => decodeRequests(bytes))
  }

  #last(): Chunk {
    return { bytes: this.#bytes.subarray(0, this.#end), length: this.#length }
  }

  /** A chunk stands by itself: its first request names its service. */
  #begin(): void {
    this.#full.push(this.#last())
    this.#hold(new Uint8Array(this.#bytes.length))
    this.#length = 0
    this.#end = 0
    this.#before = undefined
  }

  #grow(): void {
    const smaller = this.#bytes
    // Most plans are short.
    this.#hold(new Uint8Array(Math.max(smaller.length * 4, 8 * longestRequest)))
    this.#bytes.set(smaller)
  }

  #hold(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}
