// What the relay adds to a message, in milliseconds of a processor: node relays/hubot/test/cost.mjs

import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { Slack } from '../chats/slack.mjs'
import { Relay } from '../relay.mjs'
import { readSettings } from '../settings.mjs'

const PATTERN = /([\s\S]+?)$/i
const TEXTS = {
  'a command': 'deploy web v1.0.0 to uat',
  'a command of 9,000 characters with links': `create card: ${'see <https://a.example/?x=1&amp;y=2> &amp; '.repeat(220)}`
}

// The medians by kind of message: {kind: {without, with}}. In each round both are measured, one after the other.
export async function cost (rounds = 2000) {
  const found = {}
  for (const [kind, text] of Object.entries(TEXTS)) {
    const sides = { without: bot(false), with: bot(true) }
    const times = { without: [], with: [] }
    for (let round = 0; round < rounds; round++) {
      for (const side of ['without', 'with']) times[side].push(await sides[side](text, round))
    }
    found[kind] = { without: median(times.without), with: median(times.with) }
  }
  return found
}

// A bot as far as it counts: it hears an event of Slack, matches, and hands a command over.
function bot (sealed) {
  const socket = new EventEmitter()
  const listeners = []
  const robot = {
    name: 'hubot',
    logger: { warn () {}, error () {} },
    brain: { users: () => ({ U1: { name: 'alice', team_id: 'T1' } }) },
    adapter: { client: { socket, web: { chat: { postMessage: async () => {} } } }, self: { user_id: 'U0', team_id: 'T1' } },
    respondPattern: pattern => new RegExp(`^\\s*[@]?hubot[:,]?\\s*(?:${pattern.source})`, 'i'),
    respond: (pattern, callback) => listeners.push([robot.respondPattern(pattern), callback])
  }
  let handedOver
  const stackstorm = Object.create({
    executeCommand (response, command) {
      const { name, room } = this.adapter.normalizeAddressee(response)
      handedOver(JSON.stringify({ command, user: name, source_channel: room, source_context: response.message }))
    }
  })
  stackstorm.adapter = { normalizeAddressee: ({ message }) => ({ name: message.user.name, room: message.room }) }
  const take = response => stackstorm.executeCommand(response, response.match[1])
  if (sealed) {
    const settings = readSettings({ OPSROOM_RELAY_KEY: 'k'.repeat(40), OPSROOM_RELAY_MAX_AGE: '0', OPSROOM_RELAY_REPLAYS: 'run' })
    const relay = new Relay({ robot, chat: new Slack(robot), settings, name: 'hubot/0.4.0' })
    relay.takeOver(stackstorm)
    relay.facade().respond(PATTERN, take)
  } else robot.respond(PATTERN, take)
  return async (text, number) => {
    const ts = `1796048341.${String(number).padStart(6, '0')}`
    const event = { type: 'message', user: 'U1', text: `<@U0> ${text}`, ts, channel: 'C1', team: 'T1' }
    const message = { text: `@hubot ${text}`, id: ts, room: 'C1', user: { id: 'U1', name: 'alice' } }
    const done = new Promise(resolve => { handedOver = resolve })
    const begin = performance.now()
    socket.emit('message', { event })
    for (const [pattern, callback] of listeners) callback({ message, match: message.text.match(pattern) })
    await done
    return performance.now() - begin
  }
}

function median (values) {
  return values.sort((one, other) => one - other)[Math.floor(values.length / 2)]
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [kind, { without, with: sealed }] of Object.entries(await cost())) {
    console.log(`${kind}: ${without.toFixed(3)} ms without, ${sealed.toFixed(3)} ms with, ${(sealed - without).toFixed(3)} ms more`)
  }
}
