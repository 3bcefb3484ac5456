import assert from 'node:assert/strict'
import { test } from 'node:test'
import { harmless, plainAnswer, shortLines } from '../chats/plain_answers.mjs'
import { messages } from '../chats/slack_answers.mjs'

const ids = { channel: 'C1', user: 'sealed' }
const rich = message => message.blocks.attachments[0].blocks[0].elements
const words = message => rich(message).flatMap(one => one.elements)
const below = message => message.blocks.attachments[0].blocks.slice(1)
const link = (url, text) => ({ type: 'rich_text', elements: [{ type: 'rich_text_section', elements: [{ type: 'link', url, text }] }] })

test('an answer mentions the requester, and its text is a text', () => {
  const [message, ...more] = messages({ ...ids, message: 'done <!channel> & *x*\n\n@here' }, 'U0ALICE')
  assert.equal(more.length, 0)
  assert.equal(message.blocks.text, '<@U0ALICE>:')
  assert.deepEqual(words(message), [{ type: 'text', text: 'done <!channel> & *x*\n\n@here' }])
  assert.equal(message.blocks.attachments[0].fallback, 'done &lt;!channel&gt; &amp; *x*\n\n@here')
  assert.deepEqual(message.plain, {
    channel: 'C1', text: '<@U0ALICE>: done &lt;!channel&gt; &amp; *x*\n\n@here', mrkdwn: false
  })
})

test('a web address can be clicked, without the sign behind it', () => {
  const [message] = messages({ ...ids, message: 'see https://a.example/x?y=1&z=2.' }, null)
  assert.deepEqual(words(message), [{ type: 'text', text: 'see ' }, { type: 'link', url: 'https://a.example/x?y=1&z=2' },
    { type: 'text', text: '.' }])
})

test('colour, fields and a link of an alias stand below the text', () => {
  const slack = {
    color: '#2eb886', title: 'Log', title_link: 'https://log',
    fields: [{ title: 'App', value: '<web_1>' }, { title: 'Version', value: '' }, { title: 'Mark', value: '*x* :x:' }, null]
  }
  const [message] = messages({ ...ids, message: 'done', link: 'https://st2/#/history/1', extra: { slack } }, 'U1')
  assert.equal(message.blocks.attachments[0].color, '#2eb886')
  assert.equal(message.blocks.attachments[0].fallback, 'done')
  assert.deepEqual(words(message), [{ type: 'text', text: 'done' }])
  assert.deepEqual(below(message), [
    {
      type: 'section',
      fields: [
        { type: 'mrkdwn', text: '*App*\n&lt;web_1&gt;', verbatim: true },
        { type: 'plain_text', text: 'Mark\n*x* :x:', emoji: false }
      ]
    },
    link('https://log', 'Log')])
})

test('an answer with fields leads to its execution, once, and no other does', () => {
  const url = 'https://st2/#/history/1'
  const of = (message, slack, link = url) => below(messages({ ...ids, message, link, extra: { slack } }, 'U1')[0]).slice(-1)
  const slack = { fields: [{ title: 'App', value: 'web' }] }
  assert.deepEqual(of('done', slack), [link(url, 'Execution in StackStorm')])
  for (const one of [of(`done ${url}`, slack), of('done', slack, 'javascript:x'), of('done', slack, `${url}|x`)]) {
    assert.equal(one[0].type, 'section')
  }
  assert.deepEqual(of('done', {}), [])
})

test('ten fields are shown, none too long for Slack', () => {
  const fields = Array.from({ length: 12 }, (_, number) => ({ title: `f${number}`, value: '&'.repeat(5000) }))
  const [block] = below(messages({ ...ids, message: 'done', extra: { slack: { fields } } }, 'U1')[0])
  assert.equal(block.fields.length, 10)
  assert.ok(block.fields.every(one => one.text.length <= 2000))
})

test('a colour is one that Slack shows beside blocks, or none', () => {
  const color = extra => messages({ ...ids, message: 'x', extra }, 'U1')[0].blocks.attachments[0].color
  assert.deepEqual(['#2eb886', 'dfdfdf', 'danger', 'red', '', 7].map(one => color({ slack: { color: one } })),
    ['#2eb886', '#dfdfdf', '#a30200', undefined, undefined, undefined])
  assert.equal(color({ color: 'F35A00' }), '#F35A00')
})

test('an answer stands below the question where the alias or the question wants it', () => {
  const thread = (context, slack) => messages({ ...ids, message: 'x', context, extra: { slack } }, 'U1')[0].blocks.thread_ts
  assert.equal(thread({ id: '1.1' }, { thread_response: true }), '1.1')
  assert.equal(thread({ id: '1.1', in_thread: true }, {}), '1.1')
  assert.equal(thread({ id: '1.1' }, {}), undefined)
  assert.equal(thread(undefined, { thread_response: true }), undefined)
})

test('a long answer is several messages, none too long, nothing lost', () => {
  const text = `${'a line of text\n'.repeat(1200)}${'😀'.repeat(5000)}`
  const found = messages({ ...ids, message: text }, 'U1')
  const parts = found.map(one => words(one).map(each => each.text).join(''))
  assert.ok(parts.every(one => one.length <= 7500))
  assert.equal(parts.join('').replaceAll('\n', ''), text.replaceAll('\n', ''))
  assert.deepEqual(found.map(one => one.blocks.text !== ''), [true, ...found.slice(1).map(() => false)])
})

test('what is no person of Slack is a text in front, not a mention', () => {
  assert.equal(messages({ channel: 'C1', user: '<!channel>', message: 'x' }, null)[0].blocks.text, '&lt;!channel&gt;:')
  assert.equal(messages({ channel: 'C1', message: 'x' }, null)[0].blocks.text, '')
})

test('in plain text nothing mentions, and no control character is left', () => {
  assert.equal(harmless('@here (@alice ＠all a@b.example\r\nQUIT\u0000\u0007'), '@ here (@ alice ＠ all a@b.example\nQUIT')
  assert.equal(plainAnswer({ message: 'On it {~} done' }, 'alice'), 'alice: On it\ndone')
  assert.equal(plainAnswer({ message: 'done', whisper: true }, 'alice'), 'done')
})

test('an answer that names who asked does so once', () => {
  const said = (message, person) => plainAnswer({ message }, person)
  assert.equal(said('alice deployed web', 'alice'), 'alice deployed web')
  assert.equal(said('web, approved by ALICE.', 'alice'), 'web, approved by ALICE.')
  assert.equal(said('alice2 and malice', 'alice'), 'alice: alice2 and malice')
  assert.equal(said('alice deployed web', '@alice:example.com'), 'alice deployed web')
  assert.equal(said('bob deployed web', '@alice:example.com'), '@alice:example.com: bob deployed web')
  assert.equal(said('done', 'a[b]\\^`'), 'a[b]\\^`: done')
  assert.equal(said('a[b] did', 'a[b]'), 'a[b] did')
})

test('a line has no more bytes than IRC takes, and breaks at a blank', () => {
  const lines = shortLines(`${'слово '.repeat(100)}\n\n${'x'.repeat(500)}`, 380)
  assert.ok(lines.every(one => Buffer.byteLength(one) <= 380))
  assert.equal(lines.join('').replaceAll(' ', ''), 'слово'.repeat(100) + 'x'.repeat(500))
  assert.ok(lines[0].endsWith('слово'))
})
