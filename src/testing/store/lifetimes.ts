/**
 * Laws 17 and 18: how long an entry lives.
 *
 * @internal
 */

import * as D from '../../Duration'
import { freshPrefix, refuses, run } from '../words/words'
import {
  type Case,
  counting,
  isEarly,
  livesOf,
  longest,
  minute,
  sampled,
  soonOver,
  type StoreLaws,
  tidy,
  two
} from './case'
import * as finds from './finds'

/** The laws for every store. */
export const lifetimes: StoreLaws = {
  'law 17: what is left of a lifetime is what the writer said, and a rewrite replaces it': async (c) => {
    const prefix = freshPrefix()
    const lives = livesOf(c)
    const keys = lives.map((_, i) => `${prefix}${String(i)}`)
    const one = `${prefix}one`
    for (const value of sampled(c, 1)) {
      for (const ttl of [...lives, ...lives.slice().reverse()]) {
        const left = counting(c)(ttl)
        await run('set', c.store.set(one, value, ttl))
        await finds.read(c, one, { value, left }, 'after set')
      }
      const leftSinceSet = counting(c)
      const wanted = lives.map((ttl) => ({ value, left: leftSinceSet(ttl) }))
      await run('setMany', c.store.setMany(lives.map((ttl, i) => [keys[i] ?? '', value, ttl])))
      await finds.readMany(c, keys, wanted, 'after setMany')
      // each gets another lifetime than before
      const others = [...lives.slice(1), ...lives.slice(0, 1)]
      const leftSinceTouch = counting(c)
      await finds.touchMany(
        c,
        others.map((ttl, i) => [keys[i] ?? '', ttl]),
        keys.map(() => true),
        'after setMany'
      )
      const touched = others.map((ttl) => ({ value, left: leftSinceTouch(ttl) }))
      await finds.readMany(c, keys, touched, 'after touchMany')
    }
    await tidy(c, prefix, [one, ...keys])
  },

  'law 18: zero or less stores nothing and removes what was there': async (c) => {
    const prefix = freshPrefix()
    for (const value of sampled(c, 1)) {
      for (const ttl of [D.zero, D.milliseconds(-1), D.days(-400)]) {
        const keys = ['a', 'b'].map((key) => prefix + key)
        await run('setMany', c.store.setMany(keys.map((key) => [key, value, longest(c)])))
        await run('set', c.store.set(`${prefix}a`, value, ttl))
        await run('setMany', c.store.setMany([[`${prefix}b`, value, ttl]]))
        await finds.hasMany(c, keys, [false, false], `after set and setMany for ${String(ttl)} ms`)
      }
    }
  }
}

// -------------------------------------------------------------------------------------
// expired entries
// -------------------------------------------------------------------------------------

/** The ways to give an entry a short lifetime. */
const shorten = async <R>(c: Case<R>, keysOf: (way: string) => ReadonlyArray<string>, life: D.Duration) => {
  const [value] = two(c)
  const long = [...keysOf('touch'), ...keysOf('touchMany')].map((key) => [key, value, minute] as const)
  await run('setMany', c.store.setMany(long))
  await Promise.all(keysOf('set').map((key) => run('set', c.store.set(key, value, life))))
  await run('setMany', c.store.setMany(keysOf('setMany').map((key) => [key, value, life])))
  await Promise.all(keysOf('touch').map((key) => finds.touch(c, [key, life], true, 'to end soon')))
  const touched = keysOf('touchMany').map((key) => [key, life] as const)
  await finds.touchMany(
    c,
    touched,
    touched.map(() => true),
    'to end soon'
  )
}

const ways = ['set', 'setMany', 'touch', 'touchMany']

type Question = <R>(c: Case<R>, key: string, when: string) => Promise<void>

/** A touch that finds no entry, and creates none. */
const touched =
  (touch: Question): Question =>
  async (c, key, when) => {
    await touch(c, key, when)
    await finds.get(c, key, undefined, `touched, ${when}`)
  }

/** Each uses its own key: some stores remove an expired entry when they find it. */
const questions: Readonly<Record<string, Question>> = {
  get: (c, key, when) => finds.get(c, key, undefined, when),
  read: (c, key, when) => finds.read(c, key, undefined, when),
  has: (c, key, when) => finds.has(c, key, false, when),
  touch: touched((c, key, when) => finds.touch(c, [key, minute], false, when)),
  'touch to zero': touched((c, key, when) => finds.touch(c, [key, D.zero], false, when)),
  getMany: (c, key, when) => finds.getMany(c, [key], [undefined], when),
  readMany: (c, key, when) => finds.readMany(c, [key], [undefined], when),
  hasMany: (c, key, when) => finds.hasMany(c, [key], [false], when),
  touchMany: touched((c, key, when) => finds.touchMany(c, [[key, minute]], [false], when)),
  'touchMany to zero': touched((c, key, when) => finds.touchMany(c, [[key, D.zero]], [false], when)),
  peek: (c, key, when) => {
    finds.peek(c, key, undefined, when)
    return Promise.resolve()
  }
}

/** The laws for a store that keeps lifetimes. */
export const expiry: StoreLaws = {
  'law 17: an entry is gone when its lifetime is over, and not before': async (c) => {
    const prefix = freshPrefix()
    const { life, wait } = soonOver(c)
    const keyOf = (way: string, question: string): string => `${prefix}${way}, ${question}`
    const keysOf = (way: string): ReadonlyArray<string> =>
      Object.keys(questions).map((question) => keyOf(way, question))
    const keys = ways.flatMap(keysOf)
    const early = isEarly(c, life)
    await shorten(c, keysOf, life)
    const are = keys.map(() => true)
    await finds.hasMany(c, keys, are, 'before their lifetimes are over').catch((cause: unknown) => {
      // if the machine was slower than that lifetime, the result proves nothing
      if (early()) throw cause
    })
    await c.wait(wait)
    for (const way of ways) {
      for (const [name, question] of Object.entries(questions)) {
        await question(c, keyOf(way, name), `when the lifetime of ${way} is over`)
      }
    }
  },

  'law 17: an entry that was touched to live for longer outlives its first lifetime': async (c) => {
    const prefix = freshPrefix()
    const { life, wait } = soonOver(c)
    const keys = ['touch', 'touchMany', 'touchMany for ever'].map((name) => prefix + name)
    const [one = '', ...others] = keys
    const [value] = two(c)
    const early = isEarly(c, life)
    await run('setMany', c.store.setMany(keys.map((key) => [key, value, life])))
    await run('touch', c.store.touch(one, minute))
    const lives = others.map((key, i) => [key, i === 0 ? minute : D.forever] as const)
    await run('touchMany', c.store.touchMany(lives))
    if (!early()) return // as above
    await c.wait(wait)
    await finds.getMany(
      c,
      keys,
      keys.map(() => ({ value })),
      'after the first lifetime'
    )
    await tidy(c, prefix, keys)
  }
}

/** The laws for a store that returns remaining lifetimes. */
export const aging: StoreLaws = {
  'law 17: less is left of a lifetime as time passes': async (c) => {
    const prefix = freshPrefix()
    const { wait } = soonOver(c)
    const values = sampled(c, 5)
    const keys = values.map((_, i) => `${prefix}${String(i)}`)
    const entries = values.map((value, i) => [keys[i] ?? '', value, D.hours(1)] as const)
    const lefts = counting(c)
    await run('setMany', c.store.setMany(entries))
    await c.wait(wait)
    const left = lefts(D.hours(1), c.instant ? wait : wait - 10) // a real timer may be early
    const wanted = values.map((value) => ({ value, left }))
    await finds.readMany(c, keys, wanted, `${String(wait)} ms later`)
    for (const [i, key] of keys.entries()) {
      await finds.read(c, key, wanted[i], `${String(wait)} ms later`)
      finds.peek(c, key, wanted[i], `${String(wait)} ms later`)
    }
    await tidy(c, prefix, keys)
  }
}

/** The laws for a store that keeps no lifetimes. */
export const lifetimeless: StoreLaws = {
  'law 18: a store that keeps no lifetime refuses one that ends, and leaves what was there': async (c) => {
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    await run('set', c.store.set(key, a, D.forever))
    await refuses('set', c.store.set(key, b, minute))
    await refuses('setMany', c.store.setMany([[key, b, minute]]))
    await refuses('touch', c.store.touch(key, minute))
    await refuses('touchMany', c.store.touchMany([[key, minute]]))
    await finds.get(c, key, { value: a }, 'after refused writes')
    await run('delete', c.store.delete(key))
  }
}
