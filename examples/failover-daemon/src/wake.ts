/** A latch between those who have news and the one loop that waits for it. */
export class Wake {
  #set = false
  #resolve: (() => void) | undefined

  set(): void {
    this.#set = true
    this.#resolve?.()
  }

  /** Resolves once it is set, at once if it was since the last wait; takes it back. */
  async wait(): Promise<void> {
    if (!this.#set) await new Promise<void>((resolve) => (this.#resolve = resolve))
    this.#set = false
    this.#resolve = undefined
  }
}
