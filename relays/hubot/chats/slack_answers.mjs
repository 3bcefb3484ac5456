// What is posted to Slack: Block Kit in which a text is a text, the same text as fallback, and a mention of the requester.

import { escaped } from './slack_text.mjs'

// Slack takes about 13,000 characters of blocks in a message.
const LONGEST = 7500
const LINK = /https?:\/\/[^\s<>"|]+[^\s<>"|'.,;:!?)\]}]/g
const USER = /^[UW][A-Z0-9]+$/
// Beside blocks Slack shows no colour that has a name.
const NAMED = { good: '#2eb886', warning: '#daa038', danger: '#a30200' }
const COLOR = /^#?([0-9a-fA-F]{6})$/
// What Slack says of blocks that it does not take. The same text without them is better than silence.
const REFUSED = new Set(['invalid_blocks', 'invalid_blocks_format', 'invalid_attachments', 'invalid_arguments', 'msg_blocks_too_long'])
const MARK = '{~}'
// In a section Slack takes ten fields of 2,000 characters, of which an escaped sign has up to five.
const MAX_FIELDS = 10
const MAX_FIELD = 190
// What Slack may take for markup or an emoji, where it stands.
const MARKUP = /[*~`:]|\b_|_\b/
const ADDRESS = /^https?:\/\/[^\s<>|"]+$/
const EXECUTION = 'Execution in StackStorm'

export class Poster {
  #robot

  constructor (robot) {
    this.#robot = robot
  }

  // A text alone. Nothing in it is a mention, a link with another text, or markup.
  async plain (room, text, thread) {
    for (const part of parts(text)) {
      await this.#post({ channel: room, text: escaped(part), mrkdwn: false, ...(thread ? { thread_ts: thread } : {}) })
    }
  }

  // What hubot-stackstorm hands over: {message, channel, user, whisper, extra, context}, and `link`, the address of the execution.
  // `person` is who asked, as an id, or null.
  async answer (data, person) {
    for (const message of messages(data, person)) {
      if (!await this.#post(message.blocks)) await this.#post(message.plain)
    }
  }

  // False where Slack refused the blocks of a message.
  async #post (message) {
    try {
      await this.#robot.adapter.client.web.chat.postMessage({ unfurl_links: false, unfurl_media: false, ...message })
    } catch (error) {
      const why = error.data?.error ?? error.code ?? error.name
      this.#robot.logger.error(`opsroom: Slack did not take an answer in ${message.channel}: ${why}`)
      return !(message.attachments && REFUSED.has(why))
    }
    return true
  }
}

// The messages of an answer, each as blocks and as text alone.
export function messages (data, person) {
  const slack = data.extra?.slack ?? {}
  const context = data.context ?? {}
  const thread = slack.thread_response || context.in_thread ? context.id : undefined
  const user = person ?? data.user
  const mention = !user || data.whisper ? '' : USER.test(user) ? `<@${user}>` : escaped(user)
  const color = colorOf(slack.color) || colorOf(data.extra?.color)
  const text = String(data.message ?? '').split(MARK).map(one => one.trim()).filter(Boolean).join('\n')
  const all = parts(text)
  return all.map((part, index) => {
    const head = index ? '' : mention
    const common = { channel: data.whisper && user ? user : data.channel, ...(thread ? { thread_ts: thread } : {}) }
    const last = index === all.length - 1
    const blocks = [{ type: 'rich_text', elements: [section(words(part))] }, ...(last ? facts(slack, data.link, text) : [])]
    return {
      blocks: {
        ...common,
        text: head && `${head}:`,
        attachments: [{ ...(color ? { color } : {}), fallback: escaped(part), blocks }]
      },
      plain: { ...common, text: (head && `${head}: `) + escaped(part), mrkdwn: false }
    }
  })
}

// A long text in parts that Slack takes, cut at the end of a line where there is one.
function parts (text) {
  const found = []
  let rest = text
  while (rest.length > LONGEST) {
    const line = rest.lastIndexOf('\n', LONGEST)
    // Never between the two halves of one sign.
    const cut = line > 0 ? line : LONGEST - (/[\ud800-\udbff]/.test(rest[LONGEST - 1]) ? 1 : 0)
    found.push(rest.slice(0, cut))
    rest = rest.slice(line > 0 ? cut + 1 : cut)
  }
  return [...found, rest || ' ']
}

// A text as elements: web addresses can be clicked and show where they lead; everything else is what it is.
function words (text) {
  const elements = []
  let end = 0
  for (const link of text.matchAll(LINK)) {
    if (link.index > end) elements.push({ type: 'text', text: text.slice(end, link.index) })
    elements.push({ type: 'link', url: link[0] })
    end = link.index + link[0].length
  }
  if (end < text.length) elements.push({ type: 'text', text: text.slice(end) })
  return elements
}

// The facts below an answer: fields of an alias (extra.slack), and a link to what it names, or to the execution.
function facts (slack, execution, text) {
  const fields = (Array.isArray(slack.fields) ? slack.fields : [])
    .map(one => ({ title: shortened(one?.title), value: shortened(one?.value) }))
    .filter(one => one.title && one.value)
    .slice(0, MAX_FIELDS)
    .map(field)
  const own = ADDRESS.test(slack.title_link ?? '')
  const url = own ? slack.title_link : fields.length && ADDRESS.test(execution ?? '') && !text.includes(execution) ? execution : ''
  const title = own ? String(slack.title ?? '').trim() : EXECUTION
  return [
    ...(fields.length ? [{ type: 'section', fields }] : []),
    ...(url ? [{ type: 'rich_text', elements: [section([{ type: 'link', url, ...(title ? { text: title } : {}) }])] }] : [])
  ]
}

// A title above a value. What could be taken for markup stands as it is, and the title is not bold then.
function field ({ title, value }) {
  return MARKUP.test(title) || MARKUP.test(value)
    ? { type: 'plain_text', text: `${title}\n${value}`, emoji: false }
    : { type: 'mrkdwn', text: `*${escaped(title)}*\n${escaped(value)}`, verbatim: true }
}

function shortened (given) {
  return String(given ?? '').trim().slice(0, MAX_FIELD)
}

function colorOf (given) {
  const found = COLOR.exec(given ?? '')
  return NAMED[given] ?? (found ? `#${found[1]}` : '')
}

function section (elements) {
  return { type: 'rich_text_section', elements }
}
