/**
 * What the types promise: inference through `pipe` and by direct call, and the wrong uses that do not compile
 * (`@ts-expect-error` fails the type check where one of them does).
 */
import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import type * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as TE_ from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import type { LRUCache } from 'lru-cache'

import type { Command, RingError } from '../../src'
import { Codec, dict, Duration, KeyFn, Policy, ring, ringKey, Store } from '../../src'
import { lru } from '../../src/stores/memory/lru'

type Bytes = Uint8Array
type AnyRingError = RingError.RingError

interface FetchError {
  readonly _tag: 'FetchError'
}
const User = t.type({ id: t.number, name: t.string })
type User = t.TypeOf<typeof User>
declare const fetchUser: (id: number) => TE.TaskEither<FetchError, User>
declare const fetchPair: (id: number, b?: string) => TE.TaskEither<FetchError, User>
declare const disk: Store.Store<Bytes, { readonly path: string }>
declare const leasing: Store.Store<Bytes, { readonly redis: true }> & Store.Leasing<Bytes>
const lease = Policy.lease()
class Session {
  #secret = 1
  id = 'x'
  secret(): number {
    return this.#secret
  }
}
declare const bySession: (s: Session) => TE.TaskEither<FetchError, User>
const json = Codec.json(User)
const { minutes, seconds } = Duration
const { policy, strict, ttl } = Policy

// nothing here runs: the declarations have no values
const promises = (): void => {
  // data-last: the type of the function, cached
  const a = pipe(fetchUser, ring(disk, json))
  expectTypeOf(a(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  expectTypeOf(a).toBeCallableWith(1)
  expectTypeOf(a.get(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<User>>>()
  expectTypeOf(a.update(1)).toEqualTypeOf<TE.TaskEither<FetchError | AnyRingError, User>>()
  expectTypeOf(a.delete(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, void>>()
  expectTypeOf(a.set({ id: 1, name: 'a' })(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, void>>()
  expectTypeOf(a.execute(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  expectTypeOf(a.key(1)).toEqualTypeOf<string>()
  expectTypeOf(a.has(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, boolean>>()
  expectTypeOf(a.decode(new Uint8Array())).toEqualTypeOf<E.Either<RingError.DecodeError, User>>()
  expectTypeOf(a.store.backend.path).toEqualTypeOf<string>()
  expectTypeOf(a.getMany([[1]])).toEqualTypeOf<TE.TaskEither<AnyRingError, ReadonlyArray<O.Option<User>>>>()
  expectTypeOf(a.getOrUpdateMany([[1]])).toEqualTypeOf<
    TE.TaskEither<never, ReadonlyArray<E.Either<FetchError, User>>>
  >()
  // @ts-expect-error the function takes a number
  a('1')
  // @ts-expect-error a list of lists of arguments
  a.getMany([1])

  // a function that never fails
  const sure = null as unknown as (id: number) => TE.TaskEither<never, User>
  expectTypeOf(ring(sure, { store: disk, codec: json })(1)).toEqualTypeOf<TE.TaskEither<never, User>>()
  expectTypeOf(pipe(sure, ring(disk, json))(1)).toEqualTypeOf<TE.TaskEither<never, User>>()
  expectTypeOf(pipe(sure, ring(dict()))(1)).toEqualTypeOf<TE.TaskEither<never, User>>()
  const inline = ring((id: number) => TE_.right(id), { store: dict(), name: 'inline' })
  expectTypeOf(inline(1)).toEqualTypeOf<TE.TaskEither<never, number>>()
  // @ts-expect-error a function of promises is not one of TaskEithers
  ring((id: number) => () => Promise.resolve(id), { store: dict(), name: 'inline' })
  // @ts-expect-error a plain function
  ring((id: number) => id, { store: dict(), name: 'inline' })
  expectTypeOf(policy()).toEqualTypeOf<Policy.Policy>()

  // data-first, with everything
  const b = ring(fetchPair, {
    store: leasing,
    codec: json,
    key: (id, x) => `u${id.toFixed()}${String(x?.length)}`,
    policy: policy(ttl(minutes(5)), Policy.jitter(0.1), lease)
  })
  expectTypeOf(b(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  expectTypeOf(b(1, 'x')).toEqualTypeOf<TE.TaskEither<FetchError, User>>()

  // what a policy surfaces is in the type
  const c = ring(fetchUser, { store: disk, codec: json, policy: policy(ttl(minutes(5)), strict) })
  expectTypeOf(c(1)).toEqualTypeOf<TE.TaskEither<FetchError | AnyRingError, User>>()
  expectTypeOf(c.getOrUpdateMany([])).toEqualTypeOf<
    TE.TaskEither<AnyRingError, ReadonlyArray<E.Either<FetchError, User>>>
  >()
  // @ts-expect-error strict lets RingError out
  const c2: TE.TaskEither<FetchError, User> = c(1)
  void c2

  // a policy that needs a capability does not compile without it
  // @ts-expect-error disk has no leases
  ring(fetchUser, { store: disk, codec: json, policy: policy(ttl(minutes(1)), lease) })
  // @ts-expect-error disk has no leases
  pipe(fetchUser, ring(disk, json, policy(ttl(minutes(1)), lease)))
  const d = pipe(fetchUser, ring(leasing, json, policy(ttl(minutes(1)), lease)))
  expectTypeOf(d(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()

  // options in a pipe, with and without a key
  const e = pipe(
    fetchUser,
    ring(leasing, json, { key: (id: number) => `u${String(id)}`, policy: policy(lease) })
  )
  expectTypeOf(e(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  const e2 = pipe(fetchUser, ring(disk, json, { name: 'user', policy: ttl(seconds(1)) }))
  expectTypeOf(e2(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()

  // a store in memory needs no codec, a byte store does, and one of the right type
  const f = ring(fetchUser, { store: lru({ max: 1 }), policy: ttl(minutes(1)) })
  expectTypeOf(f(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  expectTypeOf(f.store.backend).toExtend<LRUCache<string, NonNullable<unknown>>>()
  const f2 = pipe(fetchUser, ring(lru({ max: 1 }), ttl(minutes(1))))
  expectTypeOf(f2(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  expectTypeOf(pipe(fetchUser, ring(dict()))(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  // @ts-expect-error a byte store without a codec
  ring(fetchUser, { store: disk })
  // @ts-expect-error a byte store without a codec
  pipe(fetchUser, ring(disk))
  // @ts-expect-error a codec of another type
  ring(fetchUser, { store: disk, codec: Codec.json(t.type({ id: t.string })) })
  // @ts-expect-error a codec of another type
  pipe(fetchUser, ring(disk, Codec.json(t.type({ id: t.string }))))

  // commands add to the table and replace what they name
  const g = ring(fetchUser, {
    store: disk,
    codec: json,
    policy: policy(ttl(minutes(1)), strict),
    commands: (rope, base) => ({
      doubled: (id: number) => base.getOrUpdate(id * 2),
      path: () => rope.store.backend.path,
      has: (id: number) => id
    })
  })
  expectTypeOf(g.doubled(1)).toEqualTypeOf<TE.TaskEither<FetchError | AnyRingError, User>>()
  expectTypeOf(g.path()).toEqualTypeOf<string>()
  expectTypeOf(g.has(1)).toEqualTypeOf<number>()

  // another default command
  const h = ring(fetchUser, { store: disk, codec: json, default: 'get' })
  expectTypeOf(h(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<User>>>()
  // @ts-expect-error there is no such command
  ring(fetchUser, { store: disk, codec: json, default: 'fetch' })

  // in a pipe too, with a key, commands and batch
  const i = pipe(bySession, ring(dict(), { key: (s: Session) => s.id, policy: ttl(seconds(1)) }))
  expectTypeOf(i).parameter(0).toEqualTypeOf<Session>()
  expectTypeOf(i.get(null as unknown as Session)).toEqualTypeOf<TE.TaskEither<AnyRingError, O.Option<User>>>()
  const j = pipe(
    fetchUser,
    ring(disk, json, {
      batch: (ids: ReadonlyArray<readonly [number]>): TE.TaskEither<FetchError, ReadonlyArray<User>> => {
        void ids
        return TE_.right([])
      }
    })
  )
  expectTypeOf(j(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  const k = pipe(
    fetchUser,
    ring(disk, json, { key: (id: number) => String(id), commands: (_, base) => ({ again: base.update }) })
  )
  expectTypeOf(k.again(1)).toEqualTypeOf<TE.TaskEither<FetchError | AnyRingError, User>>()
  expectTypeOf(k(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()

  // rings nest, and a strategy is a ring without its function
  const two = pipe(fetchUser, ring(disk, json, ttl(minutes(10))), (inner) =>
    ring(inner, { store: lru({ max: 10 }) })
  )
  expectTypeOf(two(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  const cached = ring(disk, json, policy(ttl(minutes(1))))
  expectTypeOf(cached(fetchUser)(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  expectTypeOf(cached(fetchPair)(1, 'x')).toEqualTypeOf<TE.TaskEither<FetchError, User>>()

  // policies that look at values and arguments
  ring(fetchUser, {
    store: disk,
    codec: json,
    policy: Policy.ttlBy((u: User, [id]: readonly [number]) => seconds(u.id + id))
  })
  // @ts-expect-error a policy for other values
  ring(fetchUser, { store: disk, codec: json, policy: Policy.cacheWhen((u: string) => u.length > 0) })
  ring(fetchUser, {
    store: disk,
    codec: json,
    // @ts-expect-error a policy for other arguments
    policy: Policy.ttlBy((_: User, [id]: readonly [string]) => seconds(id.length))
  })

  // a timeout surfaces its error, as strict does; both together
  const timed = ring(fetchUser, {
    store: disk,
    codec: json,
    policy: policy(strict, Policy.timeout(seconds(1)))
  })
  expectTypeOf(timed(1)).toEqualTypeOf<
    TE.TaskEither<FetchError | AnyRingError | RingError.TimeoutError, User>
  >()
  expectTypeOf(timed.getOrUpdateMany([[1]])).toEqualTypeOf<
    TE.TaskEither<AnyRingError | RingError.TimeoutError, ReadonlyArray<E.Either<FetchError, User>>>
  >()
  expectTypeOf(timed.update(1)).toEqualTypeOf<TE.TaskEither<FetchError | AnyRingError, User>>()
  expectTypeOf(pipe(fetchUser, ring(disk, json, Policy.timeout(seconds(1))))(1)).toEqualTypeOf<
    TE.TaskEither<FetchError | RingError.TimeoutError, User>
  >()
  // stale windows surface nothing
  const stale = policy(Policy.staleWhileRevalidate(seconds(1)), Policy.staleIfError(minutes(1)))
  expectTypeOf(pipe(fetchUser, ring(disk, json, stale))(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()

  // a policy that looks at errors is for functions with these errors
  const whenFetched = Policy.staleIfError(minutes(1), (error: FetchError) => error._tag === 'FetchError')
  ring(fetchUser, { store: disk, codec: json, policy: whenFetched })
  pipe(fetchUser, ring(disk, json, whenFetched))
  const otherErrors = null as unknown as (id: number) => TE.TaskEither<'other', User>
  // @ts-expect-error another error
  ring(otherErrors, { store: disk, codec: json, policy: whenFetched })
  // @ts-expect-error another error, in a pipe
  pipe(otherErrors, ring(disk, json, whenFetched))

  // in options too the errors are the function's, and a command of one's own sees them
  const wide = Policy.staleIfError(minutes(1), (error: FetchError | 'other') => error === 'other')
  const narrow = pipe(fetchUser, ring(disk, json, { key: (id: number) => id.toFixed(), policy: wide }))
  expectTypeOf(narrow(1)).toEqualTypeOf<TE.TaskEither<FetchError, User>>()
  // @ts-expect-error another error, with options
  pipe(otherErrors, ring(disk, json, { key: (id: number) => id.toFixed(), policy: whenFetched }))

  // policies in a list keep what they need
  const listed = [ttl(minutes(1)), lease]
  ring(fetchUser, { store: leasing, codec: json, policy: policy(...listed) })
  // @ts-expect-error disk has no leases
  ring(fetchUser, { store: disk, codec: json, policy: policy(...listed) })
  // @ts-expect-error disk has no leases
  ring(fetchUser, { store: disk, codec: json, policy: policy(strict, ...listed) })

  // stored errors need a codec for what the store holds
  const FetchErrorType = t.type({ _tag: t.literal('FetchError') })
  const negative = Policy.negative({ codec: Codec.json(FetchErrorType), ttl: seconds(1) })
  expectTypeOf(ring(fetchUser, { store: disk, codec: json, policy: negative })(1)).toEqualTypeOf<
    TE.TaskEither<FetchError, User>
  >()
  pipe(fetchUser, ring(disk, json, policy(ttl(seconds(1)), negative, whenFetched)))
  ring(fetchUser, { store: lru({ max: 1 }), policy: negative })
  ring(fetchUser, {
    store: lru({ max: 1 }),
    policy: Policy.negative({ codec: Codec.identity<FetchError>(), ttl: seconds(1) })
  })
  const ofObjects = Policy.negative({ codec: Codec.identity<FetchError>(), ttl: seconds(1) })
  // @ts-expect-error a byte store takes no objects
  ring(fetchUser, { store: disk, codec: json, policy: ofObjects })
  // the codec takes some errors, so `when` must say which they are
  const letters = null as unknown as (id: number) => TE.TaskEither<'a' | 'b', User>
  const someLetters = Policy.negative({
    codec: Codec.json(t.literal('a')),
    ttl: seconds(1),
    when: (error: 'a' | 'b') => error.length > 0
  })
  // @ts-expect-error 'b' has no codec
  ring(letters, { store: disk, codec: json, policy: someLetters })
  const narrowed = Policy.negative({
    codec: Codec.json(t.literal('a')),
    ttl: seconds(1),
    when: (error: 'a' | 'b'): error is 'a' => error === 'a'
  })
  expectTypeOf(ring(letters, { store: disk, codec: json, policy: narrowed })(1)).toEqualTypeOf<
    TE.TaskEither<'a' | 'b', User>
  >()

  // tags see the arguments; a ring that is still without its function cannot know them
  const tagged = ring(fetchUser, { store: disk, codec: json, tags: (id) => [`user ${id.toFixed()}`] })
  expectTypeOf(tagged.purge('user 1')).toEqualTypeOf<TE.TaskEither<AnyRingError, void>>()
  expectTypeOf(tagged.explain(1)).toEqualTypeOf<TE.TaskEither<AnyRingError, Command.Explanation>>()
  pipe(fetchUser, ring(disk, json, { tags: (id: number) => [id.toFixed()] }))
  // @ts-expect-error tags of other arguments
  pipe(fetchUser, ring(disk, json, { tags: (id: string) => [id] }))

  // combinators keep what a store can do, and no more
  expectTypeOf(pipe(leasing, Store.prefixed('x'), Store.timed(seconds(1)))).toEqualTypeOf<
    Store.Store<Bytes, { readonly redis: true }> & Store.Leasing<Bytes>
  >()
  expectTypeOf(pipe(leasing, Store.encoded(json)).leases).toEqualTypeOf<Store.Leases<User>>()
  expectTypeOf(pipe(disk, Store.prefixed('x'))).toEqualTypeOf<Store.Store<Bytes, { readonly path: string }>>()
  ring(fetchUser, { store: pipe(leasing, Store.prefixed('x')), codec: json, policy: lease })
  // @ts-expect-error disk has no leases
  ring(fetchUser, { store: pipe(disk, Store.prefixed('x')), codec: json, policy: lease })

  // a number is no duration
  // @ts-expect-error 60 what?
  ttl(60)

  // arguments that the default key cannot tell apart make the key mandatory
  class Page {
    constructor(readonly id: number) {}
    render(): string {
      return ''
    }
    [ringKey](): string {
      return String(this.id)
    }
  }
  interface Filter {
    readonly q: string
    readonly tags?: ReadonlyArray<string>
    readonly since?: Date | undefined
    readonly more?: ReadonlyMap<string, ReadonlySet<number>>
  }
  interface Tree {
    readonly children: ReadonlyArray<Tree>
  }
  const byCallback = null as unknown as (f: () => number) => TE.TaskEither<FetchError, User>
  const bySymbol = null as unknown as (
    id: number,
    s: { readonly deep: symbol }
  ) => TE.TaskEither<FetchError, User>
  const byPage = null as unknown as (p: Page) => TE.TaskEither<FetchError, User>
  const byFilter = null as unknown as (f: Filter, b: Uint8Array) => TE.TaskEither<FetchError, User>
  const byTree = null as unknown as (t: Tree) => TE.TaskEither<FetchError, User>
  const byUnknown = null as unknown as (u: unknown, ...more: Array<number>) => TE.TaskEither<FetchError, User>
  // @ts-expect-error a class with methods
  ring(bySession, { store: disk, codec: json })
  ring(bySession, { store: disk, codec: json, key: (s) => s.id })
  // @ts-expect-error a function
  ring(byCallback, { store: disk, codec: json })
  // @ts-expect-error a symbol, deep inside
  ring(bySymbol, { store: disk, codec: json })
  // @ts-expect-error a class with methods, in a pipe
  pipe(bySession, ring(disk, json))
  pipe(bySession, ring(disk, json, { key: (s: Session) => s.id }))
  ring(bySymbol, { store: disk, codec: json, key: KeyFn.picking(0)(KeyFn.structural('x')) })
  ring(byPage, { store: disk, codec: json })
  ring(byFilter, { store: disk, codec: json })
  ring(byTree, { store: disk, codec: json })
  ring(byUnknown, { store: disk, codec: json })
}

test('the types promise what they do', () => {
  expectTypeOf(promises).toBeFunction()
})
