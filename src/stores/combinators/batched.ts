/**
 * Combines concurrent single reads into one bulk read.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import { isWellFormed } from '../../base/bytes'
import { defect } from '../../base/defect'
import { extend } from '../../base/extend'
import { afterJobs } from '../../base/timer'
import type { Key } from '../../KeyFn'
import { type Operation, type StoreError, storeFailed } from '../../RingError'
import type { Store } from '../model'

type Answer<A> = Either<StoreError, A>

/** A key, and the promise for its callers. */
interface Slot<A> {
  readonly key: Key
  readonly promise: Promise<Answer<A>>
  readonly resolve: (answer: Answer<A>) => void
}

/** Most reads stay alone, so what only a bulk read needs is created for the second read. */
interface Batch<A> {
  readonly first: Slot<A>
  rest: Map<Key, Slot<A>> | undefined
}

const newSlot = <A>(key: Key): Slot<A> => {
  let resolve: Slot<A>['resolve'] | undefined
  const promise = new Promise<Answer<A>>((settle) => (resolve = settle))
  return { key, promise, resolve: resolve as Slot<A>['resolve'] } // SAFETY: a promise runs its executor at once
}

/** A third-party store may return anything. */
const isListOf = (size: number, answers: unknown): boolean =>
  Array.isArray(answers) && answers.length === size

const settled = /*#__PURE__*/ Promise.resolve()

/** Returns the present grouping: keys with the same part are read together. */
export type Split = () => (key: Key) => unknown

/** The reads of a store that are combined: `one` reads a key alone, `many` reads a batch. */
interface Reads<A> {
  readonly operation: Operation
  readonly one: (key: Key) => TaskEither<StoreError, A>
  readonly many: (keys: ReadonlyArray<Key>) => TaskEither<StoreError, ReadonlyArray<A>>
}

/** How reads are combined: at most `max` keys in a batch, and in groups if there is a `split`. */
interface Bounds {
  readonly max: number
  readonly split: Split | undefined
}

/** Returns a function that reads the keys of slots in one trip, and answers every slot, whatever happens. */
const asking =
  <A>({ many, one, operation }: Reads<A>) =>
  (slots: ReadonlyArray<Slot<A>>): void => {
    const failAll = (cause: unknown): void => {
      const answer: Answer<A> = { _tag: 'Left', left: storeFailed(operation)(cause) }
      for (const slot of slots) slot.resolve(answer)
    }
    const [only] = slots
    // a Task neither throws nor rejects; if one does, its callers must still get an answer
    try {
      if (only !== undefined && slots.length === 1) {
        one(only.key)().then(only.resolve, failAll)
      } else {
        const deal = (answers: Either<StoreError, ReadonlyArray<A>>): void => {
          if (answers._tag === 'Left') {
            for (const slot of slots) slot.resolve(answers)
          } else if (isListOf(slots.length, answers.right)) {
            answers.right.forEach((right, i) => slots[i]?.resolve({ _tag: 'Right', right }))
          } else {
            failAll(new Error('a bulk read answered with another number of values'))
          }
        }
        many(slots.map(({ key }) => key))()
          .then(deal)
          .catch(failAll)
      }
    } catch (cause) {
      failAll(cause)
    }
  }

/** Returns a function that asks for the slots of a batch: all together, or each group by itself. */
const flushing = <A>(
  ask: (slots: ReadonlyArray<Slot<A>>) => void,
  split: Split | undefined
): ((batch: Batch<A>) => void) => {
  /** If the backend does not exist, the read fails, and not this function. */
  const splitNow = (): ((key: Key) => unknown) | undefined => {
    try {
      return split?.()
    } catch {
      return undefined
    }
  }

  return ({ first, rest }) => {
    if (rest === undefined) return ask([first])
    const slots = [first, ...rest.values()]
    const partOf = splitNow()
    if (partOf === undefined) return ask(slots)
    const parts = new Map<unknown, Array<Slot<A>>>()
    for (const slot of slots) {
      const part = partOf(slot.key)
      const others = parts.get(part)
      if (others === undefined) parts.set(part, [slot])
      else others.push(slot)
    }
    parts.forEach((part) => ask(part))
  }
}

/** Collects the keys that are read in one tick into a batch. */
const gather = <A>(reads: Reads<A>, { max, split }: Bounds): ((key: Key) => TaskEither<StoreError, A>) => {
  const flush = flushing(asking(reads), split)
  let open: Batch<A> | undefined
  let planned = false

  const close = (): void => {
    planned = false
    flushOpen()
  }
  const flushOpen = (): void => {
    const batch = open
    open = undefined
    if (batch !== undefined) flush(batch)
  }
  // The tick after the promise jobs that are queued now, so that callers a few `await`s apart share a batch
  // (as DataLoader does): Node's `nextTick` alone runs before them when it is called outside of a job.
  const plan = (): void => {
    planned = true
    void settled.then(closeSoon)
  }
  const closeSoon = (): void => afterJobs(close)

  return (key) => () => {
    const batch = open
    if (batch === undefined) {
      const first = newSlot<A>(key)
      open = { first, rest: undefined }
      if (max === 1) flushOpen()
      else if (!planned) plan()
      return first.promise
    }
    const joined = batch.first.key === key ? batch.first : batch.rest?.get(key)
    if (joined !== undefined) return joined.promise
    const slot = newSlot<A>(key)
    batch.rest ??= new Map()
    batch.rest.set(key, slot)
    if (batch.rest.size + 1 >= max) flushOpen()
    return slot.promise
  }
}

/**
 * A store whose `get`s of one tick become one `getMany`, and whose `read`s become one `readMany`, of at most `max` keys
 * (default: 1,000). Equal keys share an answer. A batch of one is a single `get`. A batch that fails returns the same
 * error to all its callers. `split` divides a tick into several batches, each with its own answer. If a store hides
 * lifetimes, its `read`s are not batched: it refuses to read an entry, but not a miss.
 */
export const batchReads = <R, S extends Store<R>>(
  store: S & Store<R>,
  options: { readonly max?: number; readonly split?: Split } = {}
): S => {
  const max = options.max ?? 1_000
  if (!(max >= 1)) return defect('a batch has room for one key at least')
  const bounds: Bounds = { max, split: options.split }
  return extend<S, Pick<Store<R>, 'get' | 'read'>>(store, {
    get: gather({ operation: 'get', one: store.get.bind(store), many: store.getMany.bind(store) }, bounds),
    read:
      store.lifetime === 'hidden'
        ? store.read.bind(store)
        : gather({ operation: 'read', one: store.read.bind(store), many: store.readMany.bind(store) }, bounds)
  })
}

/**
 * The store with its single reads batched, if that is configured. A key that would be refused is not batched: it would
 * fail the other keys of the batch.
 */
export const batchedAs = <S extends Store<Uint8Array>>(
  store: S & Store<Uint8Array>,
  batch: boolean | { readonly max: number },
  split?: Split
): S => {
  if (batch === false) return store
  const batched = batchReads<Uint8Array, S>(store, {
    ...(batch === true ? {} : batch),
    ...(split === undefined ? {} : { split })
  })
  return extend<S, Pick<Store<Uint8Array>, 'get' | 'read'>>(batched, {
    get: (key) => (isWellFormed(key) ? batched.get(key) : store.get(key)),
    read: (key) => (isWellFormed(key) ? batched.read(key) : store.read(key))
  })
}
