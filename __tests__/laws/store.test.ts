/** The laws catch what they are for: a store with one fault breaks at least the law that the fault is against. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'

import type { Clock } from '../../src/Clock'
import * as D from '../../src/Duration'
import { extend } from '../../src/internal/extend'
import type { Store } from '../../src/Store'
import { dict } from '../../src/stores/dict'
import { noop } from '../../src/stores/noop'
import { checkStore, storeLaws, type StoreLawsOptions } from './store'

type Value = string | undefined

const values: fc.Arbitrary<Value> = fc.oneof(fc.string({ maxLength: 5 }), fc.constant(undefined))

const fake = (): { readonly clock: Clock; readonly wait: (ms: number) => Promise<void> } => {
  let now = 1_000
  return { clock: { now: () => now }, wait: async (ms) => void (now += ms) }
}

const time = fake()
const options: StoreLawsOptions<Value> = { values, extremes: [undefined, ''], wait: time.wait, instant: true }

storeLaws('dict', () => dict<Value>({ clock: time.clock }), options)
storeLaws('noop', () => noop<Value>(), { ...options, keeps: false })

type Good = Store<Value>

/** The fault, and a part of the titles of the laws of which at least one must break. */
const faults: Readonly<Record<string, readonly [law: string, plant: (good: Good) => Partial<Good>]>> = {
  'undefined is a miss': [
    'law 2:',
    (good) => ({
      get: (key) => async () => {
        const answer = await good.get(key)()
        return answer._tag === 'Right' && answer.right._tag === 'Some' && answer.right.value === undefined
          ? { _tag: 'Right', right: { _tag: 'None' } }
          : answer
      }
    })
  ],
  'keys are trimmed': [
    'law 2: no key',
    (good) => ({ set: (key, value, ttl) => good.set(key.trim(), value, ttl) })
  ],
  'keys are normalized': [
    'law 2: no key',
    (good) => ({
      get: (key) => good.get(key.normalize()),
      set: (key, value, ttl) => good.set(key.normalize(), value, ttl)
    })
  ],
  'keys are cut at 250': [
    'law 2: no key',
    (good) => ({
      get: (key) => good.get(key.slice(0, 250)),
      set: (key, value, ttl) => good.set(key.slice(0, 250), value, ttl)
    })
  ],
  'keys go through UTF-8 unchecked': [
    'lone surrogate',
    (good) => {
      const utf8 = (key: string): string => Buffer.from(key).toString()
      return { get: (key) => good.get(utf8(key)), set: (key, value, ttl) => good.set(utf8(key), value, ttl) }
    }
  ],
  'delete of what is absent fails': [
    'law 10',
    (good) => ({
      delete: (key) => async () => {
        const there = await good.has(key)()
        if (there._tag === 'Right' && !there.right) throw new Error('no such key')
        return good.delete(key)()
      }
    })
  ],
  'touch makes an entry': [
    'law 11',
    (good) => ({
      touch: (key, ttl) => async () => {
        await good.set(key, '', ttl)()
        return { _tag: 'Right', right: true }
      }
    })
  ],
  'touch does not renew': ['law 11', (good) => ({ touch: (key) => good.has(key) })],
  'touch forever says what PERSIST says': [
    'law 11',
    (good) => ({
      touch: (key, ttl) => async () => {
        const before = await good.read(key)()
        const touched = await good.touch(key, ttl)()
        return ttl === D.forever &&
          before._tag === 'Right' &&
          before.right._tag === 'Some' &&
          touched._tag === 'Right'
          ? { _tag: 'Right', right: before.right.value.remaining !== D.forever }
          : touched
      }
    })
  ],
  'getMany drops duplicates': ['law 12', (good) => ({ getMany: (keys) => good.getMany([...new Set(keys)]) })],
  'getMany sorts': ['law 12', (good) => ({ getMany: (keys) => good.getMany([...keys].sort()) })],
  'getMany drops misses': [
    'law 12',
    (good) => ({
      getMany: (keys) => async () => {
        const answers = await good.getMany(keys)()
        return answers._tag === 'Left'
          ? answers
          : { _tag: 'Right', right: answers.right.filter(({ _tag }) => _tag === 'Some') }
      }
    })
  ],
  'the first of two entries wins': [
    'law 12',
    (good) => ({ setMany: (entries) => good.setMany([...entries].reverse()) })
  ],
  'touchMany forgets that it removed': [
    'law 12',
    (good) => ({
      touchMany: (entries) => async () => {
        const there = await good.hasMany(entries.map(([key]) => key))()
        await good.touchMany(entries)()
        return there
      }
    })
  ],
  'nothing asked is an error': [
    'law 12: nothing',
    (good) => ({
      getMany: (keys) => async () => {
        if (keys.length === 0) throw new Error('wrong number of arguments')
        return good.getMany(keys)()
      }
    })
  ],
  'set runs where it is made': [
    'law 13',
    (good) => ({
      set: (key, value, ttl) => {
        const once = good.set(key, value, ttl)()
        return () => once
      }
    })
  ],
  'remaining is the whole lifetime in seconds': [
    'law 17',
    (good) => ({
      set: (key, value, ttl) => good.set(key, value, ttl === D.forever ? ttl : D.milliseconds(ttl / 1_000))
    })
  ],
  'a long lifetime overflows': [
    'law 17',
    (good) => ({
      set: (key, value, ttl) =>
        good.set(key, value, ttl === D.forever || ttl < 2 ** 31 ? ttl : D.milliseconds(2 ** 31 - 1))
    })
  ],
  'a lifetime of more than 30 days is a date': [
    'law 17',
    (good) => ({
      set: (key, value, ttl) => good.set(key, value, ttl > D.days(30) && ttl !== D.forever ? D.zero : ttl)
    })
  ],
  'entries do not expire': ['law 17', (good) => ({ set: (key, value) => good.set(key, value, D.forever) })],
  'zero is for ever': [
    'law 18',
    (good) => ({ set: (key, value, ttl) => good.set(key, value, ttl > 0 ? ttl : D.forever) })
  ],
  'zero leaves what was there': [
    'law 18',
    (good) => ({
      set: (key, value, ttl) =>
        ttl > 0 ? good.set(key, value, ttl) : async () => ({ _tag: 'Right', right: undefined })
    })
  ],
  'clear is by the name before the colon': [
    'law 35',
    (good) => ({ clear: (prefix) => good.clear(prefix.replace(/:$/, '')) })
  ],
  'clear takes its prefix for a pattern': [
    'law 35',
    (good) => ({
      clear: (prefix) => good.clear(prefix.replace(/[*?[\\].*$/s, ''))
    })
  ],
  'clear removes everything': ['law 35', (good) => ({ clear: () => good.clear('') })],
  'clear removes nothing': [
    'law 35',
    () => ({ clear: () => async () => ({ _tag: 'Right', right: undefined }) })
  ],
  'peek shows what was there before': [
    'law 10',
    (good) => {
      const seen = new Map<string, Value>()
      return {
        set: (key, value, ttl) => {
          seen.set(key, value)
          return good.set(key, value, ttl)
        },
        peek: (key) => seen.get(key)
      }
    }
  ],
  'hasMany is the other way round': [
    'law 12',
    (good) => ({ hasMany: (keys) => good.hasMany([...keys].reverse()) })
  ]
}

const broken = async (
  store: Good,
  law: string,
  wait: (ms: number) => Promise<void>
): Promise<ReadonlyArray<string>> => {
  const titles = Object.keys(checkStore).filter((title) => title.includes(law))
  const found: Array<string> = []
  for (const title of titles) {
    await checkStore[title]?.(store, { ...options, wait }).catch(() => found.push(title))
  }
  return found
}

describe('the laws of a store catch', () => {
  for (const [fault, [law, plant]] of Object.entries(faults)) {
    test(fault, async () => {
      const { clock, wait } = fake()
      const good = dict<Value>({ clock })
      expect(await broken(extend<Good, Partial<Good>>(good, plant(good)), law, wait)).not.toEqual([])
    })
  }

  test('nothing in a good store', async () => {
    const { clock, wait } = fake()
    expect(await broken(dict<Value>({ clock }), '', wait)).toEqual([])
  })

  test('a store that keeps no lifetime and does not refuse one', async () => {
    const store = dict<Value>()
    const law = Object.keys(checkStore).find((title) => title.includes('keeps no lifetime')) ?? ''
    await expect(checkStore[law]?.(store, { ...options, lifetime: false })).rejects.toThrow('not refused')
  })
})
