/**
 * Laws 10 and 11: delete and touch.
 *
 * @internal
 */

import { afterJobs, nextTurn, pause } from '../../base/timer'
import * as D from '../../Duration'
import { freshPrefix, run } from '../words/words'
import { type Case, counting, longest, longLives, sampled, type StoreLaws, two } from './case'
import * as finds from './finds'

const jobs = (count: number) => async (): Promise<void> => {
  for (let i = 0; i < count; i++) await Promise.resolve()
}

/**
 * How much later the second of two operations begins: from at once to some milliseconds. If an operation has several
 * steps, the other falls between them, whatever it waits for: a promise, the other reads of its tick, a server.
 */
const pauses: ReadonlyArray<() => Promise<void>> = [
  ...[0, 1, 2, 4, 8, 16].map(jobs),
  () => new Promise(afterJobs),
  () => new Promise(nextTurn),
  ...[1, 3].map((ms) => () => pause(ms))
]

/** The operations that renew a lifetime. */
const touches = <R>(c: Case<R>) => ({
  touch: (key: string) => c.store.touch(key, longest(c)),
  touchMany: (key: string) => c.store.touchMany([[key, longest(c)]])
})

const removals = <R>(c: Case<R>) => ({
  delete: (key: string) => c.store.delete(key),
  deleteMany: (key: string) => c.store.deleteMany([key])
})

const writes = <R>(c: Case<R>, value: R) => ({
  set: (key: string) => c.store.set(key, value, longest(c)),
  setMany: (key: string) => c.store.setMany([[key, value, longest(c)]])
})

/** Runs each touch beside each other operation, in both orders. The entry must not depend on the order. */
const beside = async <R>(
  c: Case<R>,
  others: ReturnType<typeof removals<R>> | ReturnType<typeof writes<R>>,
  wanted: finds.Wanted<R>
): Promise<void> => {
  const [before] = two(c)
  const key = `${freshPrefix()}key`
  const pairs = Object.entries(touches(c)).flatMap(([touched, touch]) =>
    Object.entries(others).flatMap(([done, other]) => {
      const tasks = [() => run<unknown>(touched, touch(key)), () => run<unknown>(done, other(key))] as const
      return [
        [`${touched}, and ${done} beside it`, ...tasks] as const,
        [`${done}, and ${touched} beside it`, tasks[1], tasks[0]] as const
      ]
    })
  )
  for (const [names, first, second] of pairs) {
    for (const pause of pauses) {
      await run('set', c.store.set(key, before, longest(c)))
      await Promise.all([first(), pause().then(second)])
      await finds.get(c, key, wanted, `after ${names}`)
    }
  }
  await run('delete', c.store.delete(key))
}

export const single: StoreLaws = {
  'law 10: deleting an absent key succeeds, and a deleted key is absent': async (c) => {
    const key = `${freshPrefix()}key`
    await run('delete', c.store.delete(key))
    for (const value of sampled(c, 5)) {
      await run('set', c.store.set(key, value, longest(c)))
      await run('delete', c.store.delete(key))
      finds.peek(c, key, undefined, 'after delete')
    }
    await run('delete', c.store.delete(key))
    await finds.everywhere(c, key, undefined, 'after delete')
  },

  'law 10: what is deleted while it is touched stays deleted': (c) => beside(c, removals(c), undefined),

  'law 11: touch renews the lifetime and never the value, and says whether the entry was there': async (
    c
  ) => {
    const key = `${freshPrefix()}key`
    await finds.touch(c, [key, longest(c)], false, 'before set')
    await finds.get(c, key, undefined, 'after touch of an absent key')
    for (const value of sampled(c, 1)) {
      await run('set', c.store.set(key, value, longest(c)))
      const lives = c.lifetime
        ? [D.hours(1), D.seconds(30), ...longLives, D.forever, D.hours(2)]
        : [D.forever]
      for (const ttl of lives) {
        const left = counting(c)(ttl)
        await finds.touch(c, [key, ttl], true, 'after set')
        await finds.get(c, key, { value }, 'after touch')
        await finds.read(c, key, { value, left }, 'after touch')
      }
      // forever twice: a store that returns whether an expiry was removed would return `false`
      await finds.touch(c, [key, D.forever], true, 'after set')
      await finds.touch(c, [key, D.forever], true, 'for ever again')
      await finds.touch(c, [key, D.zero], true, 'to zero')
      await finds.get(c, key, undefined, 'after touch to zero')
      await finds.touch(c, [key, D.zero], false, 'to zero again')
    }
  },

  'law 11: touch changes no value that is written while it is touched': async (c) => {
    const [, value] = two(c)
    await beside(c, writes(c, value), { value })
  }
}
