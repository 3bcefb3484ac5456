// Description:
//   Hands commands over to StackStorm under an identity that cannot be forged, sealed for the pack opsroom
//
// Configuration:
//   OPSROOM_RELAY_KEY or OPSROOM_RELAY_KEY_FILE - the key, of 32 characters or more
//   ST2_API_URL, ST2_STREAM_URL, ST2_API_KEY - as of hubot-stackstorm
//   docs/chat.md of the pack has the others
//
// It stands in the place of hubot-stackstorm in external-scripts.json, and loads that itself.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { chatOf } from './chats/index.mjs'
import { Relay } from './relay.mjs'
import { readSettings } from './settings.mjs'
import { Client } from './stackstorm.mjs'

const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'))

const KNOWN = /^0\.13\./

export default function (robot) {
  const env = process.env
  const settings = readSettings(env)
  const chat = chatOf(robot, settings)
  if (!chat) settings.problems.push(`the adapter ${robot.adapter?.constructor?.name} is none that the relay knows`)
  if (!env.ST2_API_KEY && !env.ST2_AUTH_TOKEN) settings.problems.push('ST2_API_KEY is not set')
  // Of hubot's own folder: this script may be linked there from elsewhere.
  const require = createRequire(`${process.cwd()}/`)
  const found = require('hubot-stackstorm/package.json').version
  // The relay stands in the place of parts of it, which another version may have elsewhere.
  if (!KNOWN.test(found)) settings.problems.push(`hubot-stackstorm is ${found}, and the script is made for 0.13`)
  for (const problem of settings.problems) robot.logger.error(`opsroom: nothing is handed over to StackStorm: ${problem}`)

  const StackStorm = require('hubot-stackstorm/src/lib/stackstorm_api.js')
  const relay = new Relay({ robot, chat, settings, name: `hubot/${version}` })
  const stackstorm = new StackStorm(relay.facade())
  stackstorm.api_client = new Client({
    api: env.ST2_API || env.ST2_API_URL || 'http://localhost:9101',
    stream: env.ST2_STREAM_URL,
    key: env.ST2_API_KEY,
    token: env.ST2_AUTH_TOKEN,
    log: robot.logger
  })
  relay.takeOver(stackstorm)
  stackstorm.start()
  robot.logger.info(`opsroom: the relay is hubot/${version}, the chat ${chat?.name ?? 'unknown'}`)
  return () => stackstorm.stop()
}
