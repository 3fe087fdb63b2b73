/** Hits of a page of 10 KB, against the bare handler that makes it of a string: what the rules and the copy cost. */
import assert from 'node:assert'

import { dict, Duration, Policy } from 'fp-ring'
import { page } from 'fp-ring/http'

import { compare, rowsOf, type Scenario } from './harness'

const body = 'x'.repeat(10_000)
const handler = () => Promise.resolve(new Response(body, { headers: { 'content-type': 'text/html' } }))

export const pages: Scenario = async () => {
  const cached = page(handler, {
    store: dict<Uint8Array>(),
    policy: Policy.ttl(Duration.hours(1)),
    origin: 'https://example.com'
  })
  const request = () => new Request('https://example.com/articles')
  await (await cached(request())).text()
  const hit = await cached(request())
  assert.match(hit.headers.get('cache-status') ?? '', /hit/)
  assert.strictEqual(await hit.text(), body)

  const samples = await compare(
    {
      handler: async (n) => {
        for (let i = 0; i < n; i++) {
          request()
          await (await handler()).arrayBuffer()
        }
      },
      page: async (n) => {
        for (let i = 0; i < n; i++) await (await cached(request())).arrayBuffer()
      }
    },
    { rounds: 31, sampleMs: 50 }
  )
  return rowsOf(samples, {
    scenario: 'pages: a hit of 10 KB',
    baseline: 'handler',
    ours: 'page',
    targets: { cpu: undefined, wall: undefined }
  })
}
