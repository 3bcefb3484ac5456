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
    return {
      ...nobody(''),
      identity: `matrix:${sender}`,
      shown: sender,
      self: sender === this.#robot.matrixClient.getUserId(),
      bot: content.msgtype === 'm.notice',
      edited: content['m.relates_to']?.rel_type === 'm.replace',
      at: found.event.getTs() / 1000,
      id: found.event.getId(),
      room: found.room.roomId
    }
  }

  addressee (identity) {
    return identity.slice('matrix:'.length)
  }

  send (facts, text) {
    return this.#robot.messageRoom(facts.room, harmless(text))
  }

  post (data, person) {
    // The adapter fetches and uploads what an address at the very beginning leads to.
    const text = plainAnswer(data, person).replace(/^(?=(?:f|ht)tps?:\/\/)/i, '· ')
    return this.#robot.messageRoom(data.whisper && person ? person : data.channel, text)
  }
}
