/**
 * Stores: they keep entries. An entry is a raw value under a key, with a lifetime.
 *
 * Laws (each executed over every store):
 *
 * - law 2: a miss is `none`; every stored value, `undefined` included, comes back as `some`.
 * - law 10, 11: `delete` succeeds on an absent key; `touch` renews the lifetime, never the value.
 * - law 12: a bulk operation does what the single one does for each key, in order, duplicates included; `[]` does
 *   nothing.
 * - law 17, 18: the writer sets the lifetime, and the store measures it; zero or less stores nothing and removes the
 *   entry that was there; only `forever` stores without an expiry.
 * - law 31: every failure is a `left`; none is hidden.
 * - law 35: `clear(prefix)` removes exactly the keys that begin with `prefix`.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import { min as minOf } from 'fp-ts/Ord'
import * as TE from 'fp-ts/TaskEither'

import { type Clock, system } from './Clock'
import type { Codec } from './codecs/model'
import type { Duration } from './Duration'
import { forever, Ord as DurationOrd } from './Duration'
import type { Key } from './KeyFn'
import type { StoreError } from './RingError'
import { type Operation } from './RingError'
import { aroundStore } from './stores/combinators/around'
import { batchReads } from './stores/combinators/batched'
import { replaced } from './stores/combinators/derived'
import { encodedStore } from './stores/combinators/encoded'
import { mapKeyStore } from './stores/combinators/mapKey'
import type { Keeping, Telling } from './stores/combinators/model'
import { tieredStore } from './stores/combinators/tiered'
import { aBreaker, checkedOptions, checkedStore, ofBatched } from './stores/kit/checks'
import { withDeadline } from './stores/kit/deadline'
import { isStoreError, storeError } from './stores/kit/errors'
import { isRead } from './stores/kit/operations'
import type { Breaker, Capabilities, Combinator, Store, TieredOptions } from './stores/model'
import { aClock, aDuration, aText, must } from './wiring/check'

export type {
  /**
   * The name of a store's function, as in a `StoreError`.
   *
   * @category model
   * @since 0.1.0
   */
  Operation
} from './RingError'
export * from './stores/model'

// -------------------------------------------------------------------------------------
// combinators
// -------------------------------------------------------------------------------------

const min = /*#__PURE__*/ minOf(DurationOrd)

/**
 * For combinators that do not wait: the new store answers as fast as the one below, so it keeps that one's deadline.
 */
const keepsDeadline =
  (combinator: Combinator): Combinator =>
  (store) => {
    const made = combinator(store)
    return store.deadline === undefined ? made : Object.assign(made, { deadline: store.deadline })
  }

/**
 * Runs every operation through a function that may time, trace, refuse or retry it. The function must not change the
 * meaning of a `right`. The new store keeps `peek`, which runs no task, but not `deadline`, because the function may
 * wait.
 *
 * @example
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const calls: Array<string> = []
 * const traced = Store.around((operation, task) => () => {
 *   calls.push(operation)
 *   return task()
 * })(dict<string>())
 * const test = async () => {
 *   await traced.set('k', 'v', Duration.minutes(1))()
 *   await traced.getMany(['k', 'l'])()
 *   assert.deepStrictEqual(calls, ['set', 'getMany'])
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const around: (
  run: <A>(operation: Operation, task: TE.TaskEither<StoreError, A>) => TE.TaskEither<StoreError, A>
) => Combinator = aroundStore

/**
 * Gives every operation a deadline: an operation that has not answered by then returns `left(StoreError)` with reason
 * `timeout`. Its effect may still happen. The timer keeps the process alive, because a caller waits for the answer.
 * `clock` is for tests.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const hung = { ...dict<string>(), get: () => () => new Promise<never>(() => {}) }
 * const store = pipe(hung, Store.timed(Duration.milliseconds(10)))
 * const test = async () => {
 *   const got = await store.get('k')()
 *   assert.ok(E.isLeft(got) && got.left.reason === 'timeout')
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const timed = (
  deadline: Duration,
  { clock = system }: { readonly clock?: Clock } = {}
): Combinator => {
  must('the first argument of Store.timed', aDuration, deadline)
  must('clock of Store.timed', aClock, clock)
  const after = clock.after?.bind(clock)
  return (store) =>
    Object.assign(
      around((operation, task) => () => {
        // a store with its own deadlines clears page by page, and each page has a deadline
        const ms = operation === 'clear' && store.deadline !== undefined ? forever : deadline
        return withDeadline(operation, ms, task, after).then(E.flatten)
      })(store),
      { deadline: min(deadline, store.deadline ?? deadline) }
    )
}

/**
 * Puts a breaker before a store: while it is open, every operation returns `left(StoreError)` with reason `open`
 * immediately. It counts operations that failed or timed out, but not those that the store or its codec refused.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { circuitBreaker, ConsecutiveBreaker, handleAll } from 'cockatiel'
 * import { dict, RingError, Store } from 'fp-ring'
 *
 * const down = { ...dict<string>(), get: () => async () => E.left(RingError.storeFailed('get')('down')) }
 * const breaker = circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(1) })
 * const store = pipe(down, Store.guarded(breaker))
 * const test = async () => {
 *   const first = await store.get('k')()
 *   const second = await store.get('k')()
 *   assert.ok(E.isLeft(first) && first.left.reason === 'failed')
 *   assert.ok(E.isLeft(second) && second.left.reason === 'open')
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const guarded = (breaker: Breaker): Combinator => {
  must('the argument of Store.guarded', aBreaker, breaker)
  return keepsDeadline(
    around(
      <A>(operation: Operation, task: TE.TaskEither<StoreError, A>): TE.TaskEither<StoreError, A> =>
        pipe(
          TE.tryCatch(
            // the promise must reject for the breaker to see a failure; anything else is an answer
            () => breaker.execute(() => task().then((e) => (counts(e) ? Promise.reject(e.left) : e))),
            (cause) =>
              isStoreError(cause) ? cause : storeError(operation, 'open', 'the breaker refused', cause)
          ),
          TE.chainEitherK((answer: E.Either<StoreError, A>) => answer)
        )
    )
  )
}

const counts = (e: E.Either<StoreError, unknown>): e is E.Left<StoreError> =>
  E.isLeft(e) && (e.left.reason === 'failed' || e.left.reason === 'timeout')

/**
 * Maps every key before the store receives it. The function must be injective. `clear` needs `mapPrefix`, which does
 * the same for a prefix; without it, `clear` is refused.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const store = pipe(dict<string>(), Store.mapKey((key) => key.toUpperCase()))
 * const test = async () => {
 *   await store.set('k', 'v', Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.has('k')(), E.right(true))
 *   assert.ok(store.backend.has('K'))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const mapKey: (f: (key: Key) => Key, mapPrefix?: (prefix: string) => string) => Combinator =
  mapKeyStore

/**
 * Puts a prefix before every key: a namespace. `clear('')` clears the namespace and nothing else.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const shared = dict<string>()
 * const store = pipe(shared, Store.prefixed('app/'))
 * const test = async () => {
 *   await store.set('k', 'v', Duration.minutes(1))()
 *   assert.deepStrictEqual(await shared.has('app/k')(), E.right(true))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const prefixed = (prefix: string): Combinator => {
  must('the argument of Store.prefixed', aText, prefix)
  return mapKey(
    (key) => prefix + key,
    (inner) => prefix + inner
  )
}

/**
 * Makes a store of values from a store of raw values. If the codec refuses a value, the operation returns
 * `left(StoreError)` with reason `codec`. A ring treats the cause of this error like an error of its own codec (law
 * 14).
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Store } from 'fp-ring'
 *
 * const store = pipe(dict<Uint8Array>(), Store.encoded(Codec.json(t.array(t.number))))
 * const test = async () => {
 *   await store.set('k', [1, 2], Duration.minutes(1))()
 *   assert.deepStrictEqual(await store.get('k')(), E.right(O.some([1, 2])))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const encoded: <A, R>(
  codec: Codec<A, R>
) => <B, S extends Store<R, B>>(store: S & Store<R, B>) => Store<A, B> & Capabilities<S, A> = encodedStore

/**
 * Gathers the single reads of one tick into one bulk read (the idea of DataLoader). Several reads of one key count as
 * one read; a read that is alone in its tick stays a single read. Stores on a network do this by default.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import * as O from 'fp-ts/Option'
 * import { dict, Store } from 'fp-ring'
 *
 * const calls: Array<string> = []
 * const traced = Store.around((operation, task) => () => {
 *   calls.push(operation)
 *   return task()
 * })(dict<string>())
 * const store = pipe(traced, Store.batched())
 * const test = async () => {
 *   const got = await Promise.all([store.get('a')(), store.get('b')(), store.get('a')()])
 *   assert.deepStrictEqual(got, [E.right(O.none), E.right(O.none), E.right(O.none)])
 *   assert.deepStrictEqual(calls, ['getMany'])
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const batched = (options: { readonly max?: number } = {}): Combinator => {
  checkedOptions(ofBatched, options)
  return (store) => replaced(checkedStore('Store.batched', store), batchReads(store, options))
}

/**
 * Makes one store of two: a near store, which is fast, and a far store, which is shared and decides what is true. A
 * read asks the near store first. On a miss there it asks the far store, and stores a copy near for the remaining
 * lifetime (law 17). A write goes to the far store, then to the near store; then `invalidation` notifies the others
 * (law 32). If the far write fails, the near copy is removed too. A near store that fails is skipped. The leases are
 * those of the far store.
 *
 * Without `invalidation`, a copy may be out of date until it expires; `ttl` limits its lifetime (default: that of the
 * entry). With it, no copy that another process has changed is served (law 33), and `ttl` limits the effect of a lost
 * message. Only the tier may use the near store, and clears it when messages may have been missed. So with
 * `invalidation`, `clear('')` must empty the near store.
 *
 * Tiers are associative, so three tiers are `tiered` twice; `noop` as the near store changes nothing. To keep decoded
 * values near, let the far store decode: `Store.encoded`.
 *
 * Returns a `left` if the far store does, or if `invalidation` could not notify the others.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { pipe } from 'fp-ts/function'
 * import * as t from 'io-ts'
 * import { Codec, dict, Duration, Store } from 'fp-ring'
 *
 * const far = dict<Uint8Array>()
 * const store = Store.tiered({
 *   near: dict<number>(),
 *   far: pipe(far, Store.encoded(Codec.json(t.number))),
 *   ttl: Duration.seconds(30)
 * })
 * const test = async () => {
 *   await store.set('k', 42, Duration.minutes(1))()
 *   assert.deepStrictEqual(store.backend.near.get('k')?.value, 42)
 *   assert.deepStrictEqual(store.backend.far.get('k')?.value, new Uint8Array([52, 50]))
 *   assert.deepStrictEqual(await store.get('k')(), E.right(O.some(42)))
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const tiered = <R, K, N, F, Near extends Store<K, N>, Far extends Store<R, F>>(
  options: TieredOptions<Near & Store<K, N> & Telling<Near> & Keeping<K, R>, Far & Store<R, F> & Telling<Far>>
): Store<R, { readonly near: N; readonly far: F }> & Capabilities<Far, R> =>
  // SAFETY: the tiered store keeps the capabilities of the far store beyond the algebra
  tieredStore<R, K, N, F>(options) as Store<R, { readonly near: N; readonly far: F }> & Capabilities<Far, R>

/**
 * Makes a store read-only: every operation that is not a read, including those of leases, returns `left(StoreError)`
 * with reason `refused`.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import { pipe } from 'fp-ts/function'
 * import { dict, Duration, Store } from 'fp-ring'
 *
 * const store = pipe(dict<string>(), Store.readOnly)
 * const test = async () => {
 *   const wrote = await store.set('k', 'v', Duration.minutes(1))()
 *   assert.ok(E.isLeft(wrote) && wrote.left.reason === 'refused')
 * }
 * test()
 *
 * @category combinators
 * @since 0.1.0
 */
export const readOnly: Combinator = /*#__PURE__*/ keepsDeadline(
  /*#__PURE__*/ around((operation, task) =>
    isRead(operation) ? task : TE.left(storeError(operation, 'refused', 'the store is read-only'))
  )
)
