/** The rules of pages alone: what one decision costs, against one look at the fields of a request that it needs. */
import assert from 'node:assert'

import * as E from 'fp-ts/Either'

import { ask } from '../src/http/core/ask'
import { instead } from '../src/http/core/instead'
import { type Kept, keptFrom, lasting } from '../src/http/core/kept'
import type { Asked, Head, Site, Storage } from '../src/http/core/model'
import { reuse } from '../src/http/core/reuse'
import { storing } from '../src/http/core/storing'
import { targetIn } from '../src/http/core/target'
import { compare, rowsOf, type Scenario } from './harness'

const site: Site = { origin: undefined, vary: [], obeys: true }
const storage: Storage = { maxBytes: 1_000_000 }
const now = Date.UTC(2026, 0, 2)

/** The fields that a browser sends. */
const headers: Readonly<Record<string, string>> = {
  host: 'example.com',
  connection: 'keep-alive',
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.5',
  'accept-encoding': 'gzip, deflate, br, zstd',
  referer: 'https://example.com/',
  cookie: 'session=1; theme=dark',
  'upgrade-insecure-requests': '1'
}
const header = (name: string): string | undefined =>
  Object.hasOwn(headers, name) ? headers[name] : undefined

const request = (i: number): Asked => {
  const target = targetIn('https', 'example.com', `/articles/${String(i % 100)}?page=2`)
  return { method: 'GET', header, target: E.isRight(target) ? target.right : undefined }
}
const requests = Array.from({ length: 100 }, (_, i) => request(i))

const head: Head = {
  status: 200,
  fields: [
    ['content-type', 'text/html; charset=utf-8'],
    ['content-length', '5'],
    ['cache-control', 'public, max-age=60, stale-while-revalidate=30'],
    ['vary', 'accept-encoding'],
    ['etag', '"0123456789"'],
    ['last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT'],
    ['x-request-id', '7d1f']
  ]
}

const kept = (): Kept => {
  const plan = storing(requests[0]!, head, storage, now)
  assert(E.isRight(plan))
  const made = lasting(
    keptFrom(requests[0]!, head, { body: Buffer.from('hello'), plan: plan.right, time: now, tags: true }),
    60_000
  )
  assert(E.isRight(made))
  return made.right
}

export const rules: Scenario = async () => {
  const page = kept()
  const hit = (one: Asked): number => {
    const seek = ask(one, site)
    return seek._tag === 'Seek' && reuse(seek, page, now)._tag === 'Serve' ? 1 : 0
  }
  assert.strictEqual(hit(requests[1]!), 1)
  const samples = await compare({
    // a decision is a few such looks and little else; what is made must be used, or it is not made
    'twenty looks': (n) => {
      let found = 0
      for (let i = 0; i < n; i++)
        for (let j = 0; j < 20; j++) found += header(j % 2 === 0 ? 'cookie' : 'range') === undefined ? 0 : 1
      return found
    },
    'ask, reuse': (n) => {
      let hits = 0
      for (let i = 0; i < n; i++) hits += hit(requests[i % 100]!)
      return hits
    },
    'target, ask, reuse': (n) => {
      let hits = 0
      for (let i = 0; i < n; i++) hits += hit(request(i))
      return hits
    },
    storing: (n) => {
      let plans = 0
      for (let i = 0; i < n; i++) plans += E.isRight(storing(requests[i % 100]!, head, storage, now)) ? 1 : 0
      return plans
    },
    instead: (n) => {
      let passed = 0
      for (let i = 0; i < n; i++)
        passed += instead(requests[i % 100]!, head, undefined, { now, storage })._tag === 'Pass' ? 1 : 0
      return passed
    }
  })
  return (['ask, reuse', 'target, ask, reuse', 'storing', 'instead'] as const).flatMap((ours) =>
    rowsOf(samples, {
      scenario: `rules: ${ours}`,
      baseline: 'twenty looks',
      ours,
      targets: { cpu: undefined }
    })
  )
}
