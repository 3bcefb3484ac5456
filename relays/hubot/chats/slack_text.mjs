// Slack's notation of a message, and what its author typed.

const MARK = /<([@#!]?)([^<>|]+)(?:\|([^<>]*))?>/g

// What a person typed, of the text of an event. Entities are decoded once.
// - Of a link that Slack made of what was typed, what was typed; one whose text and target differ stays as it is, for opsroom to refuse.
// - Of the mention of a person the handle by `nameOf(id)`: someone who posts through the API chooses the label.
export function commandText (raw, nameOf) {
  let text = ''
  let end = 0
  for (const mark of raw.matchAll(MARK)) {
    text += decoded(raw.slice(end, mark.index)) + typed(mark, nameOf)
    end = mark.index + mark[0].length
  }
  return text + decoded(raw.slice(end))
}

// A text as Slack's notation has it: no part of it is a mention, a link or an entity.
export function escaped (text) {
  return text.replace(/[&<>]/g, sign => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[sign])
}

function typed ([whole, sign, target, label], nameOf) {
  if (sign === '@') return `@${nameOf(target) ?? target}`
  if (sign === '#') return `#${decoded(label || target)}`
  if (sign === '!') return label ? decoded(label) : `@${target.split('^')[0]}`
  const address = decoded(target)
  const shown = label === undefined ? address : decoded(label)
  const made = [address, address.replace(/^(?:https?:\/\/|mailto:|tel:)/, '')]
  return made.some(one => same(one, shown)) ? shown : decoded(whole)
}

function same (one, other) {
  return one === other || one === `${other}/` || `${one}/` === other
}

function decoded (text) {
  return text.replace(/&(amp|lt|gt);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>' })[name])
}
