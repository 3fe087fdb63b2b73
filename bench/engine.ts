/**
 * What a call of a ring in memory costs, beside seven rings of other kinds that are used in the same process, against what
 * a programmer would write by hand around the same cache. The code by hand has neither single flight nor any guarantee.
 */
import assert from 'node:assert'

import { dict, Duration, noop, Policy, ring } from 'fp-ring'
import { lru } from 'fp-ring/lru'
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { compare, type Loop, type Row, rowsOf, type Samples, type Scenario } from './harness'

const count = 10_000
const hour = Duration.hours(1)

interface Value {
  readonly id: number
}

const load = (id: number): TE.TaskEither<Error, Value> => TE.right({ id })
const ttl = Policy.ttl(hour)
const tags = (id: number): ReadonlyArray<string> => ['all', `shard ${String(id % 10)}`]
const windows = Policy.policy(ttl, Policy.staleWhileRevalidate(hour), Policy.staleIfError(hour))

// -------------------------------------------------------------------------------------
// by hand
// -------------------------------------------------------------------------------------

const byHand = (): ((id: number) => Promise<Value>) => {
  const cache = new LRUCache<string, Value>({ max: count, ttl: hour })
  return async (id) => {
    const key = `user:${String(id)}`
    const hit = cache.get(key)
    if (hit !== undefined) return hit
    const loaded: Value = await Promise.resolve({ id })
    cache.set(key, loaded)
    return loaded
  }
}

/** The same, with one load for all callers of a key. */
const sharedByHand = (): ((id: number) => Promise<Value>) => {
  const loads = new Map<string, Promise<Value>>()
  const cache = new LRUCache<string, Value>({ max: count, ttl: hour })
  const loaded = async (key: string, id: number): Promise<Value> => {
    try {
      const value: Value = await Promise.resolve({ id })
      cache.set(key, value)
      return value
    } finally {
      loads.delete(key)
    }
  }
  return (id) => {
    const key = `user:${String(id)}`
    const hit = cache.get(key)
    if (hit !== undefined) return Promise.resolve(hit)
    const under = loads.get(key)
    if (under !== undefined) return under
    const promise = loaded(key, id)
    loads.set(key, promise)
    return promise
  }
}

// -------------------------------------------------------------------------------------
// rings
// -------------------------------------------------------------------------------------

/** A ring like those that are measured. */
type One = (id: number) => TE.TaskEither<unknown, Value>

const plain = () => ring(load, { name: 'user', store: lru({ max: count }), policy: ttl })

/** Rings of other kinds, so that what the compiler learns of one is not all that it learns. */
const neighbours = (): ReadonlyArray<One> => [
  ring(load, { name: 'n1', store: dict(), policy: windows }),
  ring(load, { name: 'n2', store: lru({ max: count }), policy: Policy.policy(ttl, Policy.lease()) }),
  ring(load, { name: 'n3', store: dict(), policy: ttl, tags }),
  ring(load, { name: 'n4', store: dict(), policy: Policy.policy(windows, Policy.lease()), tags }),
  ring(load, { name: 'n5', store: lru({ max: count }), policy: ttl, observe: () => () => undefined }),
  ring(load, { name: 'n6', store: noop(), policy: Policy.policy(ttl, Policy.strict) }),
  ring(load, { name: 'n7', store: dict(), policy: Policy.policy(ttl, Policy.timeout(Duration.seconds(5))) })
]

const looping =
  (call: (i: number) => PromiseLike<unknown>): Loop =>
  async (n) => {
    for (let i = 0; i < n; i++) await call(i)
  }

/** Measures pairs, while all the neighbours are used between their samples. */
const beside = async <Name extends string>(
  subjects: Readonly<Record<Name, Loop>>
): Promise<Samples<Name | 'neighbours'>> => {
  const others = neighbours()
  let next = 0
  const used = looping((i) => others[i % others.length]!(i % 7 === 0 ? next++ : i % count)())
  await used(70_000)
  return compare<Name | 'neighbours'>(
    { ...subjects, neighbours: used },
    {
      rounds: 15,
      sampleMs: 15
    }
  )
}

interface Asked {
  readonly scenario: string
  readonly baseline: readonly [name: string, loop: Loop]
  readonly ours: readonly [name: string, loop: Loop]
  readonly target: number | undefined
  readonly parts?: number
}

const rowOf = async ({ baseline, ours, parts = 1, scenario, target }: Asked): Promise<ReadonlyArray<Row>> =>
  rowsOf(await beside({ [baseline[0]]: baseline[1], [ours[0]]: ours[1] }), {
    scenario,
    baseline: baseline[0],
    ours: ours[0],
    parts,
    targets: { cpu: target }
  })

/** Every call asks for a key that was never asked for. */
const fresh = (call: (id: number) => PromiseLike<unknown>): Loop => {
  let next = 0
  return looping(() => call(next++))
}

const warm = async (call: (id: number) => PromiseLike<unknown>): Promise<Loop> => {
  for (let id = 0; id < count; id++) await call(id)
  return looping((i) => call((i * 7919) % count))
}

/** A thousand callers of one cold key. */
const herds = (call: () => (id: number) => PromiseLike<unknown>): Loop => {
  let next = 0
  return looping(() => {
    const id = next++
    const one = call()
    return Promise.all(Array.from({ length: 1_000 }, () => one(id)))
  })
}

/** A hundred thousand keys, asked for in lists of some length. */
const inLists = (length: number, isCold: boolean): Loop => {
  const size = 100_000
  const one = ring(load, { name: 'user', store: lru({ max: 2 * size }), policy: ttl })
  let next = 0
  return looping(async () => {
    if (isCold) next += size
    for (let from = 0; from < size; from += length)
      await one.getOrUpdateMany(Array.from({ length }, (_, i): [number] => [next + from + i]))()
  })
}

const ofRing = (make: () => One): ((id: number) => Promise<unknown>) => {
  const one = make()
  return (id) => one(id)()
}

export const engine: Scenario = async () => {
  const hit = await warm(byHand())
  const ours = await warm(ofRing(plain))
  assert.deepStrictEqual(await plain()(1)(), E.right({ id: 1 }))
  const aged = await warm(
    ofRing(() => ring(load, { name: 'user', store: lru({ max: count }), policy: windows }))
  )
  const observed = await warm(
    ofRing(() =>
      ring(load, { name: 'user', store: lru({ max: count }), policy: ttl, observe: () => () => undefined })
    )
  )
  const commands = plain()
  const shared = ofRing(plain)
  const hand = 'by hand'
  const rows: Array<Row> = []
  const add = async (asked: Asked): Promise<void> => void rows.push(...(await rowOf(asked)))
  await add({ scenario: 'engine: a hit', baseline: [hand, hit], ours: ['ring', ours], target: 1.1 })
  await add({
    scenario: 'engine: a hit with stale windows',
    baseline: ['plain hit', ours],
    ours: ['ring', aged],
    target: 1.3
  })
  await add({
    scenario: 'engine: a hit with an observer',
    baseline: ['plain hit', ours],
    ours: ['ring', observed],
    target: 1.7
  })
  await add({
    scenario: 'engine: a miss',
    baseline: [hand, fresh(byHand())],
    ours: ['ring', fresh(ofRing(plain))],
    target: 2.5
  })
  await add({
    scenario: 'engine: a miss',
    baseline: ['by hand, shared', fresh(sharedByHand())],
    ours: ['ring', fresh(ofRing(plain))],
    target: undefined
  })
  await add({
    scenario: 'engine: a thousand callers of a cold key',
    baseline: [
      'one promise',
      herds(() => {
        let promise: Promise<Value> | undefined
        return (id) => (promise ??= Promise.resolve({ id }))
      })
    ],
    ours: ['ring', herds(() => shared)],
    parts: 1_000,
    target: 3
  })
  await add({
    scenario: 'engine: update',
    baseline: [hand, fresh(byHand())],
    ours: ['ring', looping((i) => commands.update(i % count)())],
    target: undefined
  })
  await add({
    scenario: 'engine: delete',
    baseline: [hand, fresh(byHand())],
    ours: ['ring', looping((i) => commands.delete(i % count)())],
    target: undefined
  })
  for (const isCold of [true, false])
    rows.push(
      ...rowsOf(
        await compare(
          { 'lists of 10': inLists(10, isCold), 'one list': inLists(100_000, isCold) },
          { rounds: 7, sampleMs: 1 }
        ),
        {
          scenario: `engine: 100,000 ${isCold ? 'cold' : 'hot'} keys, each`,
          baseline: 'lists of 10',
          ours: 'one list',
          parts: 100_000,
          targets: { cpu: 1.2 }
        }
      )
    )
  return rows
}
