/**
 * Law 17 at the limits of numbers and clocks.
 *
 * @internal
 */
import { isSome, none, type Option, some } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as TE from 'fp-ts/TaskEither'

import * as D from '../../Duration'
import type { StoreError } from '../../RingError'
import type { Entry } from '../../Store'
import { ensure, freshPrefix, run } from '../words/words'
import { type Case, sampled, type StoreLaws, tidy } from './case'
import { shown } from './finds'

/** The shortest; around a second, as some stores count in seconds; the longest timer, 32 bits, the longest duration. */
const edges: ReadonlyArray<D.Duration> = [
  1,
  999,
  1_000,
  1_001,
  59_999,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32,
  Number.MAX_SAFE_INTEGER
].map(D.milliseconds)

/** A shorter lifetime may end before the law reads the entry. */
const surely = D.milliseconds(59_999)

/** The remaining lifetime must not exceed the requested one, and an entry that must still exist does. */
const within = (what: string, ttl: D.Duration, remaining: D.Duration | undefined): void => {
  ensure(
    remaining !== undefined || ttl < surely,
    () => `${what}, after a life of ${String(ttl)} ms: nothing is there`
  )
  ensure(
    remaining === undefined || remaining <= ttl,
    () => `${what}, after a life of ${String(ttl)} ms: ${String(remaining)} ms left`
  )
}

/** A value that `peek` and `peekEntry` distinguish from a miss. */
const told = <R>(c: Case<R>): R | undefined => sampled(c, 20).find((one) => one !== undefined)

/** The operations that set the lifetime of an entry. */
const writes = <R>(c: Case<R>, value: R) => ({
  set: (key: string, ttl: D.Duration) => c.store.set(key, value, ttl),
  setMany: (key: string, ttl: D.Duration) => c.store.setMany([[key, value, ttl]]),
  touch: (key: string, ttl: D.Duration) => c.store.touch(key, ttl),
  touchMany: (key: string, ttl: D.Duration) => c.store.touchMany([[key, ttl]])
})

const leftOf = (found: Option<Entry<unknown>> | undefined): D.Duration | undefined =>
  found?._tag === 'Some' ? found.value.remaining : undefined

const saysNoMore = async <R>(c: Case<R>, key: string, ttl: D.Duration, when: string): Promise<void> => {
  const found = await run('read', c.store.read(key))
  within(`read(${shown(key)})${when}`, ttl, leftOf(found))
  const [first] = await run('readMany', c.store.readMany([key]))
  within(`readMany([${shown(key)}])${when}`, ttl, leftOf(first))
  const peeked = c.store.peekEntry?.(key)
  if (peeked !== undefined) within(`peekEntry(${shown(key)})${when}`, ttl, peeked.remaining)
}

/** The edges for a store that returns remaining lifetimes. */
export const edgesTold: StoreLaws = {
  'law 17: what is left is never more than was asked for, of the shortest lifetime and of the longest':
    async (c) => {
      const prefix = freshPrefix()
      const key = `${prefix}key`
      const value = told(c)
      if (value !== undefined) {
        for (const ttl of edges) {
          for (const [name, write] of Object.entries(writes(c, value))) {
            await run('set', c.store.set(key, value, D.forever))
            await run<unknown>(name, write(key, ttl))
            await saysNoMore(c, key, ttl, `, after ${name}`)
          }
        }
      }
      await tidy(c, prefix, [key])
    }
}

/** The edges for a store that also has leases. */
export const edgesOfLeases: StoreLaws = {
  'law 25: what is left of a lease, or of what was stored under it, is never more than was asked for': async (
    c
  ) => {
    const { leases } = c.store
    if (leases === undefined) return
    const prefix = freshPrefix()
    const key = `${prefix}key`
    const value = told(c)
    if (value !== undefined) {
      for (const ttl of edges) {
        await run('seize', leases.seize(key, 'holder', ttl))
        const held = await run('acquire', leases.acquire(key, 'another', ttl, D.forever))
        const busy = held._tag === 'Busy' ? held.remaining : undefined
        within(`acquire(${shown(key)}), after seize`, ttl, busy)
        await run('seize', leases.seize(key, 'holder', D.minutes(1)))
        await run('commit', leases.commit(key, 'holder', some(value), ttl))
        await saysNoMore(c, key, ttl, ', after commit')
        const found = await run('acquire', leases.acquire(key, 'another', ttl, D.zero))
        within(
          `acquire(${shown(key)}), after commit`,
          ttl,
          found._tag === 'Found' ? found.entry.remaining : undefined
        )
        await run('override', leases.override([[key, none, ttl]]))
      }
    }
    await tidy(c, prefix, [key])
  }
}

// -------------------------------------------------------------------------------------
// loops that block all timers
// -------------------------------------------------------------------------------------

/** How many reads may find an entry after its end. */
const mostLate = 100

/** Ways to find an entry. `read` is left out for a store that hides lifetimes. */
const reads = <R>(
  c: Case<R>
): Readonly<Record<string, (key: string) => TaskEither<StoreError, boolean>>> => ({
  get: (key) => TE.map((found: Option<R>) => isSome(found))(c.store.get(key)),
  ...(c.tells
    ? { read: (key) => TE.map((found: Option<Entry<R>>) => isSome(found))(c.store.read(key)) }
    : {}),
  has: (key) => c.store.has(key),
  ...(c.store.peek === undefined ? {} : { peek: (key) => TE.fromIO(() => c.store.peek?.(key) !== undefined) })
})

/** The loops for a store with a real clock. */
export const loops: StoreLaws = {
  'law 17: an entry is gone in time in a loop of awaits, in which no timer fires': async (c) => {
    const prefix = freshPrefix()
    const life = D.milliseconds(20 + 2 * c.granularity)
    const questions = Object.entries(reads(c))
    const keys = questions.map(([name]) => prefix + name)
    const value = told(c)
    if (value !== undefined) {
      await run('setMany', c.store.setMany(keys.map((key) => [key, value, life])))
      const over = performance.now() + life + c.granularity + 1
      const late = new Map<string, number>()
      let left = questions
      while (left.length > 0) {
        const isOver = performance.now() > over
        const there: typeof left = []
        for (const one of left) {
          const [name, ask] = one
          if (!(await run(name, ask(prefix + name)))) continue
          there.push(one)
          if (isOver) late.set(name, (late.get(name) ?? 0) + 1)
          ensure(
            (late.get(name) ?? 0) <= mostLate,
            () => `${name} has found it ${String(mostLate)} times since it was over`
          )
        }
        left = there
      }
    }
    await tidy(c, prefix, keys)
  }
}
