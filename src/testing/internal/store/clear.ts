/**
 * Law 35: clear.
 *
 * @internal
 */

import { ensure, freshPrefix, run } from '../words'
import { longest, type StoreLaws, two } from './case'

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
    for (const target of ['users:', 'us?rs:', 'us*', 'us[e]', 'us\\', 'us{', 'us_rs:', 'us%', '*', '?']) {
      const keys = [...tails, ...hostile]
      const entries = keys.map((key) => [prefix + key, value, longest(c)] as const)
      await run('setMany', c.store.setMany(entries))
      await run('clear', c.store.clear(prefix + target))
      const left = await run('hasMany', c.store.hasMany(keys.map((key) => prefix + key)))
      keys.forEach((key, i) =>
        ensure(
          left[i] === (c.keeps && !key.startsWith(target)),
          () => `clear of ${target} and the key ${key}`
        )
      )
    }
    await run('clear', c.store.clear(prefix))
    const rest = await run('hasMany', c.store.hasMany([...tails, ...hostile].map((key) => prefix + key)))
    ensure(!rest.includes(true), 'clear left something')
  },

  'law 35: clear finds all of many keys': async (c) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const keys = Array.from({ length: 2_500 }, (_, i) => `${prefix}${i % 2 === 0 ? 'a' : 'b'}:${String(i)}`)
    const entries = keys.map((key) => [key, value, longest(c)] as const)
    await run('setMany', c.store.setMany(entries))
    await run('clear', c.store.clear(`${prefix}a:`))
    const left = await run('hasMany', c.store.hasMany(keys))
    keys.forEach((key, i) =>
      // a bounded store may have dropped some
      ensure(left[i] !== true || !key.startsWith(`${prefix}a:`), 'clear left a key')
    )
    await run('clear', c.store.clear(prefix))
    ensure(!(await run('hasMany', c.store.hasMany(keys))).includes(true), 'clear left a key')
  }
}
