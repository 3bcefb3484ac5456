// Slack, through @hubot-friends/hubot-slack: the event as Slack sent it, which the adapter's message has only a part of.

import { Seen } from '../seen.mjs'
import { nobody } from './facts.mjs'
import { commandText } from './slack_text.mjs'
import { Poster } from './slack_answers.mjs'

// So many events are kept until the adapter has made a message of them; it asks Slack for names in between.
const PENDING = 1000
const FIELDS = ['type', 'subtype', 'user', 'text', 'ts', 'event_ts', 'thread_ts', 'channel', 'channel_type', 'team', 'user_team',
  'source_team', 'bot_id', 'edited']

export class Slack {
  name = 'slack'
  // hubot-stackstorm knows by this name that quotes and blanks are to be put straight.
  stackstormAdapter = 'slack'
  #robot
  #events = new Seen(PENDING)
  #poster

  constructor (robot) {
    this.#robot = robot
    this.#poster = new Poster(robot)
    // The adapter acknowledges an event first, and waits for that; then it changes it, and hands on a part of it. Here it is as it came.
    robot.adapter.client?.socket?.on('message', ({ event } = {}) => this.#note(event))
  }

  // What the command says, in the adapter's place: `message` is hubot's.
  text (message) {
    const event = this.#event(message)
    if (!event) return message.text
    const bot = this.#robot.adapter.self?.user_id
    const called = `@${this.#robot.alias || this.#robot.name}`
    const raw = event.text.replaceAll(`<@${bot}>`, called)
    const text = commandText(raw, id => this.#robot.brain.users()[id]?.name)
    return event.channel_type === 'im' && !event.text.includes(`<@${bot}>`) ? `${called} ${text}` : text
  }

  async facts (message) {
    const event = this.#event(message)
    const self = this.#robot.adapter.self ?? {}
    if (!event) {
      return { ...nobody('the relay does not know this version of the adapter for Slack.'), room: message.room }
    }
    const user = this.#robot.brain.users()[event.user] ?? {}
    const known = { ...user, ...user.slack }
    const teams = [event.user_team, event.source_team, event.team, known.team_id].filter(Boolean)
    const team = teams.find(one => one !== self.team_id) ?? ''
    const facts = {
      identity: event.user && teams.length && self.team_id ? `slack:${team || self.team_id}/${event.user}` : null,
      why: 'Slack does not say of which workspace you are.',
      shown: event.user,
      self: event.user === self.user_id || (Boolean(event.bot_id) && event.bot_id === self.bot_id),
      bot: Boolean(event.bot_id) || event.subtype === 'bot_message' || known.is_bot === true || event.user === 'USLACKBOT',
      team,
      edited: Boolean(event.edited) || event.subtype === 'message_changed',
      delayed: false,
      at: Number(event.ts),
      id: event.ts,
      room: event.channel
    }
    // The time of an answer in a thread is no thread of its own.
    return { ...facts, context: { id: event.thread_ts ?? event.ts, in_thread: Boolean(event.thread_ts) } }
  }

  // Who is meant by a sealed identity, as a mention: the id.
  addressee (identity) {
    return identity.slice(identity.lastIndexOf('/') + 1)
  }

  // An acknowledgement or a sentence of the relay itself.
  send (facts, text, inThread = facts.context.in_thread) {
    return this.#poster.plain(facts.room, text, inThread ? facts.context.id : undefined)
  }

  // What StackStorm has for the room.
  post (data, person) {
    return this.#poster.answer(data, person)
  }

  #note (event) {
    if (!event?.channel || typeof event.text !== 'string') return
    const copy = Object.fromEntries(FIELDS.filter(name => event[name] !== undefined).map(name => [name, event[name]]))
    this.#events.add(`${event.channel} ${event.event_ts ?? event.ts}`, copy)
  }

  #event (message) {
    return this.#events.get(`${message.room} ${message.id}`)
  }
}
