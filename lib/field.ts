/** Where a value stands in an argument: `desired[3].service.port`. Told by errors alone, and so spelt only by them. */

export type Field = string | Place

/** A field of the value at `parent`, or an element of it. */
export function within(parent: Field, step: string | number): Field {
  return new Place(parent, step)
}

class Place {
  readonly #parent: Field
  readonly #step: string | number

  constructor(parent: Field, step: string | number) {
    this.#parent = parent
    this.#step = step
  }

  toString(): string {
    const step = typeof this.#step === 'number' ? `[${this.#step}]` : `.${this.#step}`
    return this.#parent.toString() + step
  }
}
