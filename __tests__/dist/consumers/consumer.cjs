const assert = require('node:assert')
const { mkdtempSync, rmSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')

const { dict, Codec, Duration, Policy, ring } = require('fp-ring')
const { cbor } = require('fp-ring/cbor')
const { files } = require('fp-ring/files')
const { page, pageMiddleware } = require('fp-ring/http')
const { lru } = require('fp-ring/lru')
const { memcached, memcachedClient } = require('fp-ring/memcached')
const { memjs } = require('fp-ring/memjs')
const { redis } = require('fp-ring/redis')
const { sqlite } = require('fp-ring/sqlite')
const { DatabaseSync } = require('@photostructure/sqlite')
const E = require('fp-ts/Either')
const { pipe } = require('fp-ts/function')
const O = require('fp-ts/Option')
const TE = require('fp-ts/TaskEither')
const t = require('io-ts')

const User = t.type({ id: t.number, name: t.string })

const main = async () => {
  let runs = 0
  assert.strictEqual(typeof page, 'function')
  assert.strictEqual(typeof pageMiddleware({ store: dict() }), 'function')
  const fetchUser = (id) => TE.fromIO(() => (runs++, { id, name: 'Ada' }))
  const directory = mkdtempSync(join(tmpdir(), 'fp-ring-consumer-'))
  let n = 0
  for (const codec of [Codec.json(User), cbor(User)]) {
    for (const store of [
      dict(),
      lru({ max: 10 }),
      files({ directory: join(directory, String(n++)) }),
      sqlite(new DatabaseSync(':memory:'))
    ]) {
      runs = 0
      const options = { name: 'user', policy: Policy.ttl(Duration.minutes(1)) }
      const user = pipe(fetchUser, ring(store, codec, options))
      assert.deepStrictEqual(await user.update(1)(), E.right({ id: 1, name: 'Ada' }))
      assert.deepStrictEqual(await user(1)(), E.right({ id: 1, name: 'Ada' }))
      assert.deepStrictEqual(await user.has(2)(), E.right(false))
      assert.deepStrictEqual(
        await user.getMany([[1], [2]])(),
        E.right([O.some({ id: 1, name: 'Ada' }), O.none])
      )
      assert.strictEqual(runs, 1)
      assert.strictEqual(user.store.backend, store.backend)
    }
  }
  rmSync(directory, { recursive: true })
  assert.strictEqual(typeof redis, 'function')
  const servers = memcachedClient({ servers: ['localhost'] })
  assert.strictEqual(memcached(servers).backend, servers)
  assert.strictEqual(typeof memjs, 'function')
  console.log('ok')
}

main()
