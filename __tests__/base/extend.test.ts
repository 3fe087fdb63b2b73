/** Stores and clocks that are instances of classes, and stores whose place is wrong. */
import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { Clock, dict, Duration, ring, Store } from '../../src'
import { extend } from '../../src/base/extend'

class Base {
  readonly #kept = new Map<string, number>()
  get size(): number {
    return this.#kept.size
  }
  put(key: string, value: number): void {
    this.#kept.set(key, value)
  }
  over(): string {
    return 'base'
  }
}
class Derived extends Base {
  override over(): string {
    return 'derived'
  }
}

test('a copy has what the classes of an instance have, also what is private', () => {
  const source = new Derived()
  const copy = extend(source, { more: 1 })
  copy.put('a', 1)
  expect([copy.size, source.size, copy.over(), copy.more]).toStrictEqual([1, 1, 'derived', 1])
  expect(extend(source, { over: () => 'mine' }).over()).toBe('mine')
  expect(Object.keys(extend({ a: 1 }, { b: 2 }))).toStrictEqual(['a', 'b'])
})

/** A store whose operations are methods. */
const asClass = (): Store.Store<unknown> => {
  const inner = dict()
  class Methods {
    readonly backend = inner.backend
  }
  const names = Object.keys(inner).filter((name) => name !== 'backend' && name !== 'leases')
  for (const name of names) {
    const own: unknown = Reflect.get(inner, name)
    if (typeof own !== 'function') continue
    Reflect.set(Methods.prototype, name, function (this: Methods, ...args: ReadonlyArray<unknown>): unknown {
      expect(this).toBeInstanceOf(Methods)
      return Reflect.apply(own, inner, args)
    })
  }
  return new Methods() as never
}

test.each([
  ['as it is', (store: Store.Store<unknown>) => store],
  ['prefixed', Store.prefixed('p/')],
  ['timed', Store.timed(Duration.seconds(1))],
  ['around', Store.around((_, task) => task)],
  ['batched', Store.batched()]
] as ReadonlyArray<readonly [string, (store: Store.Store<unknown>) => Store.Store<unknown>]>)(
  'a store that is an instance of a class, %s',
  async (_, combine) => {
    let loads = 0
    const user = ring(() => TE.fromIO(() => ++loads), { store: combine(asClass()), name: 'user' })
    await user()()
    expect(await user()()).toStrictEqual(E.right(1))
    expect(await user.get()()).toStrictEqual(E.right(O.some(1)))
  }
)

test('a clock may be an instance of a class, and `Date`', async () => {
  class Counting implements Clock.Clock {
    timers = 0
    now = (): number => 0
    after(d: Duration.Duration, run: () => void) {
      return () => {
        this.timers++
        return Clock.system.after!(d, run)()
      }
    }
  }
  const clock = new Counting()
  const slow = { ...dict<string>(), get: () => () => new Promise<never>(() => undefined) }
  const got = await pipe(slow, Store.timed(Duration.milliseconds(1), { clock })).get('k')()
  expect(got).toMatchObject({ left: { reason: 'timeout' } })
  expect(clock.timers).toBe(1)
  await ring(() => TE.right(1), { store: { ...dict(), peek: undefined } as never, name: 'one', clock })()()
  expect(clock.timers).toBeGreaterThan(1)
  const dated = ring(() => TE.right(1), { store: dict(), name: 'two', clock: Date })
  expect(await dated()()).toStrictEqual(E.right(1))
})

test('a place that throws or names nothing is the store itself', async () => {
  for (const placeOf of [
    () => {
      throw new Error('no')
    },
    () => ({ backend: 1, prefix: '' }),
    () => undefined
  ]) {
    const store = { ...dict(), placeOf } as never as Store.Store<unknown>
    expect(await ring(() => TE.right(1), { store, name: 'placed' })()()).toStrictEqual(E.right(1))
  }
})
