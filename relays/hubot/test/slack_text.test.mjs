import assert from 'node:assert/strict'
import { test } from 'node:test'
import { commandText, escaped } from '../chats/slack_text.mjs'

const names = { U0BOB: 'bob' }
const READ = [
  ['deploy web v1 to uat', 'deploy web v1 to uat'],
  ['a &lt;b&gt; &amp; c', 'a <b> & c'],
  ['&amp;lt;b&amp;gt; &amp;amp;', '&lt;b&gt; &amp;'],
  ['one\ntwo\n\n  three', 'one\ntwo\n\n  three'],
  ['<https://a.example/?x=1&amp;y=2>', 'https://a.example/?x=1&y=2'],
  ['<http://api.example.com|api.example.com>', 'api.example.com'],
  ['<https://api.example.com/|https://api.example.com>', 'https://api.example.com'],
  ['<mailto:a@b.example|a@b.example>', 'a@b.example'],
  ['<https://evil.example|https://good.example>', '<https://evil.example|https://good.example>'],
  ['<https://evil.example|web>', '<https://evil.example|web>'],
  ['<https://evil.example|good.example>', '<https://evil.example|good.example>'],
  ['<@U0BOB> <@U0BOB|admin> <@U0NEW>', '@bob @bob @U0NEW'],
  ['<#C1|ops> <!here|here> <!channel> <!subteam^S1|@devs>', '#ops here @channel @devs']
]
for (const [raw, text] of READ) {
  test(`${JSON.stringify(raw)} is what a person typed as ${JSON.stringify(text)}`, () => {
    assert.equal(commandText(raw, id => names[id]), text)
  })
}

test('no sign of a text is notation once it is escaped', () => {
  assert.equal(escaped('<!channel> & <@U1> &amp;'), '&lt;!channel&gt; &amp; &lt;@U1&gt; &amp;amp;')
})
