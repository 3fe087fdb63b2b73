/**
 * Law 35: clear.
 *
 * @internal
 */

import { freshPrefix, refuses, run } from '../words/words'
import { atMost, longest, type StoreLaws, two } from './case'
import * as finds from './finds'

const all = (keys: ReadonlyArray<string>, is: boolean): ReadonlyArray<boolean> => keys.map(() => is)

export const clear: StoreLaws = {
  'law 35: clear removes exactly the keys that begin with its prefix': async (c) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const tails = [
      'users:',
      'users:1',
      'users:2',
      'users',
      'usersX',
      'usersX:1',
      'user',
      'Users:1',
      'x:users:1'
    ]
    const hostile = ['us?rs:1', 'us*rs:1', 'us[e]rs:1', 'us\\ers:1', 'us{e}rs:1', 'us_rs:1', 'us%rs:1']
    const keys = [...tails, ...hostile].map((tail) => prefix + tail)
    for (const target of ['users:', 'us?rs:', 'us*', 'us[e]', 'us\\', 'us{', 'us_rs:', 'us%', '*', '?']) {
      await run('setMany', c.store.setMany(keys.map((key) => [key, value, longest(c)])))
      await run('clear', c.store.clear(prefix + target))
      const rest = keys.map((key) => !key.startsWith(prefix + target))
      await finds.hasMany(c, keys, rest, `after clear of ${target}`)
    }
    await run('clear', c.store.clear(prefix))
    await finds.hasMany(c, keys, all(keys, false), 'after clear of all')
  },

  'law 35: clear finds all of many keys': async (c) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const isFirst = (i: number): boolean => i % 2 === 0
    const keys = Array.from(
      { length: atMost(c, 2_500) },
      (_, i) => `${prefix}${isFirst(i) ? 'a' : 'b'}:${String(i)}`
    )
    await run('setMany', c.store.setMany(keys.map((key) => [key, value, longest(c)])))
    await finds.hasMany(c, keys, all(keys, true), 'after setMany')
    await run('clear', c.store.clear(`${prefix}a:`))
    await finds.hasMany(
      c,
      keys,
      keys.map((_, i) => !isFirst(i)),
      'after clear of a half'
    )
    await run('clear', c.store.clear(prefix))
    await finds.hasMany(c, keys, all(keys, false), 'after clear of all')
  }
}

/** For a store that does not clear. */
export const clearless: StoreLaws = {
  'law 35: a store that does not clear refuses to, and leaves what was there': async (c) => {
    const prefix = freshPrefix()
    const key = `${prefix}key`
    const [value] = two(c)
    await refuses('clear of nothing', c.store.clear(prefix))
    await run('set', c.store.set(key, value, longest(c)))
    await refuses('clear', c.store.clear(prefix))
    await finds.get(c, key, { value }, 'after clear was refused')
    await run('delete', c.store.delete(key))
  }
}
