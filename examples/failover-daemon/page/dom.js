/** Writing to the document: only text and attributes, and only where they are different. */

/** @param {string} id */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`no element ${id}`)
  return element
}

/** @type {Map<string, HTMLElement>} */
const originals = new Map()

/** A new element of a template. @param {string} id */
export function fromTemplate(id) {
  const original = originals.get(id) ?? originalOf(id)
  originals.set(id, original)
  return /** @type {HTMLElement} */ (original.cloneNode(true))
}

/** Without the indentation of the source, which would be a third of all nodes. @param {string} id */
function originalOf(id) {
  const template = byId(id)
  const first = template instanceof HTMLTemplateElement ? template.content.firstElementChild : null
  if (!(first instanceof HTMLElement)) throw new Error(`no template ${id}`)
  const texts = document.createNodeIterator(first, NodeFilter.SHOW_TEXT)
  for (let text = texts.nextNode(); text !== null; text = texts.nextNode()) {
    if (/^\s*\n\s*$/.test(text.nodeValue ?? '')) text.parentNode?.removeChild(text)
  }
  return first
}

/**
 * The parts of an element, by name.
 * @typedef {(name: string) => HTMLElement} Parts
 */

/** @param {HTMLElement} root @returns {Parts} */
export function partsOf(root) {
  /** @type {Map<string | null, HTMLElement>} */
  const parts = new Map()
  /** @type {NodeListOf<HTMLElement>} */
  const found = root.querySelectorAll('[data-part]')
  for (const element of found) parts.set(element.getAttribute('data-part'), element)
  return (name) => {
    const part = parts.get(name)
    if (part === undefined) throw new Error(`no part ${name}`)
    return part
  }
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text
}

/** @param {Element} element @param {string} name @param {string | undefined} value undefined: without it */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) === (value ?? null)) return
  if (value === undefined) element.removeAttribute(name)
  else element.setAttribute(name, value)
}

/** @param {HTMLElement} element @param {boolean} hidden */
export function setHidden(element, hidden) {
  if (element.hidden !== hidden) element.hidden = hidden
}

/**
 * What shows one item of a list.
 * @template Item
 * @typedef {{ readonly element: HTMLElement, show(item: Item): void }} Shows
 */

/** The children of an element, one for each item. A key keeps its child. @template Item @template {Shows<Item>} Child */
export class KeyedChildren {
  #parent
  #keyOf
  #make
  /** @type {ReadonlyMap<string | number, Child>} */
  #children = new Map()

  /** @param {HTMLElement} parent @param {(item: Item) => string | number} keyOf @param {() => Child} make */
  constructor(parent, keyOf, make) {
    this.#parent = parent
    this.#keyOf = keyOf
    this.#make = make
  }

  /** @param {readonly Item[]} items */
  show(items) {
    const children = new Map(items.map((item) => [this.#keyOf(item), item]))
    for (const [key, { element }] of this.#children) if (!children.has(key)) element.remove()
    /** @type {Map<string | number, Child>} */
    const next = new Map()
    let place = this.#parent.firstElementChild
    for (const [key, item] of children) {
      const child = this.#children.get(key) ?? this.#make()
      child.show(item)
      if (child.element === place) place = place.nextElementSibling
      else this.#parent.insertBefore(child.element, place)
      next.set(key, child)
    }
    this.#children = next
  }

  /** @returns {Iterable<readonly [string | number, Child]>} */
  get entries() {
    return this.#children
  }
}
