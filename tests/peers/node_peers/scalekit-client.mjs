// The vendor's client for Node.js, called from a test: a line of JSON in, a line of JSON out.
//
//   {"call": "directory.listDirectories", "arguments": ["org_1"]}  →  {"answer": {…}} or {"error": {"name", "message", …}}

import { createInterface } from 'node:readline'
import { ScalekitClient } from '@scalekit-sdk/node'

const { SCALEKIT_URL, SCALEKIT_CLIENT_ID, SCALEKIT_CLIENT_SECRET } = process.env
const client = new ScalekitClient(SCALEKIT_URL, SCALEKIT_CLIENT_ID, SCALEKIT_CLIENT_SECRET)
const plain = (_, value) => (typeof value === 'bigint' ? String(value) : value)

for await (const line of createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const [noun, verb] = asked.call.includes('.') ? asked.call.split('.') : [undefined, asked.call]
  const about = noun ? client[noun] : client
  let said
  try {
    said = { answer: (await about[verb](...asked.arguments)) ?? null }
  } catch (error) {
    said = { error: { name: error.constructor.name, message: error.message, code: error.errorCode ?? '' } }
  }
  console.log(JSON.stringify(said, plain))
}
