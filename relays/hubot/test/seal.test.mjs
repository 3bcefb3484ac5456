import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { identityIn, sealed } from '../seal.mjs'

const { key, sealed: vectors } = JSON.parse(readFileSync(new URL('../../vectors.json', import.meta.url), 'utf8'))
const given = { key, identity: 'slack:T1/U1', relay: 'hubot/0.4.0', time: 1796048341.25, message: '1.2', room: 'C1' }

for (const one of vectors) {
  test(`the seal of the example "${one.name}" is that of relays/vectors.json`, () => {
    assert.equal(sealed({ ...one, key, time: Number(one.time) }), one.user)
    assert.equal(identityIn(one.user), one.identity)
  })
}

test('every part of what is sealed changes the seal', () => {
  const seal = more => sealed({ ...given, ...more }).split(' ').at(-1)
  const others = [{ key: key + 'x' }, { identity: 'slack:T1/U2' }, { relay: 'hubot/0.5.0' }, { time: 1796048341.251 }, { message: '1.3' },
    { room: 'C2' }]
  assert.equal(new Set([{}, ...others].map(seal)).size, others.length + 1)
})

test('a part with a blank, or an empty one, is refused: it could pass for two', () => {
  for (const part of ['identity', 'relay', 'message']) {
    assert.throws(() => sealed({ ...given, [part]: 'a b' }), RangeError)
    assert.throws(() => sealed({ ...given, [part]: '' }), RangeError)
  }
})

test('what is no sealed text has no identity in it', () => {
  for (const one of [undefined, '', 'alice', 'slack:T1/U1', 'slack:T1/U1 hubot/1 1.000 2 short']) assert.equal(identityIn(one), null)
})
