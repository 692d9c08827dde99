/** Where a value stands in an argument: `desired[3].service.port`. Told by errors alone, and so spelt only by them. */

export type Field = string | { toString(): string }

/** A field of the value at `parent`, or an element of it. */
export function within(parent: Field, step: string | number): Field {
  return new Place(parent, step)
}

class Place {
  // Not private by `#`: a row of a table makes several of these, and fields of that kind are slow to make.
  constructor(
    private readonly parent: Field,
    private readonly step: string | number,
  ) {}

  toString(): string {
    return this.parent.toString() + (typeof this.step === 'number' ? `[${this.step}]` : `.${this.step}`)
  }
}
