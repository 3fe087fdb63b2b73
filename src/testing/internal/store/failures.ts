/**
 * Law 31: nothing pretends.
 *
 * @internal
 */
import { none, some } from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Duration } from '../../../Duration'
import { isRingError, type StoreError } from '../../../RingError'
import type { Operation, Store } from '../../../Store'
import { ensure, fail, freshPrefix } from '../words'
import { type Case, longest, sampled, type StoreLaws } from './case'

/** It has what its author named, so that the laws of all that it has are run. */
export const capabilities: StoreLaws = {
  'law 31: it has the capabilities that were named, and no others': (c) => {
    const { store } = c
    ensure(
      (store.leases !== undefined) === c.leases,
      c.leases ? 'the store has no leases' : 'the store has leases: give the laws `leases: true`'
    )
    ensure(
      (store.lifetime === 'none') === !c.lifetime,
      c.lifetime
        ? 'the store keeps no lifetimes: give the laws `lifetime: false`'
        : "the store does not say `lifetime: 'none'`"
    )
    ensure(
      (store.keeps === 'nothing') === !c.keeps,
      c.keeps
        ? 'the store keeps nothing: give the laws `keeps: false`'
        : "the store does not say `keeps: 'nothing'`"
    )
    ensure(store.deadline === undefined || store.deadline > 0, 'its deadline is over at once')
    ensure(store.peekEntry === undefined || store.peek !== undefined, 'it has `peekEntry`, and no `peek`')
    return Promise.resolve()
  }
}

type Operations = Readonly<Record<string, () => TaskEither<StoreError, unknown>>>

/** Every operation of a store. */
const operationsOf = <R>(store: Store<R>, key: string, value: R, ttl: Duration) => {
  const { leases } = store
  const entries: Record<Exclude<Operation, keyof NonNullable<typeof leases>>, Operations[string]> = {
    get: () => store.get(key),
    read: () => store.read(key),
    set: () => store.set(key, value, ttl),
    delete: () => store.delete(key),
    has: () => store.has(key),
    touch: () => store.touch(key, ttl),
    getMany: () => store.getMany([key, `${key}2`]),
    readMany: () => store.readMany([key, `${key}2`]),
    setMany: () => store.setMany([[key, value, ttl]]),
    deleteMany: () => store.deleteMany([key, `${key}2`]),
    hasMany: () => store.hasMany([key, `${key}2`]),
    touchMany: () => store.touchMany([[key, ttl]]),
    clear: () => store.clear(key)
  }
  const ofLeases: Operations =
    leases === undefined
      ? {}
      : {
          acquire: () => leases.acquire(key, 'holder', ttl, ttl),
          seize: () => leases.seize(key, 'holder', ttl),
          renew: () => leases.renew(key, 'holder', ttl),
          release: () => leases.release(key, 'holder'),
          commit: () => leases.commit(key, 'holder', some(value), ttl),
          override: () => leases.override([[key, none, ttl]])
        }
  return { ...entries, ...ofLeases }
}

/** Longer than any deadline that a store should have. */
const patience = 5_000

/** The answer of an operation, that may throw and be rejected and hang as long as it is broken. */
const answerOf = async <A>(operation: string, make: () => Task<A>): Promise<A> => {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${operation} does not end`)), patience)
  })
  const answer = (async () => make()())().catch((cause: unknown) =>
    fail(`${operation} throws, or is rejected: ${String(cause)}`)
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}

const isStoreError = (u: unknown): boolean => isRingError(u) && u._tag === 'StoreError'

/** Its backend is down. */
export const broken = async <R>(c: Case<R>): Promise<void> => {
  const key = `${freshPrefix()}secret`
  for (const value of sampled(c, 1)) {
    const answers = Object.entries(operationsOf(c.store, key, value, longest(c))).map(
      async ([operation, make]) => {
        const answer = await answerOf(operation, make)
        if (answer._tag === 'Right') return fail(`${operation} is a right`)
        const { left } = answer
        ensure(isStoreError(left), () => `${operation}: the left is no StoreError`)
        return ensure(!left.message.includes(key), () => `${operation}: the message names the key`)
      }
    )
    await Promise.all(answers)
  }
}
