/** Where a value stands in an argument: `desired[3].service.port`. Told by errors alone, and so spelt only by them. */

export type Field = string | { toString(): string }

/** A field of the value at `parent`, or an element of it. */
export function within(parent: Field, step: string | number): Field {
  return new Place(parent, step)
}

/** An element of the list at `parent`: which of them, may change. For lists of so many that a place for each costs. */
export function elementOf(parent: Field): Place<number> {
  return new Place(parent, 0)
}

class Place<Step extends string | number> {
  constructor(
    private readonly parent: Field,
    public step: Step,
  ) {}

  toString(): string {
    return this.parent.toString() + (typeof this.step === 'number' ? `[${this.step}]` : `.${this.step}`)
  }
}
