import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cost } from './cost.mjs'

test('the relay adds less than 2 ms to a message', async () => {
  for (const [kind, { without, with: sealed }] of Object.entries(await cost(100))) assert.ok(sealed - without < 2, `${kind}: ${sealed - without} ms`)
})
