import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { chatOf } from '../chats/index.mjs'
import { Irc } from '../chats/irc.mjs'
import { Matrix } from '../chats/matrix.mjs'
import { Slack } from '../chats/slack.mjs'
import { Xmpp } from '../chats/xmpp.mjs'

// An adapter as far as a chat looks at it: `got` are the messages that it handed to hubot, `sent` what it was to say.
function robotWith (adapter, more = {}) {
  const got = []
  const sent = []
  Object.assign(adapter, { receive: message => got.push(message), send: (envelope, ...texts) => sent.push([envelope, ...texts]) })
  const messageRoom = (room, ...texts) => { sent.push([room, ...texts]) }
  return { adapter, got, sent, messageRoom, name: 'hubot', logger: { error () {} }, ...more }
}

// IRC

function irc (whois, settings = { irc: 'account_or_mask' }) {
  const bot = Object.assign(new EventEmitter(), { nick: 'hubot', whois: (nick, found) => found({ nick, ...whois }) })
  const robot = robotWith({ bot })
  const chat = new Irc(robot, settings)
  bot.on('raw', line => robot.adapter.receive({ room: line.args[0], text: line.args[1], user: { name: line.nick } }))
  const say = (more = {}) => {
    bot.emit('raw', { command: 'PRIVMSG', nick: 'alice', user: '~alice', host: 'a.example', args: ['#ops', 'hubot: help'], ...more })
    return chat.facts(robot.got.at(-1))
  }
  return { chat, robot, say }
}

test('IRC: the account that services know is the identity', async () => {
  const facts = await irc({ user: '~alice', host: 'a.example', account: 'Alice' }).say()
  assert.deepEqual([facts.identity, facts.shown, facts.room, facts.bot], ['irc:Alice@services', 'alice', '#ops', false])
})

test('IRC: without an account it is the whole mask, or nobody where only accounts may speak', async () => {
  const known = { user: '~alice', host: 'a.example' }
  assert.equal((await irc(known).say()).identity, 'irc:alice!~alice@a.example')
  assert.equal((await irc(known, { irc: 'account' }).say()).identity, null)
})

test('IRC: the account of a nick that has changed hands since is not taken', async () => {
  const facts = await irc({ user: '~alice', host: 'elsewhere.example', account: 'Alice' }).say({ user: '~mallory' })
  assert.equal(facts.identity, 'irc:alice!~mallory@a.example')
})

test('IRC: a nick alone is nobody, and a notice is of a program', async () => {
  assert.equal((await irc({}).say({ user: undefined, host: undefined })).identity, null)
  assert.equal((await irc({}).say({ command: 'NOTICE' })).bot, true)
})

test('IRC: two lines in one go keep their speakers apart', async () => {
  const { chat, robot, say } = irc({})
  await Promise.all([say({ nick: 'alice' }), say({ nick: 'bob', user: 'bob', host: 'b.example' })])
  const found = await Promise.all(robot.got.map(one => chat.facts(one)))
  assert.deepEqual(found.map(one => one.identity), ['irc:alice!~alice@a.example', 'irc:bob!bob@b.example'])
})

test('IRC: an answer is addressed to the nick, in lines that the server takes', () => {
  const { chat, robot } = irc({})
  assert.equal(chat.addressee('irc:Alice@services', 'al'), 'al')
  assert.equal(chat.addressee('irc:alice!~alice@a.example'), 'alice')
  chat.post({ channel: '#ops', message: `one\r\nQUIT\n\n${'x'.repeat(400)}` }, 'al')
  assert.deepEqual(robot.sent, [['#ops', 'al: one', 'QUIT', 'x'.repeat(380), 'x'.repeat(20)]])
})

// XMPP

function element (name, attrs = {}, children = []) {
  return { name, attrs, getChild: (wanted, space) => children.find(one => one.name === wanted && (!space || one.attrs.xmlns === space)) }
}

function xmpp () {
  const client = new EventEmitter()
  const adapter = Object.assign(new EventEmitter(), { client, options: { username: 'hubot@x.example', rooms: [{ jid: 'ops@muc.x.example' }] } })
  const robot = robotWith(adapter)
  const chat = new Xmpp(robot)
  client.on('stanza', stanza => {
    if (stanza.name === 'message') adapter.receive({ user: {}, stanza })
  })
  const presence = (nick, jid, attrs = {}, more = []) => {
    const item = element('item', { jid })
    const x = element('x', { xmlns: 'http://jabber.org/protocol/muc#user' }, [item])
    client.emit('stanza', element('presence', { from: `ops@muc.x.example/${nick}`, ...attrs }, jid ? [x, ...more] : more))
  }
  const say = (from, attrs = {}, children = []) => {
    client.emit('stanza', element('message', { from, type: 'groupchat', id: 'message-1', ...attrs }, children))
    return chat.facts(robot.got.at(-1))
  }
  return { chat, robot, adapter, presence, say }
}

test('XMPP: in a room the real JID counts, in lower case and without its resource', async () => {
  const { presence, say } = xmpp()
  presence('alice', 'Alice@X.example/phone')
  const facts = await say('ops@muc.x.example/alice')
  assert.deepEqual([facts.identity, facts.shown, facts.room, facts.id], ['xmpp:alice@x.example', 'alice', 'ops@muc.x.example', 'message-1'])
})

test('XMPP: someone who takes a nick later is themselves', async () => {
  const { presence, say } = xmpp()
  presence('alice', 'alice@x.example/phone')
  presence('alice', 'alice@x.example/phone', { type: 'unavailable' })
  assert.equal((await say('ops@muc.x.example/alice')).identity, null)
  // The adapter takes a presence with the name of the relay for its own, and passes over it.
  presence('alice', 'bob@x.example/pc', {}, [element('nick')])
  assert.equal((await say('ops@muc.x.example/alice')).identity, 'xmpp:bob@x.example')
})

test('XMPP: where the room does not show it, nobody speaks, and reads why', async () => {
  const { presence, say } = xmpp()
  presence('alice', undefined)
  const facts = await say('ops@muc.x.example/alice')
  assert.equal(facts.identity, null)
  assert.match(facts.why, /does not show the relay who you are/)
})

test('XMPP: in private it is the whole bare JID with its domain; through a room, that of the occupant', async () => {
  const { presence, say } = xmpp()
  assert.equal((await say('alice@evil.example/x', { type: 'chat' })).identity, 'xmpp:alice@evil.example')
  assert.equal((await say('ops@muc.x.example/alice', { type: 'chat' })).identity, null)
  presence('alice', 'alice@x.example/phone')
  assert.equal((await say('ops@muc.x.example/alice', { type: 'chat' })).identity, 'xmpp:alice@x.example')
})

test('XMPP: a correction and what is delivered late are known as such', async () => {
  const { say } = xmpp()
  const from = ['alice@x.example/a', { type: 'chat' }]
  assert.equal((await say(...from, [element('replace', { xmlns: 'urn:xmpp:message-correct:0' })])).edited, true)
  assert.equal((await say(...from, [element('delay', { xmlns: 'urn:xmpp:delay' })])).delayed, true)
  assert.equal((await say(...from)).edited, false)
})

test('XMPP: a message is named by what is unique: the room, the client, or not at all', async () => {
  const { presence, say } = xmpp()
  presence('alice', 'alice@x.example/phone')
  const stanzaId = by => element('stanza-id', { xmlns: 'urn:xmpp:sid:0', by, id: 'of-the-room' })
  const named = async (attrs, ...children) => (await say('ops@muc.x.example/alice', attrs, children)).id
  assert.equal(await named({}, stanzaId('ops@muc.x.example')), 'of-the-room')
  assert.equal(await named({}, stanzaId('other@muc.x.example')), 'message-1')
  assert.equal(await named({ id: '7' }, element('origin-id', { xmlns: 'urn:xmpp:sid:0', id: 'of-the-client' })), 'of-the-client')
  assert.equal(await named({ id: '7' }), null)
})

test('XMPP: after the connection was lost the rooms are asked anew', async () => {
  const { adapter, presence, say } = xmpp()
  presence('alice', 'alice@x.example/phone')
  adapter.emit('reconnected')
  assert.equal((await say('ops@muc.x.example/alice')).identity, null)
})

test('XMPP: an answer that is XML stays text', () => {
  const { chat, robot } = xmpp()
  chat.post({ channel: 'ops@muc.x.example', message: '<b>x</b>' }, null)
  chat.post({ channel: 'alice@x.example/phone', message: 'done' }, 'alice')
  assert.deepEqual(robot.sent, [
    [{ room: 'ops@muc.x.example', user: undefined }, '· <b>x</b>'],
    [{ room: 'alice@x.example/phone', user: { type: 'chat', privateChatJID: 'alice@x.example/phone' } }, 'alice: done']])
})

// Matrix

function matrix () {
  const client = Object.assign(new EventEmitter(), { getUserId: () => '@bot:x.example' })
  const robot = robotWith({}, { matrixClient: client })
  const chat = new Matrix(robot)
  client.on('Room.timeline', () => robot.adapter.receive({ user: {} }))
  const say = (sender, content = {}) => {
    const event = { getSender: () => sender, getContent: () => content, getTs: () => 1796048341250, getId: () => '$a:x.example' }
    client.emit('Room.timeline', event, { roomId: '!r:x.example' })
    return chat.facts(robot.got.at(-1))
  }
  return { chat, robot, say }
}

test('Matrix: the identity is the sender that the homeserver answers for', async () => {
  const facts = await matrix().say('@alice:x.example')
  assert.deepEqual([facts.identity, facts.id, facts.at, facts.room], ['matrix:@alice:x.example', '$a:x.example', 1796048341.25, '!r:x.example'])
})

test('Matrix: edits, notices and the relay itself are known as such', async () => {
  const { say } = matrix()
  assert.equal((await say('@alice:x.example', { 'm.relates_to': { rel_type: 'm.replace' } })).edited, true)
  assert.equal((await say('@alice:x.example', { msgtype: 'm.notice' })).bot, true)
  assert.equal((await say('@bot:x.example')).self, true)
})

test('Matrix: a command in a thread is answered in that thread', async () => {
  const { chat, robot, say } = matrix()
  const posted = []
  robot.matrixClient.sendMessage = async (room, content) => { posted.push([room, content]) }
  const facts = await say('@alice:x.example', { 'm.relates_to': { rel_type: 'm.thread', event_id: '$t' } })
  await chat.post({ channel: facts.room, context: { ...facts.context, room: facts.room }, message: 'done' }, '@alice:x.example')
  const relation = { rel_type: 'm.thread', event_id: '$t' }
  assert.deepEqual(posted, [['!r:x.example', { msgtype: 'm.notice', body: '@alice:x.example: done', 'm.relates_to': relation }]])
  assert.deepEqual(robot.sent, [])
})

test('Matrix: an answer that begins with an address does not make the adapter fetch it', () => {
  const { chat, robot } = matrix()
  chat.post({ channel: '!r:x.example', message: 'https://169.254.169.254/' }, null)
  assert.deepEqual(robot.sent, [['!r:x.example', '· https://169.254.169.254/']])
})

// Slack

function slack (users = {}) {
  const socket = new EventEmitter()
  const posts = []
  const answers = []
  const web = {
    chat: {
      postMessage: async message => {
        posts.push(message)
        const error = answers.shift()
        if (error) throw Object.assign(new Error(error), { data: { error } })
      }
    }
  }
  const robot = robotWith({ client: { socket, web }, self: { user_id: 'U0BOT', bot_id: 'B0BOT', team_id: 'T1' } }, { brain: { users: () => users } })
  const chat = new Slack(robot)
  const say = more => {
    const event = { type: 'message', user: 'U1', text: '<@U0BOT> help', ts: '1796048341.000100', channel: 'C1', team: 'T1', ...more }
    socket.emit('message', { event })
    // As the adapter does with it afterwards.
    const message = { room: event.channel, id: event.event_ts ?? event.ts, text: '@hubot changed' }
    event.text = 'changed'
    return message
  }
  return { chat, posts, answers, say, facts: async more => chat.facts(say(more)), text: more => chat.text(say(more)) }
}

test('Slack: the identity is team and id, wherever the name comes from', async () => {
  const facts = await slack({ U1: { name: 'alice', team_id: 'T1' } }).facts()
  assert.deepEqual([facts.identity, facts.at, facts.id, facts.room, facts.context], ['slack:T1/U1', 1796048341.0001, '1796048341.000100', 'C1',
    { id: '1796048341.000100', in_thread: false }])
})

test('Slack: a guest of another workspace is one, whichever field says so', async () => {
  for (const more of [{ team: 'T2' }, { user_team: 'T2' }, { source_team: 'T2' }]) {
    const facts = await slack().facts(more)
    assert.deepEqual([facts.team, facts.identity], ['T2', 'slack:T2/U1'])
  }
  assert.equal((await slack({ U1: { slack: { team_id: 'T2' } } }).facts()).team, 'T2')
  assert.equal((await slack().facts({ team: undefined })).identity, null)
})

test('Slack: bots, webhooks, the relay itself and edits are known as such', async () => {
  for (const more of [{ bot_id: 'B2' }, { subtype: 'bot_message' }, { user: 'USLACKBOT' }]) assert.equal((await slack().facts(more)).bot, true)
  assert.equal((await slack({ U1: { is_bot: true } }).facts()).bot, true)
  assert.equal((await slack().facts({ user: 'U0BOT' })).self, true)
  assert.equal((await slack().facts({ edited: { ts: '1' } })).edited, true)
})

test('Slack: the text is what was typed, also of a file, a broadcast and in private', () => {
  assert.equal(slack().text({ text: '<@U0BOT> a &amp; <b|c>' }), '@hubot a & <b|c>')
  assert.equal(slack().text({ subtype: 'file_share', text: '<@U0BOT> a &lt;b&gt;', event_ts: '9.9' }), '@hubot a <b>')
  assert.equal(slack().text({ channel_type: 'im', text: 'help' }), '@hubot help')
})

test('Slack: a command in a thread is answered in that thread', async () => {
  const facts = await slack().facts({ thread_ts: '1796000000.000100', subtype: 'thread_broadcast' })
  assert.deepEqual(facts.context, { id: '1796000000.000100', in_thread: true })
})

test('Slack: what is no event that was seen is nobody', async () => {
  assert.equal((await slack().chat.facts({ room: 'C1', id: '1.1' })).identity, null)
})

test('Slack: where it does not take the blocks, the same text is posted without them', async () => {
  const { chat, posts, answers } = slack()
  answers.push('invalid_blocks')
  await chat.post({ channel: 'C1', message: 'a & b' }, 'U1')
  assert.deepEqual(posts.map(one => one.text), ['<@U1>:', '<@U1>: a &amp; b'])
  answers.push('channel_not_found')
  await chat.post({ channel: 'C1', message: 'a' }, 'U1')
  assert.equal(posts.length, 3)
})

test('the chat is that of the adapter, or of the setting', () => {
  class IrcBot extends EventEmitter {}
  const robot = robotWith(new IrcBot())
  assert.equal(chatOf(robot, { chat: '' }).name, 'irc')
  assert.equal(chatOf(robot, { chat: 'slack' }).name, 'slack')
  assert.equal(chatOf(robotWith({}), { chat: '' }), null)
})
