/**
 * The filter: words, and only what needs attention. It is kept in the address of the page.
 * @import { Filter } from './filter.js'
 */
import { byId, partsOf, setText } from './dom.js'
import { filterOf, hashOf, isOpen } from './filter.js'
import { plural } from './words.js'

export class Toolbar {
  #part = partsOf(byId('toolbar'))
  #text = /** @type {HTMLInputElement} */ (this.#part('text'))
  #attention = /** @type {HTMLInputElement} */ (this.#part('attention'))
  #changed

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed
    this.#read()
    this.#text.addEventListener('input', () => this.#write())
    this.#attention.addEventListener('change', () => this.#write())
    addEventListener('hashchange', () => this.#read())
    addEventListener('keydown', (event) => this.#key(event))
  }

  /** @returns {Filter} */
  get filter() {
    return { text: this.#text.value, attention: this.#attention.checked }
  }

  /** Shows everything. */
  clear() {
    this.#text.value = ''
    this.#attention.checked = false
    this.#write()
  }

  /** @param {ReadonlyMap<string, ReadonlySet<string>>} shown @param {number} services @param {number} servers of how many */
  announce(shown, services, servers) {
    const found = [...shown.values()].reduce((sum, { size }) => sum + size, 0)
    const all = `${plural(servers, 'server')} in ${plural(services, 'service')}`
    setText(
      this.#part('shown'),
      isOpen(this.filter) ? all : `${plural(found, 'server')} in ${plural(shown.size, 'service')} shown, of ${all}`,
    )
  }

  #read() {
    const { text, attention } = filterOf(location.hash)
    this.#text.value = text
    this.#attention.checked = attention
    this.#changed()
  }

  #write() {
    history.replaceState(null, '', `${location.pathname}${location.search}${hashOf(this.filter)}`)
    this.#changed()
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key, target, ctrlKey, altKey, metaKey } = event
    if (ctrlKey || altKey || metaKey) return
    if (key === '/' && target !== this.#text) {
      event.preventDefault()
      this.#text.focus()
      this.#text.select()
    }
    if (key === 'Escape' && target === this.#text) {
      event.preventDefault()
      this.#text.value = ''
      this.#write()
    }
  }
}
