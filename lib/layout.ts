/**
 * How records lie in bytes: fields in order, offsets by C's rules, numbers in this machine's byte order. A layout is a field,
 * too, so that records nest.
 */
import { endianness } from 'node:os'

/** How this machine, and so the addon, writes numbers. */
export const little: boolean = endianness() === 'LE'

/** A value of fixed size. */
export interface Field<T> {
  readonly size: number
  readonly align: number
  /** Where all is 0. */
  put(view: DataView, at: number, value: T): void
  get(view: DataView, at: number): T
}

/** A record. */
export interface Layout<T> extends Field<T> {
  /** `Service.firewall_mark@8:4` and so on, a line a field, as in C. */
  readonly description: string
}

export const u16: Field<number> = {
  size: 2,
  align: 2,
  put: (view, at, value) => view.setUint16(at, value, little),
  get: (view, at) => view.getUint16(at, little),
}
export const u32: Field<number> = {
  size: 4,
  align: 4,
  put: (view, at, value) => view.setUint32(at, value, little),
  get: (view, at) => view.getUint32(at, little),
}
export const i32: Field<number> = {
  size: 4,
  align: 4,
  put: (view, at, value) => view.setInt32(at, value, little),
  get: (view, at) => view.getInt32(at, little),
}
export const u64: Field<bigint> = {
  size: 8,
  align: 8,
  put: (view, at, value) => view.setBigUint64(at, value, little),
  get: (view, at) => view.getBigUint64(at, little),
}
/** So many bytes, copied. What the value lacks stays 0. */
export function bytes(size: number): Field<Uint8Array> {
  return {
    size,
    align: 1,
    put(view, at, value) {
      for (let i = 0; i < value.length && i < size; i++) view.setUint8(at + i, value[i] ?? 0)
    },
    get(view, at) {
      const value = new Uint8Array(size)
      for (let i = 0; i < size; i++) value[i] = view.getUint8(at + i)
      return value
    },
  }
}

/** A name that ends with NUL. Names are bytes to the kernel: latin1 loses none. */
export function text(size: number): Field<string> {
  return {
    size,
    align: 1,
    put: (view, at, value) => writeText(view, at, size, value),
    get: (view, at) => readText(view, at, size),
  }
}

export function writeText(view: DataView, at: number, size: number, value: string): void {
  for (let i = 0; i < value.length && i < size; i++) view.setUint8(at + i, value.charCodeAt(i))
}

export function readText(view: DataView, at: number, size: number): string {
  let value = ''
  for (let i = 0; i < size; i++) {
    const code = view.getUint8(at + i)
    if (code === 0) break
    value += String.fromCharCode(code)
  }
  return value
}

type Fields<T> = { readonly [K in keyof T]-?: Field<T[K]> | Field<T[K] | undefined> }

/** A record with these fields, in this order; `name` as in C. */
export function record<T extends object>(name: string, fields: Fields<T>): Layout<T> {
  const placed: { readonly key: keyof T; readonly field: Field<unknown>; readonly offset: number }[] = []
  let description = ''
  let end = 0
  let align = 1
  for (const key of Object.keys(fields) as (keyof T & string)[]) {
    const field = fields[key] as Field<unknown>
    const offset = roundUp(end, field.align)
    placed.push({ key, field, offset })
    description += `${name}.${snakeCase(key)}@${offset}:${field.size}\n`
    end = offset + field.size
    align = Math.max(align, field.align)
  }
  return {
    size: roundUp(end, align),
    align,
    description,
    put(view, at, value) {
      for (const { key, field, offset } of placed) field.put(view, at + offset, value[key])
    },
    get(view, at) {
      const value: Partial<T> = {}
      for (const { key, field, offset } of placed) {
        const found = field.get(view, at + offset)
        if (found !== undefined) value[key] = found as T[keyof T]
      }
      return value as T
    },
  }
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
