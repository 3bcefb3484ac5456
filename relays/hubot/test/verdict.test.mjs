import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nobody } from '../chats/facts.mjs'
import { Seen } from '../seen.mjs'
import { readSettings } from '../settings.mjs'
import { dropped } from '../verdict.mjs'

const KEY = 'correct-horse-battery-staple-0123456789'
const alice = { ...nobody(''), identity: 'slack:T1/U1', at: 1000 }

function judged (facts, env = {}, around = {}) {
  const settings = readSettings({ OPSROOM_RELAY_KEY: KEY, ...env })
  return dropped({ ...alice, ...facts }, { settings, start: 990, now: 1001, repeated: false, ...around })
}

test('a new word of a person is handed over', () => {
  assert.equal(judged({}), null)
  assert.equal(judged({ at: null }), null)
})

const DROPPED = [
  ['bot', { bot: true }, {}, { OPSROOM_RELAY_BOTS: 'run' }],
  ['edit', { edited: true }, {}, { OPSROOM_RELAY_EDITS: 'run' }],
  ['replay', { delayed: true }, {}, { OPSROOM_RELAY_REPLAYS: 'run' }],
  ['replay', { at: 989.9 }, {}, { OPSROOM_RELAY_REPLAYS: 'run' }],
  ['late', {}, { now: 1121 }, { OPSROOM_RELAY_MAX_AGE: '0' }],
  ['repeat', {}, { repeated: true }, { OPSROOM_RELAY_REPEATS: 'run' }],
  ['guest', { team: 'T2' }, {}, { OPSROOM_RELAY_GUESTS: 'T3,T2' }]
]
for (const [reason, facts, around, env] of DROPPED) {
  test(`${JSON.stringify({ ...facts, ...around })} is dropped in silence, unless a setting allows it`, () => {
    assert.deepEqual(judged(facts, {}, around), { reason, sentence: '' })
    assert.equal(judged(facts, env, around), null)
  })
}

test('what the relay says itself is never handed over', () => {
  const all = { OPSROOM_RELAY_BOTS: 'run', OPSROOM_RELAY_EDITS: 'run', OPSROOM_RELAY_REPLAYS: 'run', OPSROOM_RELAY_REPEATS: 'run' }
  assert.equal(judged({ self: true }, all).reason, 'self')
})

test('nobody runs anything, and reads why', () => {
  const verdict = judged({ identity: null, why: 'the server did not say who you are.' })
  assert.deepEqual(verdict, { reason: 'nobody', sentence: 'Nothing was run: the server did not say who you are.' })
})

test('without a key, with a short one, or with a setting in doubt, nothing is handed over', () => {
  for (const env of [{ OPSROOM_RELAY_KEY: '' }, { OPSROOM_RELAY_KEY: 'a'.repeat(31) }, { OPSROOM_RELAY_EDITS: 'yes' },
    { OPSROOM_RELAY_MAX_AGE: '2m' }, { OPSROOM_RELAY_GUESTS: 'all' }]) {
    const verdict = judged({}, env)
    assert.equal(verdict.reason, 'no_key')
    assert.match(verdict.sentence, /^Nothing was run: the relay is not set up/)
  }
})

test('the key may be in a file, with a line feed at its end', () => {
  const read = path => { assert.equal(path, '/run/key'); return `${KEY}\n` }
  assert.equal(readSettings({ OPSROOM_RELAY_KEY_FILE: '/run/key' }, read).key, KEY)
  const missing = readSettings({ OPSROOM_RELAY_KEY_FILE: '/none' }, () => { throw Object.assign(new Error(), { code: 'ENOENT' }) })
  assert.deepEqual([missing.key, missing.problems], [null, ['OPSROOM_RELAY_KEY_FILE cannot be read (ENOENT)']])
})

test('what was seen is known again until its memory is full', () => {
  const seen = new Seen(2)
  assert.deepEqual(['a', 'a', 'b', 'c', 'a'].map(one => seen.add(one)), [false, true, false, false, false])
  assert.equal(seen.size, 2)
})
