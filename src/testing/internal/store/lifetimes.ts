/**
 * Laws 17 and 18: how long an entry lives.
 *
 * @internal
 */

import { none, some } from 'fp-ts/Option'

import * as D from '../../../Duration'
import { ensure, freshPrefix, refuses, run } from '../words'
import { isSome, livesOf, longest, minute, remains, sampled, soonOver, type StoreLaws, two } from './case'

/** Those of every store. */
export const lifetimes: StoreLaws = {
  'law 17: what is left of a lifetime is what the writer said, and a rewrite replaces it': async (c) => {
    const prefix = freshPrefix()
    const lives = livesOf(c)
    for (const value of sampled(c, 1)) {
      for (const ttl of [...lives, ...lives.slice().reverse()]) {
        await run('set', c.store.set(`${prefix}one`, value, ttl))
        remains(c, await run('read', c.store.read(`${prefix}one`)), ttl, 'set')
      }
      await run('setMany', c.store.setMany(lives.map((ttl, i) => [`${prefix}${String(i)}`, value, ttl])))
      const entries = await run('readMany', c.store.readMany(lives.map((_, i) => `${prefix}${String(i)}`)))
      lives.forEach((ttl, i) => remains(c, entries[i] ?? { _tag: 'None' }, ttl, 'setMany'))
    }
    await run('clear', c.store.clear(prefix))
  },

  'law 18: zero or less stores nothing and removes what was there': async (c) => {
    const prefix = freshPrefix()
    for (const value of sampled(c, 1)) {
      for (const ttl of [D.zero, D.milliseconds(-1), D.days(-400)]) {
        const keys = ['a', 'b'].map((key) => prefix + key)
        await run('setMany', c.store.setMany(keys.map((key) => [key, value, longest(c)])))
        await run('set', c.store.set(`${prefix}a`, value, ttl))
        await run('setMany', c.store.setMany([[`${prefix}b`, value, ttl]]))
        ensure(
          !(await run('hasMany', c.store.hasMany(keys))).includes(true),
          () => `${String(ttl)} ms: it is there`
        )
      }
    }
  }
}

/** Those of a store that keeps lifetimes. */
export const expiry: StoreLaws = {
  'law 17: an entry is gone when its lifetime is over, and not before': async (c) => {
    const key = `${freshPrefix()}key`
    const soon = soonOver(c)
    for (const value of sampled(c, 1)) {
      await run('set', c.store.set(key, value, soon.life))
      ensure(await run('has', c.store.has(key)), 'gone too early')
      await c.wait(soon.wait)
      ensure((await run('get', c.store.get(key)))._tag === 'None', 'get: it outlived its lifetime')
      ensure((await run('read', c.store.read(key)))._tag === 'None', 'read: it outlived its lifetime')
      ensure(!(await run('has', c.store.has(key))), 'has: it outlived its lifetime')
      ensure(!(await run('touch', c.store.touch(key, minute))), 'touch: it outlived its lifetime')
      const [bulk] = await run('getMany', c.store.getMany([key]))
      ensure(bulk?._tag === 'None', 'getMany: it outlived its lifetime')
      ensure(c.store.peek?.(key) === undefined, 'peek: it outlived its lifetime')
      ensure(c.store.peekEntry?.(key) === undefined, 'peekEntry: it outlived its lifetime')
    }
  },

  'law 17: less is left of a lifetime as time passes': async (c) => {
    const prefix = freshPrefix()
    const { wait } = soonOver(c)
    const values = sampled(c, 5)
    const keys = values.map((_, i) => `${prefix}${String(i)}`)
    const entries = values.map((value, i) => [keys[i] ?? '', value, D.hours(1)] as const)
    await run('setMany', c.store.setMany(entries))
    await c.wait(wait)
    const left = D.hours(1) - wait + (c.instant ? 0 : 10) // a real timer may be early
    const bulk = await run('readMany', c.store.readMany(keys))
    for (const [i, key] of keys.entries()) {
      remains(c, await run('read', c.store.read(key)), left, 'read')
      remains(c, bulk[i] ?? none, left, 'readMany')
      const seen = c.store.peekEntry?.(key)
      if (seen !== undefined) remains(c, some(seen), left, 'peekEntry')
    }
    await run('clear', c.store.clear(prefix))
  }
}

/** Those of a store that keeps none. */
export const lifetimeless: StoreLaws = {
  'law 18: a store that keeps no lifetime refuses one that ends, and leaves what was there': async (c) => {
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    await run('set', c.store.set(key, a, D.forever))
    await refuses('set', c.store.set(key, b, minute))
    await refuses('setMany', c.store.setMany([[key, b, minute]]))
    await refuses('touch', c.store.touch(key, minute))
    await refuses('touchMany', c.store.touchMany([[key, minute]]))
    ensure(isSome(c, a)(await run('get', c.store.get(key))), 'a refused write changed something')
    await run('delete', c.store.delete(key))
  }
}
