// The chat that an adapter is for.

import { Irc } from './irc.mjs'
import { Matrix } from './matrix.mjs'
import { Slack } from './slack.mjs'
import { Xmpp } from './xmpp.mjs'

const CHATS = { slack: Slack, xmpp: Xmpp, matrix: Matrix, irc: Irc }
// How the adapters name their classes: hubot calls an adapter by that, whatever its package is called.
const ADAPTERS = { SlackBot: 'slack', XmppBot: 'xmpp', Matrix: 'matrix', IrcBot: 'irc' }

// The chat of a robot's adapter, or the one that the settings name. Null where the relay knows none.
export function chatOf (robot, settings) {
  const name = settings.chat || ADAPTERS[robot.adapter?.constructor?.name]
  return name ? new CHATS[name](robot, settings) : null
}
