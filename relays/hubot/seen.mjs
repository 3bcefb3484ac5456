// What was seen before, in bounded memory: the oldest is forgotten first.

export class Seen {
  #limit
  #kept = new Map()

  constructor (limit) {
    this.#limit = limit
  }

  // Remember a key with a value; whether it was known before.
  add (key, value = true) {
    if (this.#kept.has(key)) return true
    this.#kept.set(key, value)
    if (this.#kept.size > this.#limit) this.#kept.delete(this.#kept.keys().next().value)
    return false
  }

  get (key) {
    return this.#kept.get(key)
  }

  get size () {
    return this.#kept.size
  }
}
