// What a library exports that is made with fp-ring, without one annotation: each has a declaration.
import { either, function as F, option, readerTaskEither, taskEither as TE } from 'fp-ts'
import * as t from 'io-ts'
import { createClient } from 'redis'
import {
  Clock,
  Codec,
  Decision,
  dict,
  Duration,
  fromPromiseFunction,
  invalidates,
  Invalidation,
  KeyFn,
  noop,
  Policy,
  Ring,
  ring,
  RingError,
  RingEvent,
  ringKey,
  ringReader,
  Store
} from 'fp-ring'
import { cbor } from 'fp-ring/cbor'
import { files } from 'fp-ring/files'
import { page, pageHook, pageMiddleware } from 'fp-ring/http'
import { lru } from 'fp-ring/lru'
import { memcached, memcachedClient } from 'fp-ring/memcached'
import { pubsub, redis, redisHash, tracking } from 'fp-ring/redis'
import { memjs } from 'fp-ring/memjs'
import { sqlite } from 'fp-ring/sqlite'
import { bytes, seeded, storeLaws, testClock } from 'fp-ring/testing'
import { DatabaseSync } from '@photostructure/sqlite'
import { Client } from 'memjs'

const User = t.type({ id: t.number, name: t.string })
interface Missing {
  readonly _tag: 'Missing'
}
const fetchUser = (id: number): TE.TaskEither<Missing, t.TypeOf<typeof User>> => TE.right({ id, name: 'Ada' })
const fetchPage = (path: string, query?: { readonly size: number }): TE.TaskEither<Error, string> =>
  TE.right(path + String(query?.size))
const client = createClient()

// rings
export const user = ring(fetchUser, { store: dict() })
export const withCodec = ring(fetchUser, { store: dict<Uint8Array>(), codec: Codec.json(User), version: 2 })
export const ofSeveral = F.pipe(fetchPage, ring(lru({ max: 10 }), Policy.ttl(Duration.minutes(1))))
export const strict = ring(fetchUser, {
  store: dict(),
  policy: Policy.policy(Policy.strict, Policy.timeout(Duration.seconds(1)))
})
export const withCommands = ring(fetchUser, {
  store: dict(),
  commands: (rope, base) => ({ twice: (id: number) => base.get(id * 2), backend: () => rope.store.backend }),
  default: 'get'
})
export const inRedis = ring(fetchUser, {
  store: redis(client),
  codec: Codec.json(User),
  policy: Policy.lease()
})
export const tenant = ringReader(
  (id: number): readerTaskEither.ReaderTaskEither<{ readonly tenant: string }, Error, number> =>
    () =>
      TE.right(id),
  { store: dict(), keyEnv: (env) => env.tenant, name: 'tenant' }
)
export const several = Ring.record({ store: lru({ max: 1 }) })({ user: fetchUser, page: fetchPage })
export const rings = Ring.using({ store: dict<Uint8Array>() })
export const recording = Ring.record({ store: lru({ max: 1 }) })
export const used = rings(fetchUser, { codec: cbor(User) })

// views of rings
export const isolated = F.pipe(user, Ring.isolate(Codec.clone()))
export const byText = F.pipe(
  user,
  Ring.contramap((id: string) => [Number(id)])
)
export const names = F.pipe(
  user,
  Ring.map(({ name }) => name)
)
export const boxed = F.pipe(
  user,
  Ring.imap(
    (value) => ({ value }),
    (box: { readonly value: t.TypeOf<typeof User> }) => box.value
  )
)
export const bound = F.pipe(user, Ring.bind(1))
export const linked = F.pipe(user, Ring.linked(Ring.expires(names, (id: number) => [[id]])))
export const link = Ring.purges(user, (id: number) => [String(id)])
export const promised = Ring.toPromiseFunction(withCommands)
export const promisedUser = Ring.toPromiseFunction(user)
export const drained = Ring.drain(user, isolated)

// what commands give
export const get = (id: number) => user.get(id)
export const explain = (id: number) => user.explain(id)
export const many = () => user.getOrUpdateMany([[1]])
export const update = (id: number) => withCodec.update(id)
export const decode = (raw: Uint8Array) => withCodec.decode(raw)
export const tenantGet = (id: number) => tenant.get(id)
export const commands = { get: user.get, set: user.set, key: user.key, clear: user.clear }

// stores
export const inMap = dict()
export const nothing = noop()
export const inLru = lru<string>({ max: 10 })
export const inRedisHash = redisHash(client, { key: 'h' })
export const onDisk = files({ directory: 'cache' })
export const inMemcached = memcached(memcachedClient({ servers: ['localhost'] }))
export const opened = sqlite(new DatabaseSync(':memory:'))
export const binary = memjs(Client.create('localhost:11211'))
export const prefixed = F.pipe(redis(client), Store.prefixed('app/'), Store.timed(Duration.seconds(1)))
export const decoded = F.pipe(redis(client), Store.encoded(Codec.json(User)))
export const tiers = Store.tiered({ near: lru({ max: 10 }), far: redis(client) })
export const feed = () => tracking(redis(client))
export const channel = () => pubsub(client, { channel: 'x' })
export const local = Invalidation.local()

// strategies and policies
export const strategy = ring(redis(client), Codec.json(User), Policy.ttl(Duration.minutes(5)))
export const byReference = ring(lru({ max: 10 }), Policy.ttl(Duration.minutes(5)))
export const byKey = ring(dict(), { key: (id: number) => `u${id}` })
export const withOptions = ring(dict<Uint8Array>(), Codec.json(User), {
  key: (id: number) => `u${id}`,
  tags: (id: number) => [String(id)]
})
export const policy = Policy.policy(
  Policy.ttlBy((value: { readonly id: number }) => Duration.seconds(value.id)),
  Policy.lease(),
  Policy.staleIfError(Duration.minutes(1), (error: Missing) => error._tag === 'Missing')
)
export const negative = Policy.negative({ codec: Codec.json(t.literal('a')), ttl: Duration.seconds(1) })
export const generic = <Args extends ReadonlyArray<string>, E, A>(
  fn: (...args: Args) => TE.TaskEither<E, A>
) => ring(fn, { store: inMap, key: KeyFn.structural('generic') })

// parts
export const codec = Codec.json(User)
export const composed = F.pipe(Codec.fromType(User), Codec.compose(Codec.clone()))
export const key = F.pipe(
  KeyFn.structural('user'),
  KeyFn.contramap((email: string) => [email]),
  KeyFn.hashed(64)
)
export const duration = Duration.minutes(5)
export const clock = Clock.system
export const decision = Decision.decide
export const isRingError = (u: unknown) => (RingError.isRingError(u) ? option.some(u) : option.none)
export const statistics = RingEvent.counter
export const observer = (event: RingEvent.RingEvent) => () => void event
export const save = F.pipe(
  fetchUser,
  invalidates((saved) => [user.delete(saved.id), names.delete(saved.id)])
)
export const lifted = fromPromiseFunction(async (id: number) => ({ id }), either.toError)
export const liftedRing = F.pipe(lifted, ring(dict()))

export const saving = invalidates((saved: { readonly id: number }) => [user.delete(saved.id)])

// combinators that wait for their ring
export const isolating = Ring.isolate(Codec.clone<string>())
export const mapping = Ring.map((name: string) => name.length)
export const turning = Ring.contramap((id: string) => [Number(id)])
export const binding = Ring.bind(1)
export const linking = Ring.linked(link)
export const reading = ringReader(dict(), {
  keyEnv: 'none',
  name: 'reading',
  tags: (_: object, id: number) => [String(id)]
})

// pages
export const site = page((request: Request) => new Response(request.url), { store: dict<Uint8Array>() })
export const middleware = pageMiddleware({ store: dict<Uint8Array>() })
export const hook = pageHook({ store: dict<Uint8Array>() })

// what tests are made of
export const time = testClock()
export const laws = storeLaws(() => dict<Uint8Array>(), bytes)
export const chance = seeded(1)

// classes
export class Users {
  readonly user = ring(fetchUser, { store: inMap, name: 'Users.user' })
  static readonly page = F.pipe(fetchPage, ring(inMap, { name: 'Users.page' }));
  [ringKey]() {
    return 'users'
  }
  get own() {
    return F.pipe(
      this.user,
      Ring.contramap((text: string) => [Number(text)])
    )
  }
  find(id: number) {
    return this.user.get(id)
  }
}
