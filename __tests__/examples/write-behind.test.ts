/** Values that are in the cache at once, and in the source later. */
import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import { writeBehind } from '../../examples/write-behind'
import { dict, Duration, Policy, ring, RingError, Store } from '../../src'

const soon = () => new Promise((resolve) => setTimeout(resolve, 5))

const setup = (over: Store.Combinator = (store) => store as never) => {
  const world = {
    time: 0,
    source: new Map<string, number>(),
    log: [] as Array<string>,
    refuses: new Set<string>(),
    throws: false,
    timers: [] as Array<() => void>,
    runs: 0,
    during: async (_: string): Promise<void> => undefined
  }
  const find =
    (id: string): TE.TaskEither<'not found', number> =>
    async () => {
      world.runs++
      const found = world.source.get(id)
      return found === undefined ? E.left('not found') : E.right(found)
    }
  const save =
    (stock: number, id: string): TE.TaskEither<'refused', void> =>
    async () => {
      if (world.throws) throw new Error('a bug')
      await world.during(id)
      if (world.refuses.has(id)) return E.left('refused')
      world.source.set(id, stock)
      world.log.push(`${id} ${stock}`)
      return E.right(undefined)
    }
  const memory = dict({ clock: { now: () => world.time } })
  const stock = ring(find, {
    store: over(memory),
    name: 'stock',
    policy: Policy.ttl(Duration.seconds(10)),
    commands: writeBehind(save, (run) => world.timers.push(run))
  })
  /** What was left for later, now. */
  const elapse = async () => {
    for (const run of world.timers.splice(0)) run()
    await soon()
  }
  return { stock, world, elapse }
}

test('set answers at once, and the write follows', async () => {
  const { elapse, stock, world } = setup()
  expect(await stock.set(3)('tea')()).toStrictEqual(E.right(undefined))
  expect(await stock.get('tea')()).toStrictEqual(E.right(O.some(3)))
  expect(world.log).toStrictEqual([])
  await elapse()
  expect(world.log).toStrictEqual(['tea 3'])
  await elapse()
  expect(world.log).toStrictEqual(['tea 3'])
})

test('in order, and of several writes to one key the last', async () => {
  const { elapse, stock, world } = setup()
  await stock.set(1)('tea')()
  await stock.set(2)('milk')()
  await stock.set(3)('tea')()
  await stock.set(4)('rice')()
  expect(world.timers).toHaveLength(1)
  await elapse()
  expect(world.log).toStrictEqual(['milk 2', 'tea 3', 'rice 4'])
})

test('flush does not wait for later, and says how it went', async () => {
  const { stock, world } = setup()
  await stock.set(1)('tea')()
  expect(await stock.flush()).toStrictEqual(E.right(undefined))
  expect(world.log).toStrictEqual(['tea 1'])
  expect(await stock.flush()).toStrictEqual(E.right(undefined))
})

test('one that fails stays, with those after it, and is tried again', async () => {
  const { elapse, stock, world } = setup()
  world.refuses.add('milk')
  await stock.set(1)('tea')()
  await stock.set(2)('milk')()
  await stock.set(3)('rice')()
  expect(await stock.flush()).toStrictEqual(E.left('refused'))
  expect(world.log).toStrictEqual(['tea 1'])
  await elapse() // still refused
  expect(world.log).toStrictEqual(['tea 1'])
  expect(world.timers).toHaveLength(1)
  world.refuses.clear()
  await elapse()
  expect(world.log).toStrictEqual(['tea 1', 'milk 2', 'rice 3'])
  expect(world.timers).toHaveLength(0)
})

test('a save that throws is told to who flushes, and loses nothing', async () => {
  const { elapse, stock, world } = setup()
  world.throws = true
  await stock.set(1)('tea')()
  await expect(stock.flush()).rejects.toThrow('a bug')
  await elapse()
  world.throws = false
  await elapse()
  expect(world.log).toStrictEqual(['tea 1'])
})

test('what is set while it is being written is written again', async () => {
  const { elapse, stock, world } = setup()
  world.during = async (id) => {
    if (id === 'tea' && world.source.size === 0) {
      world.during = async () => undefined
      await stock.set(2)('tea')()
    }
  }
  await stock.set(1)('tea')()
  await stock.set(5)('milk')()
  await elapse()
  await elapse()
  expect(world.log).toStrictEqual(['tea 1', 'milk 5', 'tea 2'])
})

test('two flushes do not overtake each other', async () => {
  const { stock, world } = setup()
  await stock.set(1)('tea')()
  await stock.set(2)('milk')()
  expect(await Promise.all([stock.flush(), stock.flush()])).toStrictEqual([
    E.right(undefined),
    E.right(undefined)
  ])
  expect(world.log).toStrictEqual(['tea 1', 'milk 2'])
})

test('what is not written yet is served, though its entry is over', async () => {
  const { elapse, stock, world } = setup()
  world.source.set('tea', 1)
  await stock.set(2)('tea')()
  world.time = 10_000
  expect(await stock('tea')()).toStrictEqual(E.right(2))
  expect(world.runs).toBe(0)
  await elapse()
  expect(await stock('tea')()).toStrictEqual(E.right(2)) // from the source
  expect(world.runs).toBe(1)
})

test('update writes first, so that it reads no older value', async () => {
  const { stock, world } = setup()
  world.source.set('tea', 1)
  await stock.set(2)('tea')()
  expect(await stock.update('tea')()).toStrictEqual(E.right(2))
  world.refuses.add('tea')
  await stock.set(3)('tea')()
  expect(await stock.update('tea')()).toStrictEqual(E.left('refused'))
  expect(await stock('tea')()).toStrictEqual(E.right(3))
})

test('what the cache did not take is not written', async () => {
  const { elapse, stock, world } = setup(
    Store.around((operation, task) =>
      operation === 'set'
        ? async () => E.left(RingError.storeFailed('set')(new Error('no connection')))
        : task
    )
  )
  expect(E.isLeft(await stock.set(1)('tea')())).toBe(true)
  await elapse()
  expect(await stock.flush()).toStrictEqual(E.right(undefined))
  expect(world.log).toStrictEqual([])
  expect(await stock('tea')()).toStrictEqual(E.left('not found'))
})
