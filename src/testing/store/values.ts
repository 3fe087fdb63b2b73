/**
 * Laws 2 and 13: a stored value comes back under its own key, and under no other.
 *
 * @internal
 */
import * as fc from 'fast-check'

import { hostileKeys } from '../key/mistaken'
import { ensure, freshPrefix, run } from '../words/words'
import { counting, longest, sampled, type StoreLaws, tidy } from './case'
import * as finds from './finds'

export const values: StoreLaws = {
  'law 2: a miss is none, and what was stored comes back, single and bulk': (c) =>
    fc.assert(
      fc.asyncProperty(c.values, async (value) => {
        const key = `${freshPrefix()}key`
        await finds.everywhere(c, key, undefined, 'before set')
        const left = counting(c)(longest(c))
        await run('set', c.store.set(key, value, longest(c)))
        await finds.everywhere(c, key, { value, left }, 'after set')
        await run('delete', c.store.delete(key))
      }),
      { ...c.check, numRuns: Math.min(c.check.numRuns, 50) }
    ),

  'law 2: the smallest and the largest values come back': async (c) => {
    const prefix = freshPrefix()
    const values = c.extremes
    const keys = values.map((_, i) => `${prefix}extreme ${String(i)}`)
    const left = counting(c)(longest(c))
    const wanted = values.map((value) => ({ value, left }))
    const entries = values.map((value, i) => [keys[i] ?? '', value, longest(c)] as const)
    for (const [i, entry] of entries.entries()) {
      await run('set', c.store.set(...entry))
      await finds.get(c, keys[i] ?? '', wanted[i], 'after set')
    }
    await run('setMany', c.store.setMany(entries))
    await finds.getMany(c, keys, wanted, 'after setMany')
    await finds.readMany(c, keys, wanted, 'after setMany')
    await tidy(c, prefix, keys)
  },

  'law 2: no key is mistaken for another, whatever it is made of': async (c) => {
    const prefix = freshPrefix()
    const keys = [...hostileKeys.map((key) => prefix + key), '']
    const wanted = sampled(c, keys.length).map((value) => ({ value }))
    for (const [i, { value }] of wanted.entries())
      await run('set', c.store.set(keys[i] ?? '', value, longest(c)))
    await finds.getMany(c, keys, wanted, 'after set of all')
    for (const [i, key] of keys.entries()) await finds.get(c, key, wanted[i], 'after set of all')
    await run('deleteMany', c.store.deleteMany(keys))
    await finds.hasMany(
      c,
      keys,
      keys.map(() => false),
      'after deleteMany'
    )
  },

  'law 2: keys that differ in a lone surrogate are kept apart, or refused': async (c) => {
    const prefix = freshPrefix()
    for (const value of sampled(c, 1)) {
      const stored = await c.store.set(`${prefix}\ud800`, value, longest(c))()
      const other = await c.store.get(`${prefix}\udbff`)()
      await finds.get(c, `${prefix}\ufffd`, undefined, 'after set of a lone surrogate')
      ensure(other._tag === 'Left' || other.right._tag === 'None', 'two lone surrogates are one key')
      ensure(stored._tag === 'Right' || stored.left.reason === 'refused', 'a failure that is no refusal')
      await c.store.delete(`${prefix}\ud800`)()
    }
  },

  'law 13: making a task does nothing, and running it twice does it twice': async (c) => {
    const key = `${freshPrefix()}key`
    for (const value of sampled(c, 1)) {
      const set = c.store.set(key, value, longest(c))
      const get = c.store.get(key)
      const got = async (wanted: finds.Wanted<typeof value>, when: string): Promise<void> =>
        finds.isThat(c, `the same get, ${when}`, await run('get', get), wanted)
      await got(undefined, 'after set was made')
      await run('set', set)
      await got({ value }, 'run again after set')
      await run('delete', c.store.delete(key))
      await run('set', set)
      await got({ value }, 'run again after set was')
      await run('delete', c.store.delete(key))
    }
  }
}
