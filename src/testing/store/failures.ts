/**
 * Law 31: no failure is hidden.
 *
 * @internal
 */
import { none, some } from 'fp-ts/Option'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'

import { type Alarm, setAlarm, stopAlarm } from '../../base/timer'
import { type Duration, forever } from '../../Duration'
import { isRingError, type StoreError, type StoreErrorReason } from '../../RingError'
import type { Operation, Store } from '../../Store'
import { ensure, fail, freshPrefix } from '../words/words'
import { type Case, longest, sampled, type StoreLaws } from './case'

const lifetimeOf = <R>({ lifetime, tells }: Case<R>): 'none' | 'hidden' | undefined =>
  !lifetime ? 'none' : tells ? undefined : 'hidden'

const lifetimesSaid = { none: 'the store keeps no lifetimes', hidden: 'the store hides lifetimes' }

/** The option for each kind of store. */
const lifetimesNamed = { none: 'lifetime: false', hidden: "lifetime: 'hidden'" }

const namesItsLifetimes = <R>(c: Case<R>): void => {
  const [said, named] = [c.store.lifetime, lifetimeOf(c)]
  ensure(said === named, () =>
    said === undefined
      ? `the store does not say \`lifetime: '${String(named)}'\``
      : `${lifetimesSaid[said]}: give the laws \`${lifetimesNamed[said]}\``
  )
}

/** The store has the declared capabilities, so that all their laws are run. */
export const capabilities: StoreLaws = {
  'law 31: it has the capabilities that were named, and no others': (c) => {
    const { store } = c
    ensure(
      (store.leases !== undefined) === c.leases,
      c.leases ? 'the store has no leases' : 'the store has leases: give the laws `leases: true`'
    )
    namesItsLifetimes(c)
    ensure(
      (store.keeps === 'nothing') === !c.keeps,
      c.keeps
        ? 'the store keeps nothing: give the laws `keeps: false`'
        : "the store does not say `keeps: 'nothing'`"
    )
    ensure(store.deadline === undefined || store.deadline > 0, 'its deadline is over at once')
    ensure(store.peekEntry === undefined || store.peek !== undefined, 'it has `peekEntry`, and no `peek`')
    ensure(store.peekEntry === undefined || c.tells, 'it hides lifetimes, and `peekEntry` tells them')
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

/** For a store without a deadline: longer than any should be. */
const patience = 5_000

/** By how much an answer may be later than its deadline, on a busy machine. */
const slack = 1_000

const longestAnswer = ({ deadline }: Pick<Store<unknown>, 'deadline'>): number =>
  deadline === undefined || deadline === forever ? patience : deadline + slack

/** The answer of an operation, which may throw, reject or hang if the store is broken. */
const answerOf = async <A>(operation: string, within: number, make: () => Task<A>): Promise<A> => {
  let alarm: Alarm | undefined
  const late = new Promise<never>((_, reject) => {
    alarm = setAlarm(
      within,
      () => reject(new Error(`${operation}: no answer within ${String(within)} ms`)),
      'waited'
    )
  })
  const answer = (async () => make()())().catch((cause: unknown) =>
    fail(`${operation} throws, or is rejected: ${String(cause)}`)
  )
  try {
    return await Promise.race([answer, late])
  } finally {
    stopAlarm(alarm)
  }
}

const isStoreError = (u: unknown): u is StoreError => isRingError(u) && u._tag === 'StoreError'

/** All operations, run concurrently, return a left with their own name and one of these reasons. */
const allFail = async <R>(c: Case<R>, reasons: ReadonlyArray<StoreErrorReason>): Promise<void> => {
  const key = `${freshPrefix()}secret`
  const within = longestAnswer(c.store)
  const failsAsItShould = async ([operation, make]: [string, Operations[string]]): Promise<void> => {
    const answer = await answerOf(operation, within, make)
    if (answer._tag === 'Right') return fail(`${operation} is a right`)
    const { left } = answer
    ensure(isStoreError(left), () => `${operation}: the left is no StoreError`)
    ensure(left.operation === operation, () => `${operation}: the left says that it is of ${left.operation}`)
    const expected = operation === 'clear' && !c.clears ? ['refused'] : reasons
    ensure(
      expected.includes(left.reason),
      () => `${operation}: the reason is ${left.reason}, expected ${expected.join(' or ')}`
    )
    return ensure(!left.message.includes(key), () => `${operation}: the message names the key`)
  }
  for (const value of sampled(c, 1)) {
    await Promise.all(Object.entries(operationsOf(c.store, key, value, longest(c))).map(failsAsItShould))
  }
}

/** The backend is down. A breaker may answer instead. */
export const broken = <R>(c: Case<R>): Promise<void> => allFail(c, ['failed', 'timeout', 'open'])

/** The backend is there, but never answers. */
export const hung = <R>(c: Case<R>): Promise<void> => {
  const { deadline } = c.store
  ensure(deadline !== undefined && deadline !== forever, 'it names no deadline: nothing ends its calls')
  return allFail(c, ['timeout'])
}
