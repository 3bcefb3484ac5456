import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { nobody } from '../chats/facts.mjs'
import { Relay } from '../relay.mjs'
import { readSettings } from '../settings.mjs'

const KEY = 'correct-horse-battery-staple-0123456789'
const NOW = 1796048341.25

// The part of hubot-stackstorm that the relay takes the place of.
class StackStorm {
  constructor (robot, create) {
    this.adapter = {}
    this.api_client = { aliasExecution: { create } }
    this.payloads = []
    robot.respond(/([\s\S]+?)$/i, response => this.executeCommand(response, 'opsroom_help', 'help', response.match[1], {}))
  }

  executeCommand (response, name, format, command) {
    const { name: user, room } = this.adapter.normalizeAddressee(response)
    const payload = { name, format, command, user, source_channel: room, source_context: response.message }
    this.payloads.push(payload)
    return this.sendAliasExecutionRequest(response, payload)
  }

  sendAck (response, { message }) {
    return response.send({ thread_ts: response.message.id, text: message })
  }
}

function world ({ env = { OPSROOM_RELAY_KEY: KEY }, facts = {}, create = async () => ({ message: 'On it.' }), known = true, ...more } = {}) {
  const said = []
  const posted = []
  const log = []
  const listeners = []
  const chat = {
    name: 'slack',
    stackstormAdapter: 'slack',
    text: message => message.text,
    facts: async message => ({ ...nobody('who knows.'), identity: 'slack:T1/U1', shown: 'U1', at: NOW, id: message.id, room: 'C1', context: { id: '1.1', in_thread: false }, ...facts }),
    addressee: (identity, shown) => shown ?? identity.split('/')[1],
    send: (...all) => { said.push(all.slice(1)) },
    post: (data, person) => { posted.push({ ...data, person }) }
  }
  const note = line => log.push(line)
  const robot = {
    name: 'hubot',
    logger: { error: note, warn: note, info: note },
    respondPattern: pattern => new RegExp(`^@?hubot[:,]?\\s*(?:${pattern.source})`, 'i'),
    respond: (pattern, callback) => listeners.push([robot.respondPattern(pattern), callback]),
    ...more
  }
  const relay = new Relay({ robot, chat: known ? chat : null, settings: readSettings(env), name: 'hubot/0.4.0', clock: () => NOW })
  const facade = relay.facade()
  const stackstorm = new StackStorm(facade, create)
  relay.takeOver(stackstorm)
  const hear = async (text, id = '1.1') => {
    const message = { text, id, room: 'C1', user: { id: 'U1', name: 'alice', email_address: 'alice@example.com' } }
    for (const [pattern, callback] of listeners) {
      if (pattern.test(text)) await callback({ message, match: text.match(pattern), send: text => { said.push([text]) } })
    }
    await new Promise(resolve => setImmediate(resolve))
  }
  return { relay, robot, facade, stackstorm, said, posted, log, hear }
}

test('a command is handed over under the sealed identity, with the room that is sealed', async () => {
  const { stackstorm, hear, said } = world()
  await hear('@hubot help\nme')
  const [payload] = stackstorm.payloads
  const parts = ['slack:T1/U1', 'hubot/0.4.0', '1796048341.250', '1.1']
  const seal = createHmac('sha256', KEY).update(['opsroom-relay-1', ...parts, 'C1'].join('\n')).digest('base64url')
  assert.equal(payload.user, [...parts, seal].join(' '))
  assert.equal(payload.source_channel, 'C1')
  assert.equal(payload.command, 'help\nme')
  assert.deepEqual(said, [['On it.', true]])
})

test('of the message StackStorm gets no more than the thread', async () => {
  const { stackstorm, hear } = world()
  await hear('@hubot help')
  assert.deepEqual(JSON.parse(JSON.stringify(stackstorm.payloads[0].source_context)), { id: '1.1', in_thread: false, room: 'C1' })
})

test('the same message twice is one command, another one is another', async () => {
  const { stackstorm, hear, log } = world()
  await hear('@hubot help')
  await hear('@hubot help')
  await hear('@hubot help', '1.2')
  assert.equal(stackstorm.payloads.length, 2)
  assert.deepEqual(log, ['opsroom: dropped a command (repeat) slack:T1/U1 in C1'])
})

test('a chat without ids gets a number with the time, each time another', async () => {
  const { stackstorm, hear } = world({ facts: { id: null } })
  await hear('@hubot help')
  await hear('@hubot help')
  assert.deepEqual(stackstorm.payloads.map(one => one.user.split(' ')[3]), ['1796048341.250-1', '1796048341.250-2'])
})

test('without a key nothing is handed over; the room and the log say so', async () => {
  const { stackstorm, hear, said, log } = world({ env: {} })
  await hear('@hubot help')
  assert.deepEqual(stackstorm.payloads, [])
  assert.match(said[0][0], /^Nothing was run: the relay is not set up/)
  assert.match(log[0], /no_key/)
})

test('in a chat that it does not know nothing is handed over, and the room reads so', async () => {
  const { stackstorm, hear, said } = world({ known: false })
  await hear('@hubot help')
  assert.deepEqual(stackstorm.payloads, [])
  assert.match(said[0][0], /^Nothing was run: .* does not know this chat/)
})

test('where the relay is in doubt nothing is handed over, and hubot goes on', async () => {
  const { stackstorm, hear, said, log } = world({ facts: { identity: 'irc:a b!c@d' } })
  await hear('@hubot help')
  assert.deepEqual([stackstorm.payloads, said], [[], [['Nothing was run: the relay met an error. Its log says which.']]])
  assert.match(log[0], /dropped a command \(error\): RangeError/)
})

test('what is dropped stands in the log without a word of the message', async () => {
  const { hear, log, said } = world({ facts: { bot: true } })
  await hear('@hubot deploy the-secret')
  assert.deepEqual([log, said], [['opsroom: dropped a command (bot) slack:T1/U1 in C1'], []])
})

test('an answer is for the person as the chat names them, not for the sealed text', async () => {
  const { stackstorm, hear, posted } = world()
  await hear('@hubot help')
  const { user } = stackstorm.payloads[0]
  stackstorm.adapter.postData({ user, channel: 'C1', message: 'done' })
  stackstorm.adapter.postData({ user: user.replace('U1', 'U2'), channel: 'C1', message: 'asked of the one before' })
  stackstorm.adapter.postData({ channel: 'C1', message: 'to all' })
  assert.deepEqual(posted.map(one => one.person), ['U1', 'U2', undefined])
})

test('an answer comes with the address of its execution, and no other with that', async () => {
  let number = 0
  const create = async () => ({ message: 'On it.', execution: { web_url: `https://st2/#/history/${++number}` } })
  const { stackstorm, hear, posted } = world({ create })
  await hear('@hubot help')
  await hear('@hubot help', '1.2')
  for (const { user } of stackstorm.payloads) stackstorm.adapter.postData({ user, channel: 'C1', message: 'done' })
  stackstorm.adapter.postData({ channel: 'C1', message: 'to all' })
  assert.deepEqual(posted.map(one => one.link), ['https://st2/#/history/1', 'https://st2/#/history/2', undefined])
})

test('what StackStorm refuses is answered with its first sentence', async () => {
  const fault = Object.assign(new Error("Immutable arguments cannot be overriden: x\n{'type': 'object'}"), { status: 400 })
  const { hear, posted } = world({ create: async () => { throw fault } })
  await hear('@hubot help')
  assert.equal(posted[0].message, 'Nothing was run. StackStorm refused it: Immutable arguments cannot be overriden: x')
  assert.equal(posted[0].person, 'U1')
})

test('where StackStorm does not answer, nobody is told that nothing runs', async () => {
  const { hear, posted } = world({ create: async () => { throw new Error('timeout') } })
  await hear('@hubot help')
  assert.match(posted[0].message, /unknown whether this runs/)
})

test('hubot-stackstorm gets no route of the web server, and a list of commands on every hubot', () => {
  const called = []
  const { facade } = world({ router: { post: path => called.push(path) }, commands: {}, helpStrings: ['help'] })
  facade.router.post('/hubot/st2', () => {})
  assert.deepEqual(called, [])
  assert.deepEqual(facade.commands, ['help'])
  assert.equal(facade.adapterName, 'slack')
})
