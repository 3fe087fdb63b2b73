/**
 * Laws 10 and 11: delete and touch.
 *
 * @internal
 */

import * as D from '../../../Duration'
import { ensure, freshPrefix, run } from '../words'
import { isSome, longest, longLives, remains, sampled, type StoreLaws } from './case'

export const single: StoreLaws = {
  'law 10: deleting an absent key succeeds, and a deleted key is absent': async (c) => {
    const key = `${freshPrefix()}key`
    await run('delete', c.store.delete(key))
    for (const value of sampled(c, 5)) {
      await run('set', c.store.set(key, value, longest(c)))
      await run('delete', c.store.delete(key))
      ensure(c.store.peek?.(key) === undefined, 'peek shows a deleted key')
    }
    await run('delete', c.store.delete(key))
    ensure((await run('get', c.store.get(key)))._tag === 'None', 'a deleted key is there')
    ensure(!(await run('has', c.store.has(key))), 'has says that a deleted key is there')
    ensure(c.store.peek?.(key) === undefined, 'peek shows a deleted key')
    ensure(c.store.peekEntry?.(key) === undefined, 'peekEntry shows a deleted key')
  },

  'law 11: touch renews the lifetime and never the value, and says whether the entry was there': async (
    c
  ) => {
    const key = `${freshPrefix()}key`
    ensure(!(await run('touch', c.store.touch(key, longest(c)))), 'an absent key was touched')
    ensure((await run('get', c.store.get(key)))._tag === 'None', 'touch made an entry')
    for (const value of sampled(c, 1)) {
      await run('set', c.store.set(key, value, longest(c)))
      const lives = c.lifetime
        ? [D.hours(1), D.seconds(30), ...longLives, D.forever, D.hours(2)]
        : [D.forever]
      for (const ttl of lives) {
        ensure((await run('touch', c.store.touch(key, ttl))) === c.keeps, 'touch says that it was not there')
        ensure(isSome(c, value)(await run('get', c.store.get(key))), 'touch changed the value')
        remains(c, await run('read', c.store.read(key)), ttl, 'after touch')
      }
      // forever twice: a store that reports whether an expiry was removed would say no
      await run('touch', c.store.touch(key, D.forever))
      ensure((await run('touch', c.store.touch(key, D.forever))) === c.keeps, 'touched forever: not there')
      ensure((await run('touch', c.store.touch(key, D.zero))) === c.keeps, 'touched away: not there')
      ensure((await run('get', c.store.get(key)))._tag === 'None', 'touch of zero left the entry')
      ensure(!(await run('touch', c.store.touch(key, D.zero))), 'touch of zero found what is not there')
    }
  }
}
