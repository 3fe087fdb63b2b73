import assert from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { dict, Codec, Duration, Policy, ring, Store } from 'fp-ring'
import { cbor } from 'fp-ring/cbor'
import { files } from 'fp-ring/files'
import { page } from 'fp-ring/http'
import { lru } from 'fp-ring/lru'
import { memcached, memcachedClient } from 'fp-ring/memcached'
import { memjs } from 'fp-ring/memjs'
import { redis } from 'fp-ring/redis'
import { sqlite } from 'fp-ring/sqlite'
import { DatabaseSync } from '@photostructure/sqlite'
import { either, option, taskEither } from 'fp-ts'
import * as t from 'io-ts'

let runs = 0
const square = (n) => taskEither.fromIO(() => (runs++, n * n))
const directory = mkdtempSync(join(tmpdir(), 'fp-ring-consumer-'))
const policy = Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.jitter(0.1))

for (const config of [
  { store: dict() },
  { store: dict(), codec: Codec.json(t.number) },
  { store: dict(), codec: cbor(t.number) },
  { store: lru({ max: 10 }) },
  { store: Store.prefixed('squares:')(lru({ max: 10 })), codec: Codec.json(t.number) },
  { store: files({ directory }), codec: Codec.json(t.number) },
  { store: sqlite(new DatabaseSync(':memory:')), codec: cbor(t.number) }
]) {
  runs = 0
  const cached = ring(square, { name: 'square', policy, ...config })
  assert.deepStrictEqual(await cached.get(3)(), either.right(option.none))
  assert.deepStrictEqual(await cached(3)(), either.right(9))
  assert.deepStrictEqual(await cached(3)(), either.right(9))
  assert.deepStrictEqual(await cached.get(3)(), either.right(option.some(9)))
  assert.strictEqual(runs, 1)
  assert.deepStrictEqual(await cached.delete(3)(), either.right(undefined))
  assert.deepStrictEqual(await cached(3)(), either.right(9))
  assert.strictEqual(runs, 2)
}
rmSync(directory, { recursive: true })
assert.strictEqual(typeof redis, 'function')
let pagesMade = 0
const site = page(() => new Response(`page ${++pagesMade}`), { store: dict(), origin: 'https://example.com' })
for (let i = 0; i < 2; i++)
  assert.strictEqual(await (await site(new Request('https://example.com/'))).text(), 'page 1')
assert.deepStrictEqual(await site.delete('/')(), either.right(undefined))
const servers = memcachedClient({ servers: ['localhost'] })
assert.strictEqual(memcached(servers).backend, servers)
assert.strictEqual(typeof memjs, 'function')
console.log('ok')
