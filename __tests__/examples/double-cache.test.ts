/** Two keys for one entry: the copy outlives it, and is served when the function fails. */
import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { doubleCache } from '../../examples/double-cache'
import { Codec, dict, Duration, Policy, ring, RingError, Store } from '../../src'

type Answer = E.Either<'down', number>

const setup = (over: Store.Combinator = (store) => store as never) => {
  const world = { time: 0, runs: 0, price: E.right(1) as Answer, waiting: [] as Array<() => void> }
  const fetchPrice =
    (_: string): TE.TaskEither<'down', number> =>
    async () => {
      world.runs++
      return world.price
    }
  const memory = dict<Uint8Array>({ clock: { now: () => world.time } })
  const price = ring(fetchPrice, {
    store: over(memory),
    codec: Codec.json(t.number),
    name: 'price',
    policy: Policy.ttl(Duration.seconds(10)),
    commands: doubleCache(Duration.minutes(1))
  })
  return { memory, price, world }
}

const keys = (store: { readonly backend: ReadonlyMap<string, unknown> }) =>
  Array.from(store.backend.keys()).sort()

test('a load writes both, and a hit neither runs the function nor writes', async () => {
  const { memory, price, world } = setup()
  expect(await price('tea')()).toStrictEqual(E.right(1))
  expect(keys(memory)).toStrictEqual(["price:'tea'", "price:'tea':back"])
  const entries = memory.backend
  world.time = 5_000
  expect(await price('tea')()).toStrictEqual(E.right(1))
  expect(world.runs).toBe(1)
  expect(Array.from(entries.values(), ({ expires }) => expires)).toStrictEqual([10_000, 60_000])
})

test('when the function fails the copy is served, until it ends', async () => {
  const { price, world } = setup()
  await price('tea')()
  world.price = E.left('down')
  world.time = 10_000
  expect(await price('tea')()).toStrictEqual(E.right(1))
  expect(world.runs).toBe(2) // it was asked first
  expect(await price('coffee')()).toStrictEqual(E.left('down')) // of this there is no copy
  world.time = 59_999
  expect(await price('tea')()).toStrictEqual(E.right(1))
  world.time = 60_000
  expect(await price('tea')()).toStrictEqual(E.left('down'))
})

test('every load renews the copy', async () => {
  const { price, world } = setup()
  await price('tea')()
  world.time = 50_000
  world.price = E.right(2)
  expect(await price('tea')()).toStrictEqual(E.right(2))
  world.price = E.left('down')
  world.time = 109_999
  expect(await price('tea')()).toStrictEqual(E.right(2))
})

test('get finds the copy, and runs nothing; update renews it, and fails where the function does', async () => {
  const { price, world } = setup()
  expect(await price.get('tea')()).toStrictEqual(E.right(O.none))
  expect(await price.update('tea')()).toStrictEqual(E.right(1))
  world.time = 10_000
  expect(await price.get('tea')()).toStrictEqual(E.right(O.some(1)))
  expect(world.runs).toBe(1)
  world.price = E.left('down')
  expect(await price.update('tea')()).toStrictEqual(E.left('down'))
})

test('delete removes both', async () => {
  const { memory, price, world } = setup()
  await price('tea')()
  expect(await price.delete('tea')()).toStrictEqual(E.right(undefined))
  expect(keys(memory)).toStrictEqual([])
  world.price = E.left('down')
  expect(await price('tea')()).toStrictEqual(E.left('down'))
})

test('a value that was deleted while it was loaded leaves no copy', async () => {
  const world = { answer: (_: Answer): void => undefined }
  const fetchPrice =
    (_: string): TE.TaskEither<'down', number> =>
    () =>
      new Promise((resolve) => (world.answer = resolve))
  const memory = dict()
  const price = ring(fetchPrice, { store: memory, commands: doubleCache(Duration.minutes(1)) })
  const going = price('tea')()
  await new Promise((resolve) => setTimeout(resolve, 5))
  await price.delete('tea')()
  world.answer(E.right(1))
  expect(await going).toStrictEqual(E.right(1))
  expect(keys(memory)).toStrictEqual([])
})

test('a thousand callers are one load', async () => {
  const { price, world } = setup()
  const all = await Promise.all(Array.from({ length: 1_000 }, () => price('tea')()))
  expect(new Set(all.map((one) => E.isRight(one) && one.right))).toStrictEqual(new Set([1]))
  expect(world.runs).toBe(1)
})

test('a store that fails is no failure of the function; get and delete say it', async () => {
  const down: Store.Combinator = Store.around(
    (operation) => async () => E.left(RingError.storeFailed(operation)(new Error('no connection')))
  )
  const { price, world } = setup(down)
  expect(await price('tea')()).toStrictEqual(E.right(1))
  world.price = E.left('down')
  expect(await price('tea')()).toStrictEqual(E.left('down'))
  expect(pipe(await price.get('tea')(), E.isLeft)).toBe(true)
  expect(pipe(await price.delete('tea')(), E.isLeft)).toBe(true)
})

test('an entry that cannot be read is loaded anew; a copy that cannot be read is none', async () => {
  const { memory, price, world } = setup()
  const broken = Buffer.from('?')
  await memory.set("price:'tea'", broken, Duration.seconds(10))()
  await memory.set("price:'tea':back", broken, Duration.seconds(10))()
  world.price = E.left('down')
  expect(await price('tea')()).toStrictEqual(E.left('down'))
  world.price = E.right(3)
  expect(await price('tea')()).toStrictEqual(E.right(3))
  expect(await price.get('tea')()).toStrictEqual(E.right(O.some(3)))
})
