import { describe, expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import * as fc from 'fast-check'
import * as TE from 'fp-ts/TaskEither'

import { extend } from '../../../src/base/extend'
import * as D from '../../../src/Duration'
import { StoreError } from '../../../src/RingError'
import type { Store } from '../../../src/Store'
import { batchReads } from '../../../src/stores/combinators/batched'
import { dict } from '../../../src/stores/memory/dict'
import { testClock } from '../../../src/testing'
import { obeys, storeLaws } from '../../laws/register'

const clock = testClock()
const values = fc.option(fc.string(), { nil: undefined })

for (const max of [1, 2, 1_000]) {
  const make = () => batchReads(dict<string | undefined>({ clock }), { max })
  obeys(`batched by ${String(max)}`, storeLaws(make, { values, clock, leases: true }))
}

/** A store that writes down what it is asked. */
const recorded = (store: Store<string> = dict<string>()) => {
  const asked: Array<string> = []
  const note =
    <A extends ReadonlyArray<unknown>, B>(name: string, f: (...args: A) => B) =>
    (...args: A): B => {
      asked.push(`${name} ${args.flat().join(' ')}`)
      return f(...args)
    }
  return {
    asked,
    store: extend(store, {
      get: note('get', store.get),
      read: note('read', store.read),
      getMany: note('getMany', store.getMany),
      readMany: note('readMany', store.readMany)
    })
  }
}

describe('batchReads', () => {
  test('law 12: the reads of one tick are one bulk read, each key once, in order', async () => {
    const { asked, store } = recorded()
    await store.setMany([
      ['a', 'A', D.forever],
      ['b', 'B', D.forever]
    ])()
    const batched = batchReads(store)
    const answers = await Promise.all(['b', 'a', 'x', 'b'].map((key) => batched.get(key)()))
    expect(answers.map((answer) => (answer._tag === 'Right' ? answer.right : answer))).toEqual([
      { _tag: 'Some', value: 'B' },
      { _tag: 'Some', value: 'A' },
      { _tag: 'None' },
      { _tag: 'Some', value: 'B' }
    ])
    await Promise.all(['b', 'a'].map((key) => batched.read(key)()))
    expect(asked).toEqual(['getMany b a x', 'readMany b a'])
  })

  test('reads that are a few awaits apart meet', async () => {
    const { asked, store } = recorded()
    const batched = batchReads(store)
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        for (let j = 0; j < i; j++) await Promise.resolve()
        return batched.get(`k${String(i)}`)()
      })
    )
    expect(asked).toHaveLength(1)
  })

  test('a batch of one, of whatever many callers, is a single get; a full one does not wait', async () => {
    const { asked, store } = recorded()
    const batched = batchReads(store, { max: 2 })
    await Promise.all([batched.get('a')(), batched.get('a')()])
    const full = ['a', 'b', 'c', 'd', 'e'].map((key) => batched.get(key)())
    expect(asked).toEqual(['get a', 'getMany a b', 'getMany c d'])
    await Promise.all(full)
    expect(asked).toEqual(['get a', 'getMany a b', 'getMany c d', 'get e'])
  })

  test('law 20, 30: a batch that fails, throws or answers too little is one failure for all of it', async () => {
    const error = new StoreError('getMany', 'failed', 'no')
    const bad: ReadonlyArray<Store<string>['getMany']> = [
      () => TE.left(error),
      () => () => Promise.reject(new Error('rejected')),
      () => () => {
        throw new Error('thrown')
      },
      () => TE.right([])
    ]
    for (const getMany of bad) {
      const batched = batchReads(extend(dict<string>(), { getMany }))
      const [a, b] = await Promise.all([batched.get('a')(), batched.get('b')()])
      expect(a).toMatchObject({ _tag: 'Left', left: { reason: 'failed' } })
      expect(a?._tag === 'Left' && b?._tag === 'Left' && a.left === b.left).toBe(true)
      // and the next batch is another one
      expect((await batched.get('a')())._tag).toBe('Right')
    }
  })

  test('law 13: a task joins a batch when it runs, and twice when it runs twice', async () => {
    const { asked, store } = recorded()
    const get = batchReads(store).get('a')
    await Promise.resolve()
    expect(asked).toEqual([])
    await get()
    await get()
    expect(asked).toEqual(['get a', 'get a'])
  })

  test('a batch without room is a defect', () => {
    for (const max of [0, -1, NaN]) expect(() => batchReads(dict<string>(), { max })).toThrow(TypeError)
  })

  test('what else the store has stays: its backend is looked up anew, its type is its own', () => {
    let lookups = 0
    const store = extend(dict<string>(), {
      get backend() {
        return ++lookups
      },
      mark: 'x' as const
    })
    const batched = batchReads(store)
    expect(lookups).toBe(0)
    expect([batched.backend, batched.backend]).toEqual([1, 2])
    expect(batched.mark).toBe('x')
    expectTypeOf(batched).toEqualTypeOf(store)
  })
})
