/**
 * The laws of stores that cannot do everything: one that is sound passes all of them, one with a fault does not. And what
 * the laws say of a fault.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { extend } from '../../src/base/extend'
import * as D from '../../src/Duration'
import { StoreError, storeFailed } from '../../src/RingError'
import type { Entry, Leasing, Store } from '../../src/Store'
import { around, batched, timed } from '../../src/Store'
import { dict } from '../../src/stores/memory/dict'
import { lru } from '../../src/stores/memory/lru'
import {
  byChance,
  bytes,
  faulty,
  hangs,
  type Laws,
  seeded,
  storeLaws,
  type StoreLawsOptions,
  testClock,
  texts
} from '../../src/testing'
import { brokenOf } from './broken'

type Value = string | undefined
type Good = Store<Value> & Leasing<Value>
type Plant = (good: Good) => Partial<Good>

const values: fc.Arbitrary<Value> = fc.oneof(fc.string({ maxLength: 5 }), fc.constant(undefined))
const extremes: ReadonlyArray<Value> = [undefined, '', 'x'.repeat(70_000)]

const refused = (operation: 'read' | 'readMany' | 'clear') =>
  new StoreError(operation, 'refused', 'it does not do that')

const sound: Plant = () => ({})

// -------------------------------------------------------------------------------------
// kinds
// -------------------------------------------------------------------------------------

interface Kind {
  readonly options: Partial<StoreLawsOptions<Value>>
  /** What makes it of that kind. */
  readonly as: (good: Good) => Good
  readonly faults: Readonly<Record<string, readonly [law: string, plant: Plant]>>
}

type Reads = Pick<Good, 'read' | 'readMany'>

/** What is there is refused. */
const untold = (good: Good): Reads & Pick<Good, 'lifetime'> => ({
  lifetime: 'hidden',
  read: (key) =>
    pipe(
      good.read(key),
      TE.chainEitherK((found) => (O.isSome(found) ? E.left(refused('read')) : E.right(found)))
    ),
  readMany: (keys) =>
    pipe(
      good.readMany(keys),
      TE.chainEitherK((found) => (found.some(O.isSome) ? E.left(refused('readMany')) : E.right(found)))
    )
})

const hides = (good: Good): Good => extend<Good, Partial<Good>>(withoutPeeks(good), untold(good))

const withoutPeeks = (good: Good): Good => extend<Good, Partial<Good>>(good, {}, ['peekEntry'])

const failed = (operation: 'read' | 'clear') => TE.left(storeFailed(operation)('no'))

const kinds: Readonly<Record<string, Kind>> = {
  'hides lifetimes': {
    options: { lifetime: 'hidden' },
    as: hides,
    faults: {
      'read tells what is there': [
        'law 2:',
        (good) => ({ read: dict<Value>({ map: good.backend as never }).read })
      ],
      'read of a miss is refused': ['law 2:', () => ({ read: () => TE.left(refused('read')) })],
      'readMany of misses is refused': ['law 2:', () => ({ readMany: () => TE.left(refused('readMany')) })],
      'read of what is there is a failure': [
        'law 2:',
        (good) => ({ read: (key) => TE.chain((is) => (is ? failed('read') : good.read(key)))(good.has(key)) })
      ],
      'read of what is there is a miss': ['law 2:', () => ({ read: () => TE.right(O.none) })],
      'readMany makes misses of what it cannot tell': [
        'law 12:',
        () => ({ readMany: (keys) => TE.right(keys.map(() => O.none)) })
      ],
      'readMany refuses what is over': [
        'law 17: an entry is gone',
        (good) => {
          const written = new Set<string>()
          return {
            set: (key, value, ttl) => {
              written.add(key)
              return good.set(key, value, ttl)
            },
            readMany: (keys) =>
              keys.some((key) => written.has(key)) ? TE.left(refused('readMany')) : good.readMany(keys)
          }
        }
      ],
      'touch does not lengthen a lifetime': [
        'law 17: an entry that was touched',
        (good) => ({ touch: (key, ttl) => (ttl > 0 ? good.has(key) : good.touch(key, ttl)) })
      ],
      'it tells by peekEntry': [
        'law 31',
        (good) => ({ peekEntry: () => undefined, peek: (key) => good.peek?.(key) })
      ],
      'it says that it keeps none': ['law 31', () => ({ lifetime: 'none' })]
    }
  },
  'does not clear': {
    options: { clears: false },
    as: (good) => extend<Good, Partial<Good>>(good, { clear: () => TE.left(refused('clear')) }),
    faults: {
      'clear pretends': ['law 35', () => ({ clear: () => TE.right(undefined) })],
      'clear fails': ['law 35', () => ({ clear: () => failed('clear') })],
      'clear removes, and refuses': [
        'law 35',
        (good) => ({
          clear: (prefix) => {
            const keys = Array.from((good.backend as ReadonlyMap<string, unknown>).keys())
            const found = keys.filter((key) => key.startsWith(prefix))
            return TE.chain(() => TE.left(refused('clear')))(good.deleteMany(found))
          }
        })
      ],
      'entries do not expire': [
        'law 17: an entry is gone',
        (good) => ({ set: (key, value) => good.set(key, value, D.forever) })
      ]
    }
  },
  'hides lifetimes and does not clear': {
    options: { lifetime: 'hidden', clears: false },
    as: (good) => extend<Good, Partial<Good>>(hides(good), { clear: () => TE.left(refused('clear')) }),
    faults: { 'clear pretends': ['law 35', () => ({ clear: () => TE.right(undefined) })] }
  },
  'is bounded': {
    options: { max: 100 },
    as: (good) => good,
    faults: {
      'it stores a half of what it has room for': [
        'law 12: a bulk of thousands',
        (good) => ({ setMany: (entries) => good.setMany(entries.slice(0, 50)) })
      ],
      'it clears a half of what it has room for': [
        'law 35: clear finds',
        (good) => ({
          clear: (prefix) => {
            const keys = Array.from((good.backend as ReadonlyMap<string, unknown>).keys())
            return good.deleteMany(keys.filter((key) => key.startsWith(prefix)).slice(0, 20))
          }
        })
      ]
    }
  }
}

const lawsOf = (
  { as, options }: Kind,
  plant: Plant = sound,
  given: Partial<StoreLawsOptions<Value>> = {}
): Laws => {
  const clock = testClock(1_000)
  const made: Good =
    options.max === undefined ? dict<Value>({ clock }) : lru<Value>({ max: options.max, clock })
  const good = as(made)
  const store = extend<Good, Partial<Good>>(good, plant(good))
  return storeLaws(() => store, { values, extremes, leases: true, clock, ...options, ...given })
}

for (const [name, kind] of Object.entries(kinds)) {
  describe(`of a store that ${name} the laws catch`, () => {
    for (const [fault, [law, plant]] of Object.entries(kind.faults)) {
      test(fault, async () => expect(await brokenOf(lawsOf(kind, plant), law)).not.toEqual([]), 30_000)
    }

    test('nothing, where it is sound', async () => expect(await brokenOf(lawsOf(kind))).toEqual([]), 30_000)

    test('that nobody told them of it', async () => {
      const { clears: _, lifetime: __, max: ___, ...rest } = kind.options
      const laws = lawsOf({ ...kind, options: rest, as: kind.as })
      const bounded = kind.options.max === undefined ? laws : lawsOf(kind, sound, { max: 10_000 })
      expect(await brokenOf(bounded)).not.toEqual([])
    }, 30_000)
  })
}

test('a store that tells lifetimes is no hidden one, and one that clears is not one that does not', async () => {
  const clock = testClock()
  const laws = (given: Partial<StoreLawsOptions<Value>>) =>
    storeLaws(() => dict<Value>({ clock }), { values, clock, leases: true, ...given })
  expect(await brokenOf(laws({ lifetime: 'hidden' }), 'law 31')).toHaveLength(1)
  expect(await brokenOf(laws({ lifetime: false }), 'law 31')).toHaveLength(1)
  expect(await brokenOf(laws({ clears: false }), 'law 35')).toHaveLength(1)
})

test('reads of one tick are not read together where what is there is refused', async () => {
  const { leases: _, ...good } = hides(dict<Value>())
  const store = batched()(good)
  expect(
    await brokenOf(
      storeLaws(() => store, { values, lifetime: 'hidden' }),
      'laws 2'
    )
  ).toEqual([])
})

// -------------------------------------------------------------------------------------
// by a real clock
// -------------------------------------------------------------------------------------

describe('by a real clock the laws catch', () => {
  const slowly = (plant: Plant = sound): Laws => {
    const slow = faulty(byChance(seeded(1), { most: D.milliseconds(2) }))(dict<Value>())
    return storeLaws(() => extend<Good, Partial<Good>>(slow, plant(slow)), {
      values,
      leases: true,
      numRuns: 3
    })
  }

  /** As Redis does it for a client that has neither `PEXPIRE` nor a script. */
  const twoSteps: Plant = (good) => ({
    touch: (key, ttl) =>
      pipe(
        good.get(key),
        TE.chain((found) =>
          O.isNone(found) ? TE.right(false) : TE.map(() => true)(good.set(key, found.value, ttl))
        )
      )
  })

  test('a touch in two steps', async () => {
    expect(await brokenOf(slowly(twoSteps), 'law 10: what is deleted')).toHaveLength(1)
    expect(await brokenOf(slowly(twoSteps), 'law 11: touch changes no')).toHaveLength(1)
  }, 30_000)

  test('a bulk operation that finds what is over', async () => {
    const never: Plant = (good) => {
      const written = new Map<string, Value>()
      return {
        setMany: (entries) => {
          for (const [key, value] of entries) written.set(key, value)
          return good.setMany(entries)
        },
        hasMany: (keys) => TE.right(keys.map((key) => written.has(key)))
      }
    }
    expect(await brokenOf(slowly(never), 'law 17: an entry is gone')).toHaveLength(1)
  }, 30_000)

  test('nothing in a good store', async () => {
    expect(await brokenOf(slowly(), 'law 1')).toEqual([])
  }, 60_000)
})

// -------------------------------------------------------------------------------------
// stores whose backend never answers
// -------------------------------------------------------------------------------------

describe('over a backend that never answers the laws catch', () => {
  const late = D.milliseconds(50)
  const silent = (): Good => timed(late)(faulty(() => () => hangs)(dict<Value>()))
  const forHung = (plant: Plant = sound, given: Partial<StoreLawsOptions<Value>> = {}): Laws => {
    const hung = () => {
      const good = silent()
      return extend<Good, Partial<Good>>(good, plant(good))
    }
    return storeLaws(() => dict<Value>(), { values, leases: true, hung, ...given }).filter(({ name }) =>
      name.startsWith('law 26')
    )
  }
  const timeout = (operation: 'get' | 'has') => new StoreError(operation, 'timeout', 'no answer in time')
  const faults: Readonly<Record<string, Plant>> = {
    'a read is a miss': () => ({ get: () => TE.right(O.none) }),
    'what is late has failed': () => ({ set: () => TE.left(storeFailed('set')('socket timeout')) }),
    'an operation answers when its deadline is long over': () => ({
      has: () => () => new Promise((resolve) => setTimeout(resolve, 1_500, E.left(timeout('has'))))
    }),
    'an operation hangs': () => ({ deleteMany: () => () => new Promise(() => undefined) }),
    'the left is of another operation': () => ({ getMany: () => TE.left(timeout('get')) }),
    'clear is refused': () => ({ clear: () => TE.left(refused('clear')) })
  }
  for (const [fault, plant] of Object.entries(faults)) {
    test(fault, async () => expect(await brokenOf(forHung(plant))).toHaveLength(1))
  }

  test('that there is no deadline', async () => {
    const hung = () => faulty(() => () => hangs)(dict<Value>())
    expect(await brokenOf(forHung(sound, { hung }))).toHaveLength(1)
  })

  test('nothing in a good store, nor in one that does not clear', async () => {
    expect(await brokenOf(forHung())).toEqual([])
    const clearless = () => extend<Good, Partial<Good>>(silent(), { clear: () => TE.left(refused('clear')) })
    expect(await brokenOf(forHung(sound, { hung: clearless, clears: false }))).toEqual([])
    expect(await brokenOf(forHung(sound, { clears: false }))).toHaveLength(1)
  })
})

// -------------------------------------------------------------------------------------
// what they say
// -------------------------------------------------------------------------------------

/** What the laws say whose names have that part. */
const saidOf = async (laws: Laws, part: string): Promise<ReadonlyArray<string>> => {
  const said: Array<string> = []
  for (const { run } of laws.filter((law) => law.name.includes(part))) {
    await run().catch((cause: unknown) => said.push(cause instanceof Error ? cause.message : String(cause)))
  }
  return said
}

describe('a law that is broken says where', () => {
  const secret = 'hunter2'
  const secrets = (plant: Plant): Laws => {
    const clock = testClock(1)
    const good = dict<Value>({ clock })
    return storeLaws(() => extend<Good, Partial<Good>>(good, plant(good)), {
      values: fc.constantFrom(`${secret}!`, `another ${secret}`),
      extremes: [`${secret} `.repeat(100)],
      clock,
      leases: true,
      numRuns: 20,
      seed: 1
    })
  }
  const faults: Readonly<Record<string, readonly [law: string, plant: Plant, said: RegExp]>> = {
    'a miss': [
      'law 2: the smallest',
      () => ({ get: () => TE.right(O.none) }),
      /^get\('extreme 0'\), after set: none, expected some \(800 characters\)$/
    ],
    'a value that is cut': [
      'law 2: the smallest',
      (good) => ({ get: (key) => TE.map(O.map((value: Value) => value?.slice(0, 10)))(good.get(key)) }),
      /^get\('extreme 0'\), after set: another value \(10 characters\), expected some \(800 characters\)$/
    ],
    'the key of many, and its place': [
      'law 12: the bulk',
      (good) => ({ getMany: (keys) => good.getMany([...keys].sort()) }),
      /getMany\(\['\d+', '\d+'.*?\]\)\[\d\], after setMany: .*, expected /
    ],
    'how many answers there were': [
      'law 12: the bulk',
      (good) => ({ hasMany: (keys) => good.hasMany([...new Set(keys)]) }),
      /hasMany\(\['(\d+)', '\1'\]\), after \w+: 1 answers, expected 2/
    ],
    'the key of thousands': [
      'law 12: a bulk of thousands',
      (good) => ({
        getMany: (keys) =>
          TE.map((all: ReadonlyArray<O.Option<Value>>) => all.map((one, i) => (i < 500 ? one : O.none)))(
            good.getMany(keys)
          )
      }),
      /^getMany\(2503 keys\)\[500\] of '500', after setMany: none, expected some \(\d+ characters\)$/
    ],
    'a key as it is': [
      'law 2: no key',
      (good) => ({ set: (key, value, ttl) => good.set(key.replace('\r\n', ''), value, ttl) }),
      /^getMany\(\d+ keys\)\[\d+\] of 'a\\r\\nset pwned 1', after set of all: none, expected/
    ],
    'how much is left': [
      'law 17: what is left of a lifetime',
      (good) => ({
        read: (key) =>
          TE.map(O.map((entry: Entry<Value>) => ({ ...entry, remaining: D.hours(9) })))(good.read(key))
      }),
      /^read\('one'\), after set: 32400000 ms left, expected 30000$/
    ],
    'what is there, and should not be': [
      'law 10: what is deleted',
      () => ({ delete: () => TE.right(undefined) }),
      /^get\('key'\), after touch, and delete beside it: some \(\d+ characters\), expected none$/
    ],
    'an answer that is missing': [
      'law 2: the smallest',
      () => ({ get: () => TE.right(undefined as never) }),
      /^get\('extreme 0'\), after set: no answer, expected some \(800 characters\)$/
    ],
    'what is no Option': [
      'law 2: the smallest',
      () => ({ getMany: (keys) => TE.right(keys.map(() => null as never)) }),
      /^getMany\(\['extreme 0'\]\)\[0\], after setMany: no Option, expected some \(800 characters\)$/
    ],
    'what failed, and why': [
      'law 10: deleting',
      () => ({ has: () => TE.left(new StoreError('has', 'refused', 'not today')) }),
      /^has\('key'\), after delete is a left, refused: has: not today$/
    ]
  }
  for (const [name, [law, plant, expected]] of Object.entries(faults)) {
    test(name, async () => {
      const said = await saidOf(secrets(plant), law)
      expect(said).toEqual([expect.stringMatching(expected)])
      expect(said.join()).not.toContain(secret)
    })
  }
})

// -------------------------------------------------------------------------------------
// values
// -------------------------------------------------------------------------------------

describe('the values of the kit', () => {
  test('texts are for a store of strings, and find one that keeps no more than ASCII', async () => {
    const clock = testClock(1)
    const options = { ...texts, clock, leases: true }
    expect(await brokenOf(storeLaws(() => dict<string>({ clock }), options))).toEqual([])
    const ascii = dict<string>({ clock })
    const set: typeof ascii.set = (key, value, ttl) =>
      ascii.set(key, Buffer.from(value, 'latin1').toString('latin1'), ttl)
    expect(
      await brokenOf(
        storeLaws(() => ({ ...ascii, set }), options),
        'law 2: the smallest'
      )
    ).toHaveLength(1)
    expect(texts.extremes.every((text) => Buffer.from(text).toString() === text)).toBe(true)
  })

  test('bytes are for a store of Buffers where they are made to be', async () => {
    const clock = testClock(1)
    const buffers: StoreLawsOptions<Buffer> = {
      values: bytes.values.map((value) => Buffer.from(value)),
      extremes: bytes.extremes.map((value) => Buffer.from(value))
    }
    const laws = storeLaws(() => dict<Buffer>({ clock }), { ...buffers, clock, leases: true })
    expect(await brokenOf(laws, 'law 2')).toEqual([])
  })
})

test('a store that is down may have a breaker that says so', async () => {
  const open = around((operation) => TE.left(new StoreError(operation, 'open', 'the breaker is open')))
  const laws = storeLaws(() => dict<Value>(), { values, leases: true, broken: () => open(dict<Value>()) })
  expect(await brokenOf(laws, 'is down')).toEqual([])
})
