/**
 * Concurrent single reads become one bulk read.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Key } from '../KeyFn'
import { type StoreError, storeFailed } from '../RingError'
import type { Store } from '../Store'
import { defect } from './defect'

type Answer<A> = Either<StoreError, A>

interface Batch<A> {
  readonly keys: Array<Key>
  readonly promises: Map<Key, Promise<Answer<A>>>
  readonly resolves: Array<(answer: Answer<A>) => void>
}

/**
 * The tick after the promise jobs that are queued now, so that callers which are a few `await`s apart still meet
 * (as DataLoader does): `nextTick` alone runs before them when it is called outside of a job.
 */
const soon = (f: () => void): void => queueMicrotask(() => process.nextTick(f))

const gather = <A>(
  operation: string,
  one: (key: Key) => TaskEither<StoreError, A>,
  many: (keys: ReadonlyArray<Key>) => TaskEither<StoreError, ReadonlyArray<A>>,
  max: number
): ((key: Key) => TaskEither<StoreError, A>) => {
  let open: Batch<A> | undefined

  const flush = (batch: Batch<A>): void => {
    if (open === batch) open = undefined
    const { keys, resolves } = batch
    const [only] = keys
    const failAll = (cause: unknown): void => {
      const answer: Answer<A> = { _tag: 'Left', left: storeFailed(operation)(cause) }
      for (const resolve of resolves) resolve(answer)
    }
    // a Task neither throws nor rejects; one that does must not leave its callers waiting
    try {
      if (keys.length === 1 && only !== undefined) {
        const [resolve] = resolves
        one(only)().then(resolve, failAll)
      } else {
        many(keys)().then((answers) => {
          if (answers._tag === 'Left') {
            for (const resolve of resolves) resolve(answers)
          } else if (answers.right.length === keys.length) {
            answers.right.forEach((right, i) => resolves[i]?.({ _tag: 'Right', right }))
          } else {
            failAll(new Error('a bulk read answered with another number of values'))
          }
        }, failAll)
      }
    } catch (cause) {
      failAll(cause)
    }
  }

  return (key) => () => {
    if (open === undefined) {
      const fresh: Batch<A> = { keys: [], promises: new Map(), resolves: [] }
      open = fresh
      soon(() => {
        if (open === fresh) flush(fresh)
      })
    }
    const batch = open
    const joined = batch.promises.get(key)
    if (joined !== undefined) return joined
    const promise = new Promise<Answer<A>>((resolve) => batch.resolves.push(resolve))
    batch.promises.set(key, promise)
    if (batch.keys.push(key) >= max) flush(batch)
    return promise
  }
}

/**
 * A copy of `store` with some of its members replaced. Getters stay getters: a `backend` that is looked up at
 * every use still is.
 *
 * @internal
 */
export const extend = <S extends object, T extends object>(store: S, members: T): S & T =>
  // the proof: every own property of `store`, and every one of `members`, in the place of its namesake. A
  // namesake of another type would be a lie: every caller replaces a function by one of its own type
  Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(store), ...Object.getOwnPropertyDescriptors(members) }
  ) as S & T

/**
 * A store whose `get`s of one tick become one `getMany`, and whose `read`s become one `readMany`, of at most
 * `max` keys (1,000 unless told). Equal keys share an answer; a batch of one is a single `get`; a batch that
 * fails gives the same error to everyone in it.
 *
 * @internal
 */
export const batchReads = <R, S extends Store<R>>(
  store: S & Store<R>,
  options: { readonly max?: number } = {}
): S => {
  const max = options.max ?? 1_000
  if (!(max >= 1)) return defect('a batch has room for one key at least')
  return extend<S, Pick<Store<R>, 'get' | 'read'>>(store, {
    get: gather('get', store.get, store.getMany, max),
    read: gather('read', store.read, store.readMany, max)
  })
}
