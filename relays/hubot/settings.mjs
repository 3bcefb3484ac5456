// The settings of the relay: environment variables, each with a default that is safe.

import { readFileSync } from 'node:fs'

const MIN_KEY = 32
const CHATS = ['slack', 'xmpp', 'matrix', 'irc']

// `key` is null where there is none; then `problems` says why, in sentences, and nothing may be handed over. `run` has what is handed
// over although it is dropped by default: 'edits', 'replays', 'repeats', 'bots'. `teams` are the other Slack workspaces whose people may
// speak. `maxAge` is in seconds, 0 for no limit; `memory` is how many messages are remembered.
export function readSettings (env, read = path => readFileSync(path, 'utf8')) {
  const problems = []
  const run = new Set(['edits', 'replays', 'repeats', 'bots'].filter(name => choice(name, ['drop', 'run'], 'drop') === 'run'))
  return {
    key: key(),
    run,
    teams: new Set(list('OPSROOM_RELAY_GUESTS', /^[TE][A-Z0-9]+$/, 'ids of Slack workspaces, or "drop"')),
    maxAge: number('OPSROOM_RELAY_MAX_AGE', 120),
    memory: Math.max(1, number('OPSROOM_RELAY_MEMORY', 10000)),
    irc: choice('irc', ['account_or_mask', 'account'], 'account_or_mask'),
    chat: choice('chat', ['', ...CHATS], ''),
    problems
  }

  function key () {
    const path = env.OPSROOM_RELAY_KEY_FILE
    let found = env.OPSROOM_RELAY_KEY ?? ''
    if (!found && path) {
      try {
        found = read(path).replace(/\r?\n$/, '')
      } catch (error) {
        problems.push(`OPSROOM_RELAY_KEY_FILE cannot be read (${error.code ?? 'unknown'})`)
        return null
      }
    }
    const length = [...found].length
    if (length >= MIN_KEY) return found
    problems.push(length
      ? `the key has ${length} characters, and needs ${MIN_KEY}`
      : 'OPSROOM_RELAY_KEY is not set, nor OPSROOM_RELAY_KEY_FILE')
    return null
  }

  function choice (name, known, usual) {
    const variable = `OPSROOM_RELAY_${name.toUpperCase()}`
    const given = env[variable] ?? usual
    if (known.includes(given)) return given
    problems.push(`${variable} is "${given}"; it can be ${known.filter(Boolean).join(' or ')}`)
    return usual
  }

  function number (variable, usual) {
    const given = env[variable] ?? String(usual)
    if (/^\d{1,9}$/.test(given)) return Number(given)
    problems.push(`${variable} is "${given}"; it can be a whole number`)
    return usual
  }

  function list (variable, shape, what) {
    const given = (env[variable] ?? 'drop').split(',').map(one => one.trim()).filter(one => one && one !== 'drop')
    const wrong = given.filter(one => !shape.test(one))
    if (wrong.length) problems.push(`${variable} has "${wrong[0]}"; it can be ${what}`)
    return given.filter(one => shape.test(one))
  }
}
