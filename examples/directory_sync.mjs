// Makes a mirror of a directory equal to the directory: all of its people and groups, read through the vendor's SDK.
//
//   npm install @scalekit-sdk/node
//   export SCALEKIT_URL=https://… SCALEKIT_CLIENT_ID=… SCALEKIT_CLIENT_SECRET=…
//   node directory_sync.mjs ORGANIZATION [DIRECTORY]
//
// Run it at the start, on demand and every night: webhooks tell sooner, and this finds what they missed.
//
// Ask for details: a user of the listing has no `active` and no `name`, and `undefined` would pass for switched off.
// Follow the pages to the last: one has 30 people at most, whatever is asked for.

import { ScalekitClient } from '@scalekit-sdk/node'

const PAGE = 30
const { SCALEKIT_URL, SCALEKIT_CLIENT_ID, SCALEKIT_CLIENT_SECRET } = process.env
const scalekit = new ScalekitClient(SCALEKIT_URL, SCALEKIT_CLIENT_ID, SCALEKIT_CLIENT_SECRET)
const [organization, ...chosen] = process.argv.slice(2)

async function* everything(page, items) {
  let pageToken
  do {
    const answer = await page({ pageSize: PAGE, pageToken, includeDetail: true })
    yield* answer[items]
    pageToken = answer.nextPageToken
  } while (pageToken)
}

// Add and update everybody who is in the directory; switch off whoever isn't any more.
async function synchronise(directory, mirror) {
  const found = new Set()
  const page = (options) => scalekit.directory.listDirectoryUsers(organization, directory, options)
  for await (const user of everything(page, 'users')) {
    const { name, active } = user.userDetail
    found.add(user.id)
    mirror[user.id] = { email: user.email, name, active, groups: user.groups.map((group) => group.displayName).sort() }
  }
  for (const id of Object.keys(mirror)) if (!found.has(id)) mirror[id].active = false
}

async function groupsOf(directory) {
  const groups = {}
  const page = (options) => scalekit.directory.listDirectoryGroups(organization, directory, options)
  for await (const group of everything(page, 'groups')) {
    groups[group.id] = { name: group.displayName, members: group.totalUsers }
  }
  return groups
}

const { directories } = await scalekit.directory.listDirectories(organization)
const people = {}
const groups = {}
for (const directory of chosen.length ? chosen : directories.map((one) => one.id)) {
  await synchronise(directory, people)
  Object.assign(groups, await groupsOf(directory))
}
console.log(JSON.stringify({ people, groups }))
