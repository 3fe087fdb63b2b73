/** What can be counted of a ring beside promises: the memory that it takes, and the files that a call enters. */
import { Session } from 'node:inspector/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'

import { dict, Duration, Policy, ring, type Store } from '../../src'

const load = (id: number) => () => Promise.resolve(E.right({ id }))
const ttl = Policy.ttl(Duration.hours(1))

/** A store that is not in this process's memory, as far as a ring can tell. */
const behindPromises = (): Store.Store<unknown> & Store.Leasing<unknown> => {
  const { peek, peekEntry, ...store } = dict()
  expect([typeof peek, typeof peekEntry]).toEqual(['function', 'function'])
  return store
}

const stores = { 'over dict': () => dict(), 'behind promises': behindPromises }

const kinds = {
  plain: (name: string, store: ReturnType<typeof behindPromises>) => ring(load, { name, store, policy: ttl }),
  'leased and tagged': (name: string, store: ReturnType<typeof behindPromises>) =>
    ring(load, { name, store, policy: Policy.policy(ttl, Policy.lease()), tags: () => ['a', 'b'] })
}

describe('the heap of a ring', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  /** Collected until nothing more is let go: what the files before this one have left takes several turns. */
  const heap = async (last = Infinity): Promise<number> => {
    collect()
    await new Promise(setImmediate)
    collect()
    const used = process.memoryUsage().heapUsed
    return used < last - 100_000 ? heap(used) : used
  }
  const count = 200
  it.each([
    ['plain', 'over dict', 32],
    ['leased and tagged', 'over dict', 44],
    ['plain', 'behind promises', 32],
    ['leased and tagged', 'behind promises', 44]
  ] as const)('that is %s, %s: at most %d kB', async (kind, where, most) => {
    const store = stores[where]()
    const rings = Array.from({ length: 50 }, (__, i) => kinds[kind](`warm${String(i)}`, store))
    const before = await heap()
    for (let i = 0; i < count; i++) rings.push(kinds[kind](`r${String(i)}`, store))
    const each = ((await heap()) - before) / count
    expect(rings).toHaveLength(50 + count)
    expect(each).toBeLessThanOrEqual(most * 1024)
    expect(each).toBeGreaterThan(1024) // they were counted
  })
})

describe('the files that a miss enters', () => {
  const session = new Session()
  beforeAll(async () => {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  })
  afterAll(() => session.disconnect())

  /** The files of `src` in which a function was called. */
  const entered = async (call: () => Promise<unknown>): Promise<ReadonlyArray<string>> => {
    await session.post('Profiler.takePreciseCoverage') // the counts begin again
    await call()
    const { result } = await session.post('Profiler.takePreciseCoverage')
    return result.flatMap(({ functions, url }) => {
      const [, file] = /^(?!.*node_modules).*\/src\/(.*)$/.exec(url) ?? []
      return file !== undefined && functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0) ? [file] : []
    })
  }
  const inEngine = (files: ReadonlyArray<string>): ReadonlyArray<string> =>
    files.filter((file) => file.startsWith('engine/'))

  it.each([
    ['plain', 'over dict', 21, 33],
    ['leased and tagged', 'behind promises', 31, 54]
  ] as const)(
    'of a ring that is %s, %s: %d of the engine, %d in all',
    async (kind, where, mostInEngine, most) => {
      const one = kinds[kind]('user', stores[where]())
      await one(1)()
      const files = await entered(one(2))
      expect(inEngine(files).length).toBeLessThanOrEqual(mostInEngine)
      expect(files.length).toBeLessThanOrEqual(most)
    }
  )
})
