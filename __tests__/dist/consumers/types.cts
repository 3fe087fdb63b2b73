import assert = require('node:assert')
import http = require('node:http')

import { Codec, dict, Duration, Policy, ring } from 'fp-ring'
import type { RingError } from 'fp-ring'
import { cbor } from 'fp-ring/cbor'
import { files } from 'fp-ring/files'
import { page, pageListener } from 'fp-ring/http'
import { lru } from 'fp-ring/lru'
import { memcached, memcachedClient } from 'fp-ring/memcached'
import { memjs } from 'fp-ring/memjs'
import { redis } from 'fp-ring/redis'
import { bytes, type Law, storeLaws, testClock } from 'fp-ring/testing'
import { sqlite } from 'fp-ring/sqlite'
import { DatabaseSync } from '@photostructure/sqlite'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { Client } from 'memjs'
import { createClient } from 'redis'

const User = t.type({ id: t.number, name: t.string })
type User = t.TypeOf<typeof User>
interface Missing {
  readonly _tag: 'Missing'
}

const fetchUser = (id: number): TE.TaskEither<Missing, User> => TE.right({ id, name: 'Ada' })
const policy = Policy.ttl(Duration.minutes(1))

const near = ring(fetchUser, { name: 'user', store: lru({ max: 10 }), policy })
const coded = pipe(fetchUser, ring(dict<Uint8Array>(), cbor(User), { name: 'user', policy }))

const value: TE.TaskEither<Missing, User> = near(1)
const found: TE.TaskEither<RingError.RingError, O.Option<User>> = coded.get(1)
const updated: TE.TaskEither<Missing | RingError.RingError, User> = coded.update(1)

// the client of the user is the client of the driver, and comes back typed
const client = createClient()
const far = ring(fetchUser, { name: 'user', store: redis(client), codec: Codec.json(User), policy })
const backend: typeof client = far.store.backend

const clock = testClock()
const laws: ReadonlyArray<Law> = storeLaws(() => dict<Uint8Array>({ clock }), {
  ...bytes,
  clock,
  leases: true
})
// @ts-expect-error the store holds bytes, and the values are texts
storeLaws(() => dict<string>(), bytes)
// one has leases, the other has none
const servers = memcachedClient({ servers: ['localhost'] })
const leased = { name: 'user', codec: Codec.json(User), policy: Policy.lease() }
const shared = ring(fetchUser, { store: memcached(servers), ...leased })
const others: typeof servers = shared.store.backend
const binary = Client.create('localhost:11211')
// @ts-expect-error there are no leases
assert.throws(() => ring(fetchUser, { store: memjs(binary), ...leased }))
binary.close()
const db = new DatabaseSync(':memory:')
const rows = ring(fetchUser, {
  name: 'user',
  store: sqlite(db),
  codec: Codec.json(User),
  policy: Policy.lease()
})
const opened: typeof db = rows.store.backend
const store = files({ directory: 'cache' })
const directory: string = store.backend
// @ts-expect-error files have no leases
assert.throws(() => ring(fetchUser, { name: 'user', store, codec: Codec.json(User), policy: Policy.lease() }))

// pages, of both kinds of handlers
const site = page((_: Request, n: number) => new Response(String(n)), {
  store: dict<Uint8Array>(),
  policy: Policy.ttlBy((it) => Duration.seconds(it.status))
})
const sent: Promise<Response> = site(new Request('http://localhost/'), 1)
// @ts-expect-error the handler takes a number
site(new Request('http://localhost/'))
// @ts-expect-error a store of bytes
page(() => new Response(), { store: dict<string>() })
http.createServer(
  pageListener((_: http.IncomingMessage, res: http.ServerResponse) => res.end(), {
    store: dict<Uint8Array>()
  })
)

// @ts-expect-error the argument is a number
near('1')
// @ts-expect-error bytes need a codec
ring(fetchUser, { name: 'user', store: redis(client), policy })
// @ts-expect-error the codec is for another type
ring(fetchUser, { name: 'user', store: redis(client), codec: Codec.json(t.string), policy })

const main = async () => {
  for (const law of laws) await law.run()
  assert.ok((await sent).ok)
  assert.strictEqual(backend, client)
  assert.strictEqual(others, servers)
  assert.strictEqual(opened, db)
  assert.strictEqual(directory, 'cache')
  assert.deepStrictEqual(await value(), E.right({ id: 1, name: 'Ada' }))
  assert.deepStrictEqual(await updated(), E.right({ id: 1, name: 'Ada' }))
  assert.ok(E.isRight(await found()))
  console.log('ok')
}

void main()
