/**
 * Law 12: the bulk operations.
 *
 * @internal
 */
import * as fc from 'fast-check'
import { none } from 'fp-ts/Option'

import * as D from '../../../Duration'
import { same } from '../same'
import { ensure, freshPrefix, run } from '../words'
import { isSome, longest, sampled, type StoreLaws, two } from './case'

/** More keys than go into one request of most backends, and no multiple of a round number. */
const many = 2_503

export const bulk: StoreLaws = {
  'law 12: the bulk operations are the single ones, in order, duplicates included': (c) =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 10 }),
        fc.array(fc.nat({ max: 20 }), { maxLength: 30 }),
        async (stored, asked) => {
          const prefix = freshPrefix()
          const values = sampled(c, stored.length)
          const key = (n: number): string => `${prefix}${String(n)}`
          const entries = values.map((value, i) => [key(stored[i] ?? 0), value, longest(c)] as const)
          await run('setMany', c.store.setMany(entries))
          const keys = asked.map(key)
          const bulk = {
            get: await run('getMany', c.store.getMany(keys)),
            read: await run('readMany', c.store.readMany(keys)),
            has: await run('hasMany', c.store.hasMany(keys)),
            touch: await run('touchMany', c.store.touchMany(keys.map((k) => [k, longest(c)])))
          }
          for (const [name, answers] of Object.entries(bulk)) {
            ensure(answers.length === keys.length, () => `${name}Many answered another number of values`)
          }
          for (const [i, n] of asked.entries()) {
            const place = stored.indexOf(n)
            const isThere = c.keeps && place >= 0
            const answer = bulk.get[i]
            const value = values[place]
            ensure(answer !== undefined && (answer._tag === 'Some') === isThere, 'getMany: another place')
            // the proof: `place` is one of `values`
            if (place >= 0 && answer !== undefined)
              ensure(isSome(c, value as (typeof values)[number])(answer), 'getMany: another value')
            ensure((bulk.read[i]?._tag === 'Some') === isThere, 'readMany: another place')
            ensure(bulk.has[i] === isThere, 'hasMany: another place')
            ensure(bulk.touch[i] === isThere, 'touchMany: another place')
          }
          const together = await Promise.all(keys.map((k) => run('get', c.store.get(k))))
          together.forEach((answer, i) =>
            ensure(answer._tag === bulk.get[i]?._tag, 'concurrent gets are not the single ones')
          )
          await run('deleteMany', c.store.deleteMany([...keys, ...entries.map(([k]) => k)]))
          ensure(!(await run('hasMany', c.store.hasMany(keys))).includes(true), 'deleteMany left something')
        }
      ),
      c.check
    ),

  'law 12: of two entries with one key the later wins, and a touch after a removal finds nothing': async (
    c
  ) => {
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    await run('setMany', c.store.setMany([a, b, a, b].map((value) => [key, value, longest(c)])))
    ensure(isSome(c, b)(await run('get', c.store.get(key))), 'an earlier entry won')
    const ttls = [D.forever, D.zero, D.forever]
    const touched = await run('touchMany', c.store.touchMany(ttls.map((ttl) => [key, ttl])))
    ensure(same(touched, [c.keeps, c.keeps, false]), () => `touchMany: ${String(touched)}`)
    await run(
      'setMany',
      c.store.setMany([
        [key, a, longest(c)],
        [key, b, D.zero]
      ])
    )
    ensure((await run('get', c.store.get(key)))._tag === 'None', 'an entry that was not to be stored')
  },

  'law 12: a bulk of thousands is answered as a small one is': async (c) => {
    const prefix = freshPrefix()
    const [a, b] = two(c)
    const keys = Array.from({ length: many }, (_, i) => `${prefix}${String(i)}`)
    const valueOf = (i: number): typeof a => (i % 2 === 0 ? a : b)
    await run('setMany', c.store.setMany(keys.map((key, i) => [key, valueOf(i), longest(c)])))
    const got = await run('getMany', c.store.getMany(keys))
    const read = await run('readMany', c.store.readMany(keys))
    const has = await run('hasMany', c.store.hasMany(keys))
    const touched = await run('touchMany', c.store.touchMany(keys.map((key) => [key, longest(c)])))
    for (const [name, { length }] of Object.entries({ got, read, has, touched })) {
      ensure(length === many, () => `${name}: ${String(length)} answers of ${String(many)}`)
    }
    keys.forEach((_, i) => {
      const value = valueOf(i)
      ensure(isSome(c, value)(got[i] ?? none), () => `getMany: another value at ${String(i)}`)
      ensure(read[i]?._tag === got[i]?._tag, () => `readMany: another answer at ${String(i)}`)
      ensure(has[i] === c.keeps, () => `hasMany: another answer at ${String(i)}`)
      ensure(touched[i] === c.keeps, () => `touchMany: another answer at ${String(i)}`)
    })
    const together = await Promise.all(keys.map((key) => run('get', c.store.get(key))))
    together.forEach((answer, i) =>
      ensure(isSome(c, valueOf(i))(answer), () => `get, with others: another value at ${String(i)}`)
    )
    await run('deleteMany', c.store.deleteMany(keys))
    ensure(!(await run('hasMany', c.store.hasMany(keys))).includes(true), 'deleteMany left something')
  },

  'law 12: nothing asked, nothing touched': async (c) => {
    ensure((await run('getMany', c.store.getMany([]))).length === 0, 'getMany')
    ensure((await run('readMany', c.store.readMany([]))).length === 0, 'readMany')
    ensure((await run('hasMany', c.store.hasMany([]))).length === 0, 'hasMany')
    ensure((await run('touchMany', c.store.touchMany([]))).length === 0, 'touchMany')
    await run('setMany', c.store.setMany([]))
    await run('deleteMany', c.store.deleteMany([]))
  }
}
