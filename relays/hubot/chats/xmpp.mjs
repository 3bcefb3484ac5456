// XMPP, through hubot-xmpp: the real JID of an occupant, from the presence that the room sent last.

import { nobody } from './facts.mjs'
import { harmless, plainAnswer } from './plain_answers.mjs'
import { remember } from './received.mjs'

const MUC_USER = 'http://jabber.org/protocol/muc#user'
const CORRECTION = 'urn:xmpp:message-correct:0'
const STANZA_ID = 'urn:xmpp:sid:0'
// A shorter name of a client's is a number, which it may begin again.
const MIN_UNIQUE = 8
const DELAYS = [['delay', 'urn:xmpp:delay'], ['x', 'jabber:x:delay']]

export class Xmpp {
  name = 'xmpp'
  stackstormAdapter = 'default'
  #robot
  // The real JID by the JID in the room. The adapter's own map keeps that of the one before where a presence says that it is the relay's.
  #occupants = new Map()
  #stanza
  #stanzaOf

  constructor (robot) {
    this.#robot = robot
    const adapter = robot.adapter
    for (const [occupant, real] of Object.entries(adapter.roomToPrivateJID ?? {})) {
      if (real) this.#occupants.set(occupant, real)
    }
    this.#listen()
    // Who is in the rooms is said anew, and by another client.
    adapter.on?.('reconnected', () => {
      this.#occupants.clear()
      this.#listen()
    })
    this.#stanzaOf = remember(adapter, () => this.#stanza)
  }

  text (message) {
    return message.text
  }

  async facts (message) {
    const stanza = this.#stanzaOf(message)
    const from = stanza?.attrs.from ?? ''
    const [bare, resource = ''] = split(from)
    const inRoom = stanza?.attrs.type === 'groupchat' || this.#isRoom(bare)
    const real = inRoom ? this.#occupants.get(from) : from
    const [jid] = split(real ?? '')
    // In private the room is whom an answer goes to.
    const room = stanza?.attrs.type === 'groupchat' ? bare : from
    if (!/^[^\s@/]+@[^\s@/]+$/.test(jid)) {
      return { ...nobody('this room does not show the relay who you are. Make the relay a moderator of it, or show everyone real addresses.'), shown: resource, room }
    }
    const [own] = split(this.#robot.adapter.options?.username ?? '')
    return {
      ...nobody(''),
      identity: `xmpp:${jid.toLowerCase()}`,
      shown: inRoom ? resource : jid.split('@')[0],
      self: jid.toLowerCase() === own.toLowerCase(),
      edited: Boolean(stanza.getChild('replace', CORRECTION)),
      delayed: DELAYS.some(([name, space]) => stanza.getChild(name, space)),
      id: unique(stanza, bare),
      room
    }
  }

  addressee (identity, shown) {
    return harmless(shown ?? '') || identity.slice('xmpp:'.length).split('@')[0]
  }

  send (facts, text) {
    return this.#say(facts.room, harmless(text))
  }

  post (data, person) {
    return this.#say(data.channel, plainAnswer(data, person))
  }

  #say (to, text) {
    const direct = to.includes('/')
    const user = direct ? { type: 'chat', privateChatJID: to } : undefined
    // A text that is a whole element of XML is sent as one, which formats.
    return this.#robot.adapter.send({ room: to, user }, text.replace(/^(?=\s*<)/, '· '))
  }

  #listen () {
    this.#robot.adapter.client?.prependListener('stanza', stanza => {
      this.#stanza = stanza
      if (stanza.name === 'presence') this.#presence(stanza)
    })
  }

  #presence (stanza) {
    const { from = '', type } = stanza.attrs
    if (!from.includes('/')) return
    const real = stanza.getChild('x', MUC_USER)?.getChild('item')?.attrs.jid
    if (real && type !== 'unavailable' && type !== 'error') this.#occupants.set(from, real)
    else this.#occupants.delete(from)
  }

  #isRoom (bare) {
    return (this.#robot.adapter.options?.rooms ?? []).some(one => one.jid.toLowerCase() === bare.toLowerCase())
  }
}

// What no other message is called: the name that the room gave it, or its client; null where there is none.
function unique (stanza, room) {
  const named = stanza.getChild('stanza-id', STANZA_ID)?.attrs
  if (named?.id && named.by?.toLowerCase() === room.toLowerCase()) return named.id
  const given = stanza.getChild('origin-id', STANZA_ID)?.attrs.id ?? stanza.attrs.id ?? ''
  return given.length >= MIN_UNIQUE && /^\S+$/.test(given) ? given : null
}

function split (jid) {
  const slash = jid.indexOf('/')
  return slash < 0 ? [jid] : [jid.slice(0, slash), jid.slice(slash + 1)]
}
