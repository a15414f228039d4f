// Bluesky's own server and app view on loopback, until standard input ends; says their addresses in one line.
// dev-env's TestNetwork wants a moderation service and Redis as well; nothing here asks for either.
// What happens in the repositories is written to a file, as Jetstream tells it.
const fs = require('node:fs')
const getPort = require('get-port')
const { Firehose } = require('@atproto/sync')
const { TestBsky, TestPds, TestPlc, mockNetworkUtilities } = require('@atproto/dev-env')

function told(event) {
  const { event: operation, collection, rkey } = event
  const said = { did: event.did, time_us: Date.parse(event.time) * 1000 }
  if (operation === 'account')
    return { ...said, kind: 'account', account: { did: event.did, active: event.active, status: event.status } }
  return { ...said, kind: 'commit', commit: { operation, collection, rkey } }
}

async function main(postgres, events) {
  const plc = await TestPlc.create({})
  const port = await getPort()
  const bsky = await TestBsky.create({
    plcUrl: plc.url,
    pdsPort: port,
    repoProvider: `ws://localhost:${port}`,
    dbPostgresUrl: postgres,
    dbPostgresSchema: 'appview',
  })
  const pds = await TestPds.create({
    port,
    didPlcUrl: plc.url,
    bskyAppViewUrl: bsky.url,
    bskyAppViewDid: bsky.ctx.cfg.serverDid,
  })
  mockNetworkUtilities(pds, bsky)
  new Firehose({
    service: `ws://localhost:${port}`,
    idResolver: bsky.dataplane.idResolver,
    unauthenticatedCommits: true,
    handleEvent: (event) => fs.appendFileSync(events, JSON.stringify(told(event)) + '\n'),
    onError: (error) => console.error(error),
  }).start()
  console.log(JSON.stringify({ pds: pds.url, bsky: bsky.url }))
  process.stdin.resume()
  process.stdin.on('end', () => process.exit(0))
}

main(process.argv[2], process.argv[3]).catch((error) => {
  console.error(error)
  process.exit(1)
})
