// The seal of a speaker, as relays/README.md describes it.

import { createHmac } from 'node:crypto'

const FORM = 'opsroom-relay-1'
const PART = /^[^\s]+$/u
const SEALED = /^([a-z]+:[^\s]+) (?:hubot|errbot)\/[^\s]+ \d+\.\d{3} [^\s]+ [A-Za-z0-9_-]{43}$/u

// The text that goes into the place of a name. `time` is in seconds since 1970; `room` is what StackStorm gets as source_channel. Throws
// a RangeError for a part that is empty or has a blank in it.
export function sealed ({ key, identity, relay, time, message, room }) {
  const parts = [identity, relay, time.toFixed(3), message]
  for (const part of parts) {
    if (!PART.test(part)) throw new RangeError(`a part of a seal is empty or has a blank in it: ${JSON.stringify(part)}`)
  }
  const seal = createHmac('sha256', key).update([FORM, ...parts, room].join('\n'), 'utf8').digest('base64url')
  return [...parts, seal].join(' ')
}

// Whose identity a sealed text has; null for any other text.
export function identityIn (user) {
  return SEALED.exec(user ?? '')?.[1] ?? null
}
