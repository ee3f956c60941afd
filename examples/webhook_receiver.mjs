// An application that keeps up with a directory by its webhooks.
//
//   npm install @scalekit-sdk/node
//   WEBHOOK_SECRET=whsec_… PORT=8000 node webhook_receiver.mjs
//
// Verify the text that came, before anything parses it. Whoever hands a parsed body to the verifier hands it
// "[object Object]", which nobody has signed; and what JSON.stringify makes of a parsed body is the signed text only as
// long as the sender happens to write JSON as it does. With Express: express.raw({ type: 'application/json' }).
//
// Deliveries may come twice and in any order. What was seen is not done again, and what is older than what is known of
// a person changes nothing. Answer 200 or 201 once it is kept: anything else, and it comes again.

import { createServer } from 'node:http'
import { ScalekitClient } from '@scalekit-sdk/node'

const PREFIX = 'organization.directory.'
const secret = process.env.WEBHOOK_SECRET
const verifier = new ScalekitClient('https://unused.invalid', 'unused', 'unused') // verifying asks nobody
const seen = new Set()
const people = new Map()
const groups = new Map()

function take(event) {
  const [kind, happened] = event.type.replace(PREFIX, '').split('_')
  const known = { user: people, group: groups }[kind]
  if (!known || !event.type.startsWith(PREFIX)) return
  const { data, occurred_at: at } = event
  const before = known.get(data.id)
  if (before && Date.parse(at) < Date.parse(before.at)) return
  if (kind === 'group') {
    known.set(data.id, { at, name: data.display_name, there: happened !== 'deleted' })
  } else if (happened === 'deleted') { // switched off or removed: either way nobody to let in
    known.set(data.id, { ...before, at, email: data.email, active: false, roles: [] })
  } else {
    const roles = data.roles.map((role) => role.role_name)
    known.set(data.id, { at, email: data.email, name: data.name, active: data.active, roles })
  }
}

async function webhook(request, response) {
  const parts = []
  for await (const part of request) parts.push(part)
  const body = Buffer.concat(parts).toString('utf8')
  try {
    verifier.verifyWebhookPayload(secret, request.headers, body)
  } catch (error) {
    response.writeHead(400).end(JSON.stringify({ error: error.message }))
    return
  }
  const event = JSON.parse(body)
  if (!seen.has(event.id)) {
    take(event)
    seen.add(event.id)
  }
  response.writeHead(200).end()
}

createServer((request, response) => {
  if (request.method === 'POST' && request.url === '/webhook') return webhook(request, response)
  const found = request.method === 'GET' && request.url === '/people'
  const mirror = { people: [...people.values()], groups: [...groups.values()] }
  return response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(found ? mirror : {}))
}).listen(Number(process.env.PORT ?? 8000), '127.0.0.1')
