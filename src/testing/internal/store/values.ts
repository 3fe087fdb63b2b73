/**
 * Laws 2 and 13: what was stored comes back, under no other key, when it is asked for.
 *
 * @internal
 */
import * as fc from 'fast-check'
import { type Option, some } from 'fp-ts/Option'

import { hostileKeys } from '../keys'
import { ensure, freshPrefix, run } from '../words'
import { isSome, longest, remains, sampled, type StoreLaws } from './case'

export const values: StoreLaws = {
  'law 2: a miss is none, and what was stored comes back, single and bulk': (c) =>
    fc.assert(
      fc.asyncProperty(c.values, async (value) => {
        const key = `${freshPrefix()}key`
        ensure((await run('get', c.store.get(key)))._tag === 'None', 'a miss is some')
        ensure((await run('read', c.store.read(key)))._tag === 'None', 'a miss is some for read')
        await run('set', c.store.set(key, value, longest(c)))
        ensure(isSome(c, value)(await run('get', c.store.get(key))), 'get is another value')
        const [bulk] = await run('getMany', c.store.getMany([key]))
        ensure(bulk !== undefined && isSome(c, value)(bulk), 'getMany is another value')
        remains(c, await run('read', c.store.read(key)), longest(c), 'read')
        const [entry] = await run('readMany', c.store.readMany([key]))
        ensure(entry !== undefined, 'readMany answered nothing')
        if (entry !== undefined) remains(c, entry, longest(c), 'readMany')
        ensure((await run('has', c.store.has(key))) === c.keeps, 'has is not whether get is some')
        const seen = c.store.peek?.(key)
        ensure(seen === undefined || c.equals(seen, value), 'peek is another value')
        const found = c.store.peekEntry?.(key)
        ensure(found === undefined || c.equals(found.value, value), 'peekEntry is another value')
        if (found !== undefined) remains(c, some(found), longest(c), 'peekEntry')
        await run('delete', c.store.delete(key))
      }),
      { ...c.check, numRuns: Math.min(c.check.numRuns, 50) }
    ),

  'law 2: the smallest and the largest values come back': async (c) => {
    const prefix = freshPrefix()
    const values = c.extremes
    for (const [i, value] of values.entries()) {
      await run('set', c.store.set(`${prefix}${String(i)}`, value, longest(c)))
      ensure(
        isSome(c, value)(await run('get', c.store.get(`${prefix}${String(i)}`))),
        () => `extreme ${String(i)}`
      )
    }
    await run(
      'setMany',
      c.store.setMany(values.map((value, i) => [`${prefix}${String(i)}`, value, longest(c)]))
    )
    const answers = await run('readMany', c.store.readMany(values.map((_, i) => `${prefix}${String(i)}`)))
    values.forEach((value, i) => {
      const answer = answers[i]
      const found: Option<typeof value> =
        answer === undefined || answer._tag === 'None'
          ? { _tag: 'None' }
          : { _tag: 'Some', value: answer.value.value }
      ensure(isSome(c, value)(found), () => `extreme ${String(i)} in bulk`)
    })
    await run('clear', c.store.clear(prefix))
  },

  'law 2: no key is mistaken for another, whatever it is made of': async (c) => {
    const prefix = freshPrefix()
    const keys = [...hostileKeys.map((key) => prefix + key), '']
    const values = sampled(c, keys.length)
    for (const [i, value] of values.entries()) await run('set', c.store.set(keys[i] ?? '', value, longest(c)))
    const answers = await run('getMany', c.store.getMany(keys))
    for (const [i, value] of values.entries()) {
      const key = keys[i] ?? ''
      ensure(isSome(c, value)(await run('get', c.store.get(key))), () => `get of ${JSON.stringify(key)}`)
      const answer = answers[i]
      ensure(answer !== undefined && isSome(c, value)(answer), () => `getMany of ${JSON.stringify(key)}`)
    }
    await run('deleteMany', c.store.deleteMany(keys))
    const gone = await run('hasMany', c.store.hasMany(keys))
    ensure(!gone.includes(true), 'a key was not deleted')
  },

  'law 2: keys that differ in a lone surrogate are kept apart, or refused': async (c) => {
    const prefix = freshPrefix()
    for (const value of sampled(c, 1)) {
      const stored = await c.store.set(`${prefix}\ud800`, value, longest(c))()
      const other = await c.store.get(`${prefix}\udbff`)()
      const replaced = await run('get', c.store.get(`${prefix}\ufffd`))
      ensure(replaced._tag === 'None', 'a lone surrogate is U+FFFD')
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
      ensure((await run('get', get))._tag === 'None', 'a task ran by itself')
      await run('set', set)
      ensure(isSome(c, value)(await run('get', get)), 'the second run did not look again')
      await run('delete', c.store.delete(key))
      await run('set', set)
      ensure(isSome(c, value)(await run('get', get)), 'the second set did not store')
      await run('delete', c.store.delete(key))
    }
  }
}
