// What was received when an adapter made a message of it: those that do so at once, in the handler of the event, hand on only a part.

// Hold on to `current()` for each message that the adapter hands to hubot; the answer finds it again.
export function remember (adapter, current) {
  const known = new WeakMap()
  const receive = adapter.receive.bind(adapter)
  adapter.receive = message => {
    const event = current()
    if (event !== undefined) known.set(message, event)
    return receive(message)
  }
  return message => known.get(message)
}
