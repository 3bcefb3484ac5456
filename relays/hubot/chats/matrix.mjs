// Matrix, through hubot-matrix: the sender of an event, which the homeserver answers for.

import { nobody } from './facts.mjs'
import { harmless, plainAnswer } from './plain_answers.mjs'
import { remember } from './received.mjs'

export class Matrix {
  name = 'matrix'
  stackstormAdapter = 'default'
  #robot
  #event
  #eventOf

  constructor (robot) {
    this.#robot = robot
    robot.matrixClient?.prependListener('Room.timeline', (event, room) => { this.#event = { event, room } })
    this.#eventOf = remember(robot.adapter, () => this.#event)
  }

  text (message) {
    return message.text
  }

  async facts (message) {
    const found = this.#eventOf(message)
    const sender = found?.event.getSender()
    if (!/^@[^:\s]*:[^\s]+$/.test(sender ?? '')) {
      return { ...nobody('the relay did not get the event of your message.'), room: message.room }
    }
    const content = found.event.getContent() ?? {}
    const relation = content['m.relates_to'] ?? {}
    return {
      ...nobody(''),
      identity: `matrix:${sender}`,
      shown: sender,
      self: sender === this.#robot.matrixClient.getUserId(),
      bot: content.msgtype === 'm.notice',
      edited: relation.rel_type === 'm.replace',
      at: found.event.getTs() / 1000,
      id: found.event.getId(),
      room: found.room.roomId,
      context: relation.rel_type === 'm.thread' ? { thread: relation.event_id } : {}
    }
  }

  addressee (identity) {
    return identity.slice('matrix:'.length)
  }

  send (facts, text) {
    return this.#say(facts.room, harmless(text), facts.context.thread)
  }

  post (data, person) {
    // The adapter fetches and uploads what an address at the very beginning leads to.
    const text = plainAnswer(data, person).replace(/^(?=(?:f|ht)tps?:\/\/)/i, '· ')
    return this.#say(data.whisper && person ? person : data.channel, text, data.context?.thread)
  }

  #say (room, text, thread) {
    if (!thread) return this.#robot.messageRoom(room, text)
    const relation = { rel_type: 'm.thread', event_id: thread }
    return this.#robot.matrixClient.sendMessage(room, { msgtype: 'm.notice', body: text, 'm.relates_to': relation })
  }
}
