// Between hubot and hubot-stackstorm: what each sees of the other.

import { Reason, dropped } from './verdict.mjs'
import { identityIn, sealed } from './seal.mjs'
import { Seen } from './seen.mjs'

// Of so many commands it is kept how the chat addresses who asked, and where the execution is shown.
const ASKED = 10000
const ROUTES = ['get', 'post', 'put', 'delete']
const MAX_FAULT = 300

export class Relay {
  #robot
  #chat
  #settings
  #name
  #start
  #clock
  #seen
  #asked = new Seen(ASKED)
  #links = new Seen(ASKED)
  #number = 0

  // `name` is hubot/VERSION. `clock` gives the seconds since 1970.
  constructor ({ robot, chat, settings, name, clock = () => Date.now() / 1000 }) {
    this.#robot = robot
    this.#chat = chat
    this.#settings = settings
    this.#name = name
    this.#clock = clock
    this.#start = clock()
    this.#seen = new Seen(settings.memory)
  }

  // What hubot-stackstorm takes for the robot.
  facade () {
    const robot = this.#robot
    const nothing = () => {}
    return Object.create(robot, {
      // hubot 13 and later name an adapter by its class, which hubot-stackstorm does not know.
      adapterName: { value: this.#chat?.stackstormAdapter ?? 'default' },
      // From hubot 14 on no list any more.
      commands: { value: Array.isArray(robot.commands) ? robot.commands : robot.helpStrings ?? [] },
      // Without a password, anyone who reaches the port could post in the name of the bot.
      router: { value: Object.fromEntries(ROUTES.map(one => [one, nothing])) },
      respond: { value: (pattern, callback) => this.#respond(pattern, callback) }
    })
  }

  // Puts the relay where hubot-stackstorm names a speaker, hands a command over, and posts an answer.
  takeOver (stackstorm) {
    const addressees = new WeakMap()
    stackstorm.adapter.normalizeAddressee = message => addressees.get(message)
    stackstorm.adapter.postData = data => this.#post(data)
    stackstorm.sendAliasExecutionRequest = (message, payload) => this.#execute(stackstorm, message, payload)
    const execute = Object.getPrototypeOf(stackstorm).executeCommand
    stackstorm.executeCommand = async (message, ...command) => {
      try {
        const { verdict, facts, now } = await this.judge(message.message)
        if (verdict) return this.#refuse(verdict, facts, message)
        const handed = this.#handed(message, facts)
        addressees.set(handed, { name: this.#seal(facts, now), room: facts.room })
        return execute.call(stackstorm, handed, ...command)
      } catch (error) {
        // In doubt nothing is handed over. hubot would end on an error that nobody takes.
        this.#robot.logger.error(`opsroom: dropped a command (error): ${error.stack}`)
        this.#said(message.send('Nothing was run: the relay met an error. Its log says which.'))
      }
    }
  }

  // Whether a message is handed over: {verdict, facts, now}, the verdict null where it is.
  async judge (message) {
    const now = this.#clock()
    const facts = this.#chat ? await this.#chat.facts(message) : null
    const repeated = Boolean(facts?.id) && this.#seen.add(`${facts.room} ${facts.identity} ${facts.id}`)
    const verdict = facts
      ? dropped(facts, { settings: this.#settings, start: this.#start, now, repeated })
      : { reason: Reason.UNKNOWN_CHAT, sentence: 'Nothing was run: opsroom\'s script for hubot does not know this chat.' }
    return { verdict, facts, now }
  }

  #respond (pattern, callback) {
    const expression = this.#robot.respondPattern(pattern)
    this.#robot.respond(pattern, response => {
      const text = this.#chat?.text(response.message) ?? response.message.text
      const match = text.match(expression)
      if (match) callback(Object.create(response, { match: { value: match } }))
    })
  }

  // The response that hubot-stackstorm works with: of the message only what it needs. All else of it would be kept in StackStorm, and
  // evaluated there where it holds an expression.
  #handed (response, facts) {
    // For a thread hubot-stackstorm hands over an object.
    const send = text => this.#said(text.thread_ts ? this.#chat.send(facts, text.text, true) : this.#chat.send(facts, text))
    return Object.create(response, {
      message: { value: { ...facts.context, room: facts.room } },
      send: { value: send }
    })
  }

  #seal (facts, now) {
    this.#number += 1
    const message = facts.id && !/\s/.test(facts.id) ? facts.id : `${now.toFixed(3)}-${this.#number}`
    const user = sealed({
      key: this.#settings.key,
      identity: facts.identity,
      relay: this.#name,
      time: now,
      message,
      room: facts.room
    })
    this.#asked.add(user, facts.shown)
    return user
  }

  #refuse ({ reason, sentence }, facts, response) {
    const where = facts ? ` ${facts.identity ?? 'nobody'} in ${facts.room}` : ''
    this.#robot.logger.warn(`opsroom: dropped a command (${reason})${where}`)
    if (sentence) this.#said(facts ? this.#chat.send(facts, sentence) : response.send(sentence))
  }

  async #execute (stackstorm, message, payload) {
    try {
      const taken = await stackstorm.api_client.aliasExecution.create(payload)
      this.#links.add(payload.user, taken?.execution?.web_url ?? '')
      stackstorm.sendAck(message, taken)
    } catch (error) {
      this.#robot.logger.error(`opsroom: StackStorm did not take a command (${error.status ?? error.cause?.code ?? error.name})`)
      this.#post({ user: payload.user, channel: payload.source_channel, context: payload.source_context, message: fault(error) })
    }
  }

  // What StackStorm says to a room. Whom it is for is sealed; the chat shows its own name for them.
  #post (data) {
    if (!data || !this.#chat) return
    const identity = identityIn(data.user)
    const person = identity ? this.#chat.addressee(identity, this.#asked.get(data.user)) : data.user
    this.#said(this.#chat.post({ ...data, link: this.#links.get(data.user) }, person))
  }

  // hubot ends on an error that nobody takes.
  #said (sent) {
    Promise.resolve(sent).catch(error => this.#robot.logger.error(`opsroom: the chat did not take a message: ${error.message}`))
  }
}

// What the room reads where StackStorm took no command: its first sentence, and not the page of JSON schema behind that.
function fault (error) {
  if (!error.status) {
    return 'StackStorm did not answer, so it is unknown whether this runs. Look before you try again.'
  }
  const first = error.message.split('\n')[0].trim()
  const text = first.length > MAX_FAULT ? `${first.slice(0, MAX_FAULT)}…` : first
  return `Nothing was run. StackStorm refused it: ${text || error.status}`
}
