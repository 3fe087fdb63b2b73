/**
 * Concurrent single reads become one bulk read.
 *
 * @internal
 */
import type { Either } from 'fp-ts/Either'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Key } from '../KeyFn'
import { type StoreError, storeFailed } from '../RingError'
import type { Operation, Store } from '../Store'
import { defect } from './defect'
import { extend } from './extend'

type Answer<A> = Either<StoreError, A>

/** A key, and who waits for its answer. */
interface Slot<A> {
  readonly key: Key
  readonly promise: Promise<Answer<A>>
  readonly resolve: (answer: Answer<A>) => void
}

/** A read mostly stays alone, so what only more of them need is made for the second one. */
interface Batch<A> {
  readonly first: Slot<A>
  rest: Map<Key, Slot<A>> | undefined
}

const newSlot = <A>(key: Key): Slot<A> => {
  let resolve: Slot<A>['resolve'] | undefined
  const promise = new Promise<Answer<A>>((settle) => (resolve = settle))
  return { key, promise, resolve: resolve as Slot<A>['resolve'] } // the proof: a promise runs its executor at once
}

const settled = /*#__PURE__*/ Promise.resolve()

/** Says, as things are now, which keys are read together: those with the same part. */
export type Split = () => (key: Key) => unknown

const gather = <A>(
  operation: Operation,
  one: (key: Key) => TaskEither<StoreError, A>,
  many: (keys: ReadonlyArray<Key>) => TaskEither<StoreError, ReadonlyArray<A>>,
  max: number,
  split: Split | undefined
): ((key: Key) => TaskEither<StoreError, A>) => {
  let open: Batch<A> | undefined
  let planned = false

  /** A backend that is not there fails where it is asked, and not here. */
  const splitNow = (): ((key: Key) => unknown) | undefined => {
    try {
      return split?.()
    } catch {
      return undefined
    }
  }

  const flush = ({ first, rest }: Batch<A>): void => {
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
    parts.forEach(ask)
  }
  const ask = (slots: ReadonlyArray<Slot<A>>): void => {
    const failAll = (cause: unknown): void => {
      const answer: Answer<A> = { _tag: 'Left', left: storeFailed(operation)(cause) }
      for (const slot of slots) slot.resolve(answer)
    }
    const [only] = slots
    // a Task neither throws nor rejects; one that does must not leave its callers waiting
    try {
      if (only !== undefined && slots.length === 1) {
        one(only.key)().then(only.resolve, failAll)
      } else {
        many(slots.map(({ key }) => key))().then((answers) => {
          if (answers._tag === 'Left') {
            for (const slot of slots) slot.resolve(answers)
          } else if (answers.right.length === slots.length) {
            answers.right.forEach((right, i) => slots[i]?.resolve({ _tag: 'Right', right }))
          } else {
            failAll(new Error('a bulk read answered with another number of values'))
          }
        }, failAll)
      }
    } catch (cause) {
      failAll(cause)
    }
  }

  const close = (): void => {
    planned = false
    flushOpen()
  }
  const flushOpen = (): void => {
    const batch = open
    open = undefined
    if (batch !== undefined) flush(batch)
  }
  // The tick after the promise jobs that are queued now, so that callers which are a few `await`s apart still meet
  // (as DataLoader does): `nextTick` alone runs before them when it is called outside of a job.
  const plan = (): void => {
    planned = true
    void settled.then(closeSoon)
  }
  const closeSoon = (): void => process.nextTick(close)

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
 * A store whose `get`s of one tick become one `getMany`, and whose `read`s become one `readMany`, of at most
 * `max` keys (1,000 unless told). Equal keys share an answer; a batch of one is a single `get`; a batch that
 * fails gives the same error to everyone in it. `split` makes several batches of one tick, each with its own answer. A
 * store that hides lifetimes refuses to read what is there, so its `read`s stay alone: a miss is no refusal.
 *
 * @internal
 */
export const batchReads = <R, S extends Store<R>>(
  store: S & Store<R>,
  options: { readonly max?: number; readonly split?: Split } = {}
): S => {
  const max = options.max ?? 1_000
  if (!(max >= 1)) return defect('a batch has room for one key at least')
  return extend<S, Pick<Store<R>, 'get' | 'read'>>(store, {
    get: gather('get', store.get, store.getMany, max, options.split),
    read:
      store.lifetime === 'hidden'
        ? store.read
        : gather('read', store.read, store.readMany, max, options.split)
  })
}
