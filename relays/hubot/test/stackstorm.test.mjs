import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { test } from 'node:test'
import { Client, eventsOf } from '../stackstorm.mjs'

const log = { info () {} }

async function served (t, handler) {
  const asked = []
  const server = http.createServer((request, response) => {
    let body = ''
    request.on('data', chunk => { body += chunk })
    request.on('end', () => {
      asked.push({ url: request.url, headers: request.headers, body, port: request.socket.remotePort })
      handler(request, response, asked.length)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => { server.closeAllConnections(); server.close() })
  return { address: `http://127.0.0.1:${server.address().port}`, asked }
}

test('the aliases are asked for page by page, as the least role may', async t => {
  const all = Array.from({ length: 230 }, (_, number) => ({ name: `alias_${number}` }))
  const { address, asked } = await served(t, (request, response) => {
    const query = new URL(request.url, 'http://x').searchParams
    const [limit, offset] = [Number(query.get('limit')), Number(query.get('offset'))]
    response.writeHead(limit < 0 || limit > 100 ? 403 : 200).end(JSON.stringify(all.slice(offset, offset + limit)))
  })
  const found = await new Client({ api: address, key: 'k3y', log }).actionAlias.list({ limit: -1 })
  assert.deepEqual(found, all)
  assert.deepEqual(asked.map(one => one.url), [0, 100, 200].map(offset => `/v1/actionalias?limit=100&offset=${offset}`))
  assert.ok(asked.every(one => one.headers['st2-api-key'] === 'k3y'))
})

test('a refusal carries the status and the words of StackStorm', async t => {
  const { address } = await served(t, (_, response) => response.writeHead(400).end('{"faultstring": "no such alias"}'))
  const client = new Client({ api: `${address}/v1/`, token: 't', log })
  await assert.rejects(client.aliasExecution.create({ command: 'x' }), { status: 400, message: 'no such alias' })
})

test('no connection is used again: a command would be lost when StackStorm closes it', async t => {
  const { address, asked } = await served(t, (_, response) => response.writeHead(201).end('{}'))
  const client = new Client({ api: address, key: 'k3y', log })
  for (let count = 0; count < 3; count++) await client.aliasExecution.create({ command: 'x' })
  assert.deepEqual(asked.map(one => one.headers.connection), ['close', 'close', 'close'])
  assert.equal(new Set(asked.map(one => one.port)).size, 3)
})

test('a key is not sent on to where an answer points', async t => {
  const other = await served(t, (_, response) => response.end('[]'))
  const { address } = await served(t, (_, response) => response.writeHead(307, { Location: `${other.address}/v1/actionalias` }).end())
  await assert.rejects(new Client({ api: address, key: 'k3y', log }).actionAlias.list())
  assert.deepEqual(other.asked, [])
})

test('the stream has the key in a header, and comes back after it broke', async t => {
  const { address, asked } = await served(t, (_, response, count) => {
    if (count === 2) return response.writeHead(503).end('{"faultstring": "busy"}')
    response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    response.write(`event: st2.announcement__chatops\ndata: {"number": ${count}}\n\n`)
    if (count === 1) response.end()
  })
  const client = new Client({ api: address, stream: address, key: 'k3y', log })
  const stream = await client.stream.listen()
  const errors = []
  stream.onerror = error => errors.push(error.status)
  const numbers = []
  await new Promise(resolve => stream.addEventListener('st2.announcement__chatops', ({ data }) => {
    numbers.push(JSON.parse(data).number)
    if (numbers.length === 2) resolve()
  }))
  stream.close()
  assert.deepEqual([numbers, errors], [[1, 3], [503]])
  assert.ok(asked.every(one => one.url === '/v1/stream' && one.headers['st2-api-key'] === 'k3y'))
})

test('events are read whatever pieces they come in', async () => {
  const text = 'event: a\ndata: one\ndata: tw\u00f6\n\n: nothing\n\r\ndata: three\r\n\r\nevent: cut off'
  for (const size of [1, 2, 3, 7, 100]) {
    const bytes = Buffer.from(text)
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size))
    const found = []
    for await (const event of eventsOf(pieces)) found.push(event)
    assert.deepEqual(found, [{ name: 'a', data: 'one\ntw\u00f6' }, { name: 'message', data: 'three' }], `pieces of ${size}`)
  }
})
