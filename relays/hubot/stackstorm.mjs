// StackStorm's API as hubot-stackstorm calls it, in the place of its client: with certificates checked, the key in a header and not in an
// address that st2stream logs, and lists page by page, which the least role may.

// The most that StackStorm gives at once to someone who is no administrator.
const PAGE = 100
const SECONDS = 60
// After the stream was lost.
const PAUSE = 1000

// `api` and `stream` are addresses without /v1. `key` is an API key, `token` a token; one of them. `log` is a logger.
export class Client {
  #base
  #headers

  constructor ({ api, stream, key, token, log }) {
    this.#base = versioned(api)
    this.#headers = key ? { 'St2-Api-Key': key } : { 'X-Auth-Token': token }
    const address = `${versioned(stream || api)}/stream`
    this.actionAlias = { list: () => this.#all('/actionalias') }
    this.aliasExecution = { create: payload => this.#send('/aliasexecution', payload) }
    this.stream = { listen: async () => new Stream(address, this.#headers, log) }
  }

  async #all (path) {
    const found = []
    for (;;) {
      const page = await this.#call(`${path}?limit=${PAGE}&offset=${found.length}`)
      found.push(...page)
      if (page.length < PAGE) return found
    }
  }

  async #send (path, content) {
    return this.#call(path, { method: 'POST', body: JSON.stringify(content), headers: { 'Content-Type': 'application/json' } })
  }

  async #call (path, { headers, ...options } = {}) {
    const answer = await fetch(this.#base + path, {
      ...options,
      redirect: 'error',
      // On a connection that is used again, a command is lost at the moment at which StackStorm closes that.
      headers: { ...this.#headers, ...headers, Connection: 'close' },
      signal: AbortSignal.timeout(SECONDS * 1000)
    })
    const text = await answer.text()
    if (answer.ok) return JSON.parse(text)
    throw Object.assign(new Error(faultOf(text)), { status: answer.status })
  }
}

// The stream of events. As an EventSource it calls the listeners of an event with {data}, and `onerror` with {status, message}; it comes
// back whatever happened.
export class Stream {
  #listeners = new Map()
  #closed = new AbortController()
  onerror = () => {}

  constructor (address, headers, log, pause = PAUSE) {
    this.#run(address, headers, log, pause)
  }

  addEventListener (name, listener) {
    this.#listeners.set(name, [...(this.#listeners.get(name) ?? []), listener])
  }

  removeAllListeners () {
    this.#listeners.clear()
  }

  close () {
    this.#closed.abort()
  }

  async #run (address, headers, log, pause) {
    const { signal } = this.#closed
    while (!signal.aborted) {
      try {
        const answer = await fetch(address, { headers: { ...headers, Accept: 'text/event-stream' }, redirect: 'error', signal })
        if (!answer.ok) throw Object.assign(new Error(faultOf(await answer.text())), { status: answer.status })
        log.info('opsroom: the stream of StackStorm is open')
        for await (const event of eventsOf(answer.body)) this.#hand(event)
      } catch (error) {
        // The cause has what the network said; an address is not in it.
        if (!signal.aborted) this.onerror({ status: error.status, message: error.cause?.code ?? error.message })
      }
      if (!signal.aborted) await new Promise(resolve => setTimeout(resolve, pause))
    }
  }

  #hand ({ name, data }) {
    for (const listener of this.#listeners.get(name) ?? []) listener({ data })
  }
}

// The events of a body in the format of server-sent events.
export async function * eventsOf (body) {
  const decoder = new TextDecoder()
  let rest = ''
  let name = ''
  let data = []
  for await (const chunk of body) {
    // A line that ends in \r\n may end in the middle of that.
    const lines = (rest + decoder.decode(chunk, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    rest = lines.pop()
    for (const line of lines) {
      if (line === '') {
        if (data.length) yield { name: name || 'message', data: data.join('\n') }
        name = ''
        data = []
        continue
      }
      const [, field, value] = /^([^:]*):? ?(.*)$/s.exec(line)
      if (field === 'event') name = value
      if (field === 'data') data.push(value)
    }
  }
}

function versioned (address) {
  return `${address.replace(/\/+$/, '').replace(/\/v1$/, '')}/v1`
}

function faultOf (text) {
  try {
    return String(JSON.parse(text).faultstring)
  } catch {
    return text.slice(0, 300)
  }
}
