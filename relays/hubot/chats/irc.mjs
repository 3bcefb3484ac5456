// IRC, through hubot-irc: the line as the server sent it has the mask, and WHOIS the account that services know.

import { nobody } from './facts.mjs'
import { harmless, plainAnswer, shortLines } from './plain_answers.mjs'
import { remember } from './received.mjs'

const LINE_BYTES = 380
const WHOIS_SECONDS = 5

export class Irc {
  name = 'irc'
  stackstormAdapter = 'default'
  #robot
  #accounts
  #line
  #lineOf

  // `accounts`: only people whom services know may speak.
  constructor (robot, { irc, whoisSeconds = WHOIS_SECONDS } = {}) {
    this.#robot = robot
    this.#accounts = irc === 'account'
    this.whoisSeconds = whoisSeconds
    const bot = robot.adapter.bot
    // Ahead of the client's own: that one hands the line on to the adapter at once.
    bot?.prependListener('raw', line => { this.#line = line })
    this.#lineOf = remember(robot.adapter, () => this.#line)
  }

  text (message) {
    return message.text
  }

  async facts (message) {
    const line = this.#lineOf(message)
    const room = message.room ?? message.user?.room ?? message.user?.name
    if (!line?.nick || !line.user || !line.host) {
      return { ...nobody('the server did not say who you are, and a nick alone is not enough.'), room }
    }
    const mask = `${line.nick}!${line.user}@${line.host}`
    // What programs say is a notice, so that programs do not answer each other.
    const bot = line.command === 'NOTICE'
    const account = bot ? '' : await this.#account(line.nick, `${line.user}@${line.host}`)
    const identity = account ? `irc:${account}@services` : this.#accounts ? null : `irc:${mask}`
    return {
      ...nobody('log in to the services of this network first; the relay takes no nick and no address for a person.'),
      identity,
      shown: line.nick,
      self: line.nick === this.#robot.adapter.bot.nick,
      bot,
      room
    }
  }

  addressee (identity, shown) {
    return shown || identity.slice('irc:'.length).split(/[!@]/)[0]
  }

  send (facts, text) {
    return this.#say(facts.room, harmless(text))
  }

  post (data, person) {
    return this.#say(data.whisper && person ? person : data.channel, plainAnswer(data, person))
  }

  #say (to, text) {
    return this.#robot.messageRoom(to, ...shortLines(text, LINE_BYTES))
  }

  // The account of a nick, '' where the services know none, or where the nick has changed hands since.
  #account (nick, from) {
    const bot = this.#robot.adapter.bot
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(''), this.whoisSeconds * 1000)
      bot.whois(nick, found => {
        clearTimeout(timer)
        const same = found && `${found.user}@${found.host}` === from
        resolve(same && /^[^\s!@]+$/.test(found.account ?? '') ? found.account : '')
      })
    })
  }
}
