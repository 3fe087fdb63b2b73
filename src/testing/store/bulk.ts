/**
 * Law 12: the bulk operations.
 *
 * @internal
 */
import * as fc from 'fast-check'

import * as D from '../../Duration'
import { ensure, freshPrefix, run } from '../words/words'
import { atMost, type Case, counting, type Left, longest, sampled, type StoreLaws, two } from './case'
import * as finds from './finds'

/** More keys than fit into one request of most backends, and not a multiple of a round number. */
const many = 2_503

const allFalse = (keys: ReadonlyArray<string>): ReadonlyArray<boolean> => keys.map(() => false)

/** Each bulk read of these keys, and the single reads at the same time, must return this. */
const found = async <R>(
  c: Case<R>,
  keys: ReadonlyArray<string>,
  wanted: ReadonlyArray<finds.Wanted<R>>,
  when: string
): Promise<void> => {
  await finds.getMany(c, keys, wanted, when)
  await finds.readMany(c, keys, wanted, when)
  await finds.hasMany(
    c,
    keys,
    wanted.map((there) => there !== undefined),
    when
  )
  await Promise.all(keys.map((key, i) => finds.get(c, key, wanted[i], `with others, ${when}`)))
}

export const bulk: StoreLaws = {
  'law 12: the bulk operations are the single ones, in order, duplicates included': (c) =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 10 }),
        fc.array(fc.nat({ max: 20 }), { maxLength: 30 }),
        async (stored, asked) => {
          const prefix = freshPrefix()
          const key = (n: number): string => `${prefix}${String(n)}`
          const left = counting(c)(longest(c))
          const there = new Map(
            sampled(c, stored.length).map((value, i) => [stored[i] ?? 0, { value, left }])
          )
          const entries = Array.from(there, ([n, { value }]) => [key(n), value, longest(c)] as const)
          await run('setMany', c.store.setMany(entries))
          const keys = asked.map(key)
          const wanted = asked.map((n) => there.get(n))
          await found(c, keys, wanted, 'after setMany')
          await finds.touchMany(
            c,
            keys.map((k) => [k, longest(c)]),
            asked.map((n) => there.has(n)),
            'after setMany'
          )
          const all = [...keys, ...entries.map(([k]) => k)]
          await run('deleteMany', c.store.deleteMany(all))
          await finds.hasMany(c, all, allFalse(all), 'after deleteMany')
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
    await finds.get(c, key, { value: b }, 'the later of two')
    const ttls = [D.forever, D.zero, D.forever]
    await finds.touchMany(
      c,
      ttls.map((ttl) => [key, ttl]),
      [true, true, false],
      'removed in between'
    )
    await run(
      'setMany',
      c.store.setMany([
        [key, a, longest(c)],
        [key, b, D.zero]
      ])
    )
    await finds.get(c, key, undefined, 'the later of two was not to be stored')
  },

  'law 12: a bulk of thousands is answered as a small one is': async (c) => {
    const prefix = freshPrefix()
    const [a, b] = two(c)
    const keys = Array.from({ length: atMost(c, many) }, (_, i) => `${prefix}${String(i)}`)
    const values = keys.map((_, i) => (i % 2 === 0 ? a : b))
    const wanted = (left: Left) => values.map((value) => ({ value, left }))
    const entries = values.map((value, i) => [keys[i] ?? '', value, longest(c)] as const)
    const leftSinceSet = counting(c)(longest(c))
    await run('setMany', c.store.setMany(entries))
    await found(c, keys, wanted(leftSinceSet), 'after setMany')
    const longer = c.lifetime ? D.hours(2) : D.forever
    const leftSinceTouch = counting(c)(longer)
    await finds.touchMany(
      c,
      keys.map((key) => [key, longer]),
      keys.map(() => true),
      'after setMany'
    )
    await finds.readMany(c, keys, wanted(leftSinceTouch), 'after touchMany')
    await run('deleteMany', c.store.deleteMany(keys))
    await found(
      c,
      keys,
      keys.map(() => undefined),
      'after deleteMany'
    )
    await finds.touchMany(
      c,
      keys.map((key) => [key, longer]),
      allFalse(keys),
      'after deleteMany'
    )
  },

  'law 12: nothing asked, nothing touched': async (c) => {
    const { store } = c
    for (const [name, task] of Object.entries({
      getMany: store.getMany([]),
      readMany: store.readMany([]),
      hasMany: store.hasMany([]),
      touchMany: store.touchMany([])
    })) {
      const { length } = await run<ReadonlyArray<unknown>>(`${name}([])`, task)
      ensure(length === 0, () => `${name}([]): ${String(length)} answers, expected 0`)
    }
    await run('setMany([])', store.setMany([]))
    await run('deleteMany([])', store.deleteMany([]))
  }
}
