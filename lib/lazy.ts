/** What is not made before somebody looks at it. */
import { inspect } from 'node:util'

/** What `make` gave the first time. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => (made ??= { value: make() }).value
}

/** The object, logged with the values of its getters: Node.js writes `[Getter]` for them. */
export function shown<T extends object>(of: T): T {
  return Object.defineProperty(of, inspect.custom, { value: () => ({ ...of }) })
}
