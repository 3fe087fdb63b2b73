/** The laws catch what they are for: a store with one fault breaks at least the law that the fault is against. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import { LRUCache } from 'lru-cache'

import { extend } from '../../src/base/extend'
import type { Clock } from '../../src/Clock'
import * as D from '../../src/Duration'
import { StoreError, storeFailed } from '../../src/RingError'
import type { Acquired, Entry, Leases, Leasing, Store } from '../../src/Store'
import { around, tiered } from '../../src/Store'
import { dict } from '../../src/stores/memory/dict'
import { lru } from '../../src/stores/memory/lru'
import { noop } from '../../src/stores/memory/noop'
import { type Laws, storeLaws, type StoreLawsOptions, testClock } from '../../src/testing'
import { brokenOf } from './broken'

type Value = string | undefined

const values: fc.Arbitrary<Value> = fc.oneof(fc.string({ maxLength: 5 }), fc.constant(undefined))

const options: StoreLawsOptions<Value> = {
  values,
  extremes: [undefined, '', 'x'.repeat(70_000)],
  leases: true
}

type Good = Store<Value> & Leasing<Value>

/** A fault of leases: some of their functions are others. */
const leasesWith =
  (plant: (good: Leases<Value>, store: Good) => Partial<Leases<Value>>) =>
  (good: Good): Partial<Good> => ({ leases: { ...good.leases, ...plant(good.leases, good) } })

const minute = D.minutes(1)

/** For stores that do not reckon how old an entry is. */
const wholeLives = () => {
  const lives = new Map<string, D.Duration>()
  return {
    note:
      (good: Good): Good['setMany'] =>
      (entries) => {
        for (const [key, , ttl] of entries) lives.set(key, ttl)
        return good.setMany(entries)
      },
    whole:
      (key: string) =>
      (entry: Entry<Value>): Entry<Value> => ({ ...entry, remaining: lives.get(key) ?? entry.remaining })
  }
}

/** A renewal in two steps, with a trip in between. */
const inTwoSteps = (good: Good) => (key: string, ttl: D.Duration) => async (): Promise<boolean> => {
  const found = await good.get(key)()
  await Promise.resolve()
  if (found._tag === 'Left' || O.isNone(found.right)) return false
  await good.set(key, found.right.value, ttl)()
  return true
}

const twoStepTouch = (good: Good): Partial<Good> => ({
  touch: (key, ttl) => TE.fromTask(inTwoSteps(good)(key, ttl))
})

const twoStepTouchMany = (good: Good): Partial<Good> => ({
  touchMany: (entries) =>
    TE.fromTask(() => Promise.all(entries.map(([key, ttl]) => inTwoSteps(good)(key, ttl)())))
})

/** A store that removes nothing when it is over: what it still has, and no more says. */
const ghosts = (good: Good) => {
  const seen = new Map<string, Value>()
  const set: Good['set'] = (key, value, ttl) => {
    seen.set(key, value)
    return good.set(key, value, ttl)
  }
  const setMany: Good['setMany'] = (entries) => {
    for (const [key, value] of entries) seen.set(key, value)
    return good.setMany(entries)
  }
  const revive = (key: string) => good.set(key, seen.get(key), minute)
  return { writes: { set, setMany }, isGhost: (key: string) => seen.has(key), revive }
}

/** What is asked of the first 500 keys, and the rest is answered with this. */
const firstOf =
  <A, B>(ask: (keys: ReadonlyArray<A>) => TE.TaskEither<StoreError, ReadonlyArray<B>>, rest: B) =>
  (keys: ReadonlyArray<A>): TE.TaskEither<StoreError, ReadonlyArray<B>> =>
    TE.map((answers: ReadonlyArray<B>) => keys.map((_, i) => answers[i] ?? rest))(ask(keys.slice(0, 500)))

const tooMany =
  <A, B>(operation: 'getMany' | 'touchMany', ask: (keys: ReadonlyArray<A>) => TE.TaskEither<StoreError, B>) =>
  (keys: ReadonlyArray<A>): TE.TaskEither<StoreError, B> =>
    keys.length > 500 ? TE.left(storeFailed(operation)('too many')) : ask(keys)

/** For a store that counts seconds, and says one that has begun as a whole one. */
const inSeconds = (entry: Entry<Value>): Entry<Value> => ({
  ...entry,
  remaining: entry.remaining === D.forever ? D.forever : D.seconds(Math.ceil(entry.remaining / 1_000))
})

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
  'long values are cut': [
    'law 2: the smallest',
    (good) => ({ set: (key, value, ttl) => good.set(key, value?.slice(0, 65_535), ttl) })
  ],
  'read says the whole of a lifetime': [
    'law 17: less',
    (good) => {
      const { note, whole } = wholeLives()
      return { setMany: note(good), read: (key) => TE.map(O.map(whole(key)))(good.read(key)) }
    }
  ],
  'peekEntry says the whole of a lifetime': [
    'law 17: less',
    (good) => {
      const { note, whole } = wholeLives()
      return {
        setMany: note(good),
        peekEntry: (key) => {
          const entry = good.peekEntry?.(key)
          return entry === undefined ? entry : whole(key)(entry)
        }
      }
    }
  ],
  'what is left is rounded up to a second': [
    'law 17: what is left is never more',
    (good) => ({ read: (key) => TE.map(O.map(inSeconds))(good.read(key)) })
  ],
  'readMany rounds what is left up to a second': [
    'law 17: what is left is never more',
    (good) => ({
      readMany: (keys) =>
        TE.map((all: ReadonlyArray<O.Option<Entry<Value>>>) => all.map(O.map(inSeconds)))(good.readMany(keys))
    })
  ],
  'peekEntry says a millisecond more': [
    'law 17: what is left is never more',
    (good) => ({
      peekEntry: (key) => {
        const entry = good.peekEntry?.(key)
        return entry === undefined
          ? entry
          : { ...entry, remaining: D.sum(entry.remaining, D.milliseconds(1)) }
      }
    })
  ],
  'a lifetime of 32 bits and more overflows, and is over at once': [
    'law 17: what is left is never more',
    (good) => ({
      set: (key, value, ttl) =>
        good.set(key, value, ttl === D.forever || ttl < 2 ** 31 ? ttl : D.milliseconds(ttl | 0))
    })
  ],
  'the longest lifetime is refused': [
    'law 17: what is left is never more',
    (good) => ({
      touch: (key, ttl) =>
        ttl === Number.MAX_SAFE_INTEGER ? TE.left(storeFailed('touch')('out of range')) : good.touch(key, ttl)
    })
  ],
  'acquire says that a lease has more left than was asked for': [
    'law 25: what is left of a lease',
    leasesWith((good) => ({
      acquire: (...args) =>
        TE.map(
          (acquired: Acquired<Value>): Acquired<Value> =>
            acquired._tag === 'Busy'
              ? { ...acquired, remaining: D.sum(acquired.remaining, D.milliseconds(1)) }
              : acquired
        )(good.acquire(...args))
    }))
  ],
  'acquire rounds what is left of an entry up to a second': [
    'law 25: what is left of a lease',
    leasesWith((good) => ({
      acquire: (...args) =>
        TE.map(
          (acquired: Acquired<Value>): Acquired<Value> =>
            acquired._tag === 'Found' ? { ...acquired, entry: inSeconds(acquired.entry) } : acquired
        )(good.acquire(...args))
    }))
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
  'touch reads, then writes, and brings back what was deleted': ['law 10: what is deleted', twoStepTouch],
  'touch reads, then writes, and brings back the old value': ['law 11: touch changes no', twoStepTouch],
  'touchMany reads, then writes, and brings back what was deleted': [
    'law 10: what is deleted',
    twoStepTouchMany
  ],
  'touchMany reads, then writes, and brings back the old value': [
    'law 11: touch changes no',
    twoStepTouchMany
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
  'setMany stores the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({ setMany: (entries) => good.setMany(entries.slice(0, 500)) })
  ],
  'deleteMany removes the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({ deleteMany: (keys) => good.deleteMany(keys.slice(0, 500)) })
  ],
  'getMany finds the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({ getMany: firstOf(good.getMany, O.none) })
  ],
  'readMany finds the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({ readMany: firstOf(good.readMany, O.none) })
  ],
  'hasMany finds the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({ hasMany: firstOf(good.hasMany, false) })
  ],
  'touchMany touches the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({ touchMany: firstOf(good.touchMany, false) })
  ],
  'touchMany says that it touched them all, and touched the first 500': [
    'law 12: a bulk of thousands',
    (good) => ({
      touchMany: (entries) => async () => {
        await good.touchMany(entries.slice(0, 500))()
        return good.hasMany(entries.map(([key]) => key))()
      }
    })
  ],
  'getMany of more than 500 is a failure': [
    'law 12: a bulk of thousands',
    (good) => ({ getMany: tooMany('getMany', good.getMany) })
  ],
  'touchMany of more than 500 is a failure': [
    'law 12: a bulk of thousands',
    (good) => ({ touchMany: tooMany('touchMany', good.touchMany) })
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
  'setMany stores for ever': [
    'law 17: an entry is gone',
    (good) => ({ setMany: (entries) => good.setMany(entries.map(([key, value]) => [key, value, D.forever])) })
  ],
  'touch does not shorten a lifetime': [
    'law 17: an entry is gone',
    (good) => ({ touch: (key, ttl) => (ttl > 0 && ttl < minute ? good.has(key) : good.touch(key, ttl)) })
  ],
  'touchMany does not shorten a lifetime': [
    'law 17: an entry is gone',
    (good) => ({
      touchMany: (entries) =>
        good.touchMany(entries.map(([key, ttl]) => [key, ttl > 0 && ttl < minute ? minute : ttl]))
    })
  ],
  'touch does not lengthen a lifetime': [
    'law 17: an entry that was touched',
    (good) => ({ touch: (key, ttl) => (ttl > 0 ? good.has(key) : good.touch(key, ttl)) })
  ],
  'touchMany does not lengthen a lifetime': [
    'law 17: an entry that was touched',
    (good) => ({
      touchMany: (entries) =>
        entries.every(([, ttl]) => ttl > 0)
          ? good.hasMany(entries.map(([key]) => key))
          : good.touchMany(entries)
    })
  ],
  'touchMany gives all the lifetime of the first': [
    'law 17: what is left',
    (good) => ({
      touchMany: (entries) => good.touchMany(entries.map(([key]) => [key, entries[0]?.[1] ?? minute]))
    })
  ],
  'hasMany finds what is over': [
    'law 17: an entry is gone',
    (good) => {
      const { isGhost, writes } = ghosts(good)
      return { ...writes, hasMany: (keys) => TE.right(keys.map(isGhost)) }
    }
  ],
  'readMany finds what is over': [
    'law 17: an entry is gone',
    (good) => {
      const { isGhost, writes } = ghosts(good)
      return {
        ...writes,
        readMany: (keys) =>
          TE.map((found: ReadonlyArray<O.Option<Entry<Value>>>) =>
            found.map((entry, i) =>
              O.isNone(entry) && isGhost(keys[i] ?? '') ? O.some({ value: '', remaining: D.zero }) : entry
            )
          )(good.readMany(keys))
      }
    }
  ],
  'touch to zero finds what is over': [
    'law 17: an entry is gone',
    (good) => {
      const { isGhost, writes } = ghosts(good)
      return { ...writes, touch: (key, ttl) => (ttl > 0 ? good.touch(key, ttl) : TE.right(isGhost(key))) }
    }
  ],
  'touchMany finds what is over': [
    'law 17: an entry is gone',
    (good) => {
      const { isGhost, writes } = ghosts(good)
      return {
        ...writes,
        touchMany: (entries) =>
          TE.map(() => entries.map(([key, ttl]) => ttl > 0 && isGhost(key)))(good.touchMany(entries))
      }
    }
  ],
  'touchMany to zero finds what is over': [
    'law 17: an entry is gone',
    (good) => {
      const { isGhost, writes } = ghosts(good)
      return {
        ...writes,
        touchMany: (entries) =>
          entries.every(([, ttl]) => ttl > 0)
            ? good.touchMany(entries)
            : TE.right(entries.map(([key]) => isGhost(key)))
      }
    }
  ],
  'touchMany brings back what is over, and says that it was not there': [
    'law 17: an entry is gone',
    (good) => {
      const { isGhost, revive, writes } = ghosts(good)
      return {
        ...writes,
        touchMany: (entries) => async () => {
          const answer = await good.touchMany(entries)()
          for (const [key, ttl] of entries) if (ttl > 0 && isGhost(key)) await revive(key)()
          return answer
        }
      }
    }
  ],
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
  'clear looks at one page': [
    'law 35: clear finds',
    (good) => ({
      clear: (prefix) =>
        good.deleteMany(
          Array.from((good.backend as ReadonlyMap<string, unknown>).keys())
            .filter((key) => key.startsWith(prefix))
            .slice(0, 1_000)
        )
    })
  ],
  'clear of many takes others with them': [
    'law 35: clear finds',
    (good) => ({
      clear: (prefix) => {
        const keys = Array.from((good.backend as ReadonlyMap<string, unknown>).keys())
        const found = keys.filter((key) => key.startsWith(prefix))
        return good.clear(found.length > 1_000 ? prefix.slice(0, -2) : prefix)
      }
    })
  ],
  'what is to be cleared was not stored': [
    'law 35: clear finds',
    (good) => ({ setMany: (entries) => good.setMany(entries.slice(0, 1_000)) })
  ],
  'a lifetime is renewed by every read': [
    'laws 2',
    (good) => ({
      get: (key) => async () => {
        const found = await good.get(key)()
        await good.touch(key, D.hours(2))()
        return found
      }
    })
  ],
  'it keeps no lifetimes, and nobody told the laws': ['law 31', () => ({ lifetime: 'none' })],
  'it hides lifetimes, and nobody told the laws': ['law 31', () => ({ lifetime: 'hidden' })],
  'it keeps nothing, and nobody told the laws': ['law 31', () => ({ keeps: 'nothing' })],
  'its deadline is over at once': ['law 31', () => ({ deadline: D.zero })],
  'clear is by LIKE': [
    'law 35: clear removes',
    (good) => ({
      clear: (prefix) => {
        const like = new RegExp(
          `^${prefix
            .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
            .replace(/_/g, '.')
            .replace(/%/g, '.*')}`,
          's'
        )
        const keys = Array.from((good.backend as ReadonlyMap<string, unknown>).keys())
        return good.deleteMany(keys.filter((key) => like.test(key)))
      }
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
  ],
  'a lease is won by everybody': [
    'law 25',
    leasesWith((good) => ({
      acquire: (key, token, ttl, beyond) => async () => {
        const answer = await good.acquire(key, token, ttl, beyond)()
        if (answer._tag === 'Left' || answer.right._tag !== 'Busy') return answer
        await good.seize(key, token, ttl)()
        return { _tag: 'Right', right: { _tag: 'Won' } }
      }
    }))
  ],
  'acquire looks, and takes a moment later': [
    'law 22',
    leasesWith((good) => ({
      acquire: (key, token, ttl, beyond) => async () => {
        const looked = good.acquire(key, token, ttl, beyond)()
        void good.release(key, token)() // at once: it only looked
        const answer = await looked
        if (answer._tag === 'Left' || answer.right._tag !== 'Won') return answer
        await good.seize(key, token, ttl)()
        return answer
      }
    }))
  ],
  'a holder who asks again wins again': [
    'law 25',
    leasesWith((good) => ({
      acquire: (key, token, ttl, beyond) => async () => {
        const renewed = await good.renew(key, token, ttl)()
        return renewed._tag === 'Right' && renewed.right
          ? { _tag: 'Right', right: { _tag: 'Won' } }
          : good.acquire(key, token, ttl, beyond)()
      }
    }))
  ],
  'acquire finds every entry': [
    'law 25: acquire',
    leasesWith((good) => ({ acquire: (key, token, ttl) => good.acquire(key, token, ttl, D.zero) }))
  ],
  'acquire finds no entry': [
    'law 25: acquire',
    leasesWith((good) => ({ acquire: (key, token, ttl) => good.acquire(key, token, ttl, D.forever) }))
  ],
  'acquire finds what lives for as long as it was asked': [
    'law 25: acquire',
    leasesWith((good) => ({
      acquire: (key, token, ttl, beyond) =>
        good.acquire(key, token, ttl, beyond === D.forever ? beyond : D.milliseconds(beyond - 1))
    }))
  ],
  'acquire finds an entry without an end whatever it was asked': [
    'law 25: acquire',
    leasesWith((good) => ({
      acquire: (key, token, ttl, beyond) =>
        good.acquire(key, token, ttl, beyond === D.forever ? D.days(100_000) : beyond)
    }))
  ],
  'acquire waits for a holder although there is an entry': [
    'law 25: acquire',
    leasesWith((good) => ({
      acquire: (key, token, ttl, beyond) => async () => {
        const held = await good.acquire(key, token, ttl, D.forever)()
        if (held._tag === 'Right' && held.right._tag === 'Busy') return held
        await good.release(key, token)()
        return good.acquire(key, token, ttl, beyond)()
      }
    }))
  ],
  'acquire does not say how long somebody else has it': [
    'law 25',
    leasesWith((good) => ({
      acquire: (...args) =>
        TE.map<Acquired<Value>, Acquired<Value>>((answer) =>
          answer._tag === 'Busy' ? { ...answer, remaining: D.forever } : answer
        )(good.acquire(...args))
    }))
  ],
  'a lease never ends': [
    'law 25: a lease ends',
    leasesWith((good) => ({
      acquire: (key, token, _, beyond) => good.acquire(key, token, D.days(1), beyond)
    }))
  ],
  'a lease that was seized never ends': [
    'law 25: a lease ends',
    leasesWith((good) => ({ seize: (key, token) => good.seize(key, token, D.days(1)) }))
  ],
  'renew says yes and does nothing': [
    'law 25',
    leasesWith((good, store) => ({
      renew: (key, token) => async () => {
        const read = await store.read(key)()
        const before = read._tag === 'Right' && read.right._tag === 'Some' ? read.right.value : undefined
        // whose it is shows where it is used; then all is put back
        const owned = await good.commit(key, token, O.some('probe'), minute)()
        if (owned._tag === 'Left' || !owned.right) return owned
        await (before === undefined ? store.delete(key) : store.set(key, before.value, before.remaining))()
        await good.seize(key, token, minute)()
        return owned
      }
    }))
  ],
  'renew ignores the token': [
    'law 25: nobody',
    leasesWith((good) => ({
      renew: (key, token, ttl) => TE.map(() => true)(good.seize(key, token, ttl))
    }))
  ],
  'release ignores the token': [
    'law 25: nobody',
    leasesWith((good) => ({
      release: (key, token) => async () => {
        await good.seize(key, token, minute)()
        return good.release(key, token)()
      }
    }))
  ],
  'release does nothing': [
    'law 25: a lease is won',
    leasesWith(() => ({ release: () => TE.right(undefined) }))
  ],
  'commit ignores the token': [
    'law 25: nobody',
    leasesWith((good) => ({
      commit: (key, _, value, ttl) => TE.map(() => true)(good.override([[key, value, ttl]]))
    }))
  ],
  'commit writes whoever asks, and then says the truth': [
    'law 25: nobody',
    leasesWith((good, store) => ({
      commit: (key, token, value, ttl) => async () => {
        const answer = await good.commit(key, token, value, ttl)()
        if (O.isSome(value)) await store.set(key, value.value, ttl)()
        return answer
      }
    }))
  ],
  'commit says yes whoever asks': [
    'law 25: nobody',
    leasesWith((good) => ({ commit: (...args) => TE.map(() => true)(good.commit(...args)) }))
  ],
  'commit of nothing ignores the token': [
    'law 25: nobody',
    leasesWith((good) => ({
      commit: (key, token, value, ttl) =>
        O.isSome(value) && ttl > 0
          ? good.commit(key, token, value, ttl)
          : TE.map(() => true)(good.override([[key, O.none, ttl]]))
    }))
  ],
  'commit does not give the lease back': [
    'law 25: a lease is won',
    leasesWith((good) => ({
      commit: (key, token, value, ttl) => async () => {
        const answer = await good.commit(key, token, value, ttl)()
        if (answer._tag === 'Right' && answer.right) await good.seize(key, token, minute)()
        return answer
      }
    }))
  ],
  'commit gives the lease back and forgets to write': [
    'law 25: commit',
    leasesWith((good) => ({
      commit: (key, token) => async () => {
        const answer = await good.renew(key, token, minute)()
        await good.release(key, token)()
        return answer
      }
    }))
  ],
  'commit writes for ever': [
    'law 25: commit',
    leasesWith((good) => ({
      commit: (key, token, value, ttl) => good.commit(key, token, value, ttl > 0 ? D.forever : ttl)
    }))
  ],
  'commit of nothing leaves what was there': [
    'law 25: commit',
    leasesWith((good) => ({
      commit: (key, token, value, ttl) => async () => {
        if (O.isSome(value) && ttl > 0) return good.commit(key, token, value, ttl)()
        const answer = await good.renew(key, token, minute)()
        await good.release(key, token)()
        return answer
      }
    }))
  ],
  'seize does not replace': [
    'law 25: of those who seize',
    leasesWith((good) => ({
      seize: (key, token, ttl) => TE.map(() => undefined)(good.acquire(key, token, ttl, D.forever))
    }))
  ],
  'seize takes away and does not give': [
    'law 25: of those who seize',
    leasesWith((good) => ({
      seize: (key, token, ttl) => async () => {
        await good.seize(key, token, ttl)()
        return good.release(key, token)()
      }
    }))
  ],
  'override leaves the leases': [
    'law 25: override',
    leasesWith((_, store) => ({
      override: (entries) => async () => {
        for (const [key, value, ttl] of entries) {
          await (O.isSome(value) ? store.set(key, value.value, ttl) : store.delete(key))()
        }
        return { _tag: 'Right', right: undefined }
      }
    }))
  ],
  'override leaves the leases of what it removes': [
    'law 25: override',
    leasesWith((good, store) => ({
      override: (entries) => async () => {
        await store.deleteMany(entries.map(([key]) => key))()
        return good.override(entries.filter(([, value]) => O.isSome(value)))()
      }
    }))
  ],
  'override takes the leases away and writes nothing': [
    'law 25: override',
    leasesWith((good) => ({
      override: (entries) => good.override(entries.map(([key, , ttl]) => [key, O.none, ttl]))
    }))
  ],
  'the first of two entries wins in override': [
    'law 25: override',
    leasesWith((good) => ({ override: (entries) => good.override([...entries].reverse()) }))
  ],
  'override cuts its list': [
    'law 25: override of many',
    leasesWith((good) => ({ override: (entries) => good.override(entries.slice(0, 1_000)) }))
  ],
  'override stores what was not to be stored': [
    'law 25: override',
    leasesWith((good) => ({
      override: (entries) =>
        good.override(entries.map(([key, value, ttl]) => [key, value, ttl > 0 ? ttl : minute]))
    }))
  ],
  'a lease lies where its entry does': [
    'law 25: a lease is no entry',
    leasesWith((good, store) => ({
      acquire: (key, token, ttl, beyond) => async () => {
        const answer = await good.acquire(key, token, ttl, beyond)()
        if (answer._tag === 'Right' && answer.right._tag === 'Won') await store.set(key, token, ttl)()
        return answer
      }
    }))
  ],
  'a write takes the lease away': [
    'law 25: a lease is no entry',
    (good) => ({ set: (key, value, ttl) => good.leases.override([[key, O.some(value), ttl]]) })
  ],
  'keys in braces share the leases of those without': [
    'law 25: no lease',
    leasesWith((good) => {
      const bare = (key: string): string => key.replace(/[{}]/g, '')
      return {
        acquire: (key, ...rest) => good.acquire(bare(key), ...rest),
        renew: (key, ...rest) => good.renew(bare(key), ...rest),
        release: (key, token) => good.release(bare(key), token)
      }
    })
  ],
  'there is one lease for all keys': [
    'law 25: no lease',
    leasesWith((good) => ({ acquire: (_, ...rest) => good.acquire('all', ...rest) }))
  ],
  'acquire runs where it is made': [
    'law 25: to make',
    leasesWith((good) => ({
      acquire: (...args) => {
        const once = good.acquire(...args)()
        return () => once
      }
    }))
  ],
  'release runs where it is made': [
    'law 25: to make',
    leasesWith((good) => ({
      release: (...args) => {
        const once = good.release(...args)()
        return () => once
      }
    }))
  ]
}

const clocked = (plant: (good: Good) => Partial<Good> = () => ({})): Laws => {
  const clock = testClock(1_000)
  const good = dict<Value>({ clock })
  return storeLaws(() => extend<Good, Partial<Good>>(good, plant(good)), { ...options, clock })
}

// -------------------------------------------------------------------------------------
// stores without lifetimes
// -------------------------------------------------------------------------------------

const ends = (ttl: D.Duration): boolean => ttl > 0 && ttl !== D.forever

const refusal = TE.left(new StoreError('set', 'refused', 'no lifetimes'))

/** One that refuses lifetimes that end. */
const lifetimeless = (good: Store<Value>): Store<Value> => ({
  ...good,
  lifetime: 'none',
  set: (key, value, ttl) => (ends(ttl) ? refusal : good.set(key, value, ttl)),
  touch: (key, ttl) => (ends(ttl) ? refusal : good.touch(key, ttl)),
  setMany: (entries) => (entries.some(([, , ttl]) => ends(ttl)) ? refusal : good.setMany(entries)),
  touchMany: (entries) => (entries.some(([, ttl]) => ends(ttl)) ? refusal : good.touchMany(entries))
})

const forLifetimeless = (plant: (good: Store<Value>) => Partial<Store<Value>> = () => ({})): Laws => {
  const { leases: _, ...good } = dict<Value>()
  return storeLaws(() => ({ ...lifetimeless(good), ...plant(good) }), { values, lifetime: false })
}

const faultsOfLifetimeless: Readonly<Record<string, (good: Store<Value>) => Partial<Store<Value>>>> = {
  'set keeps for ever what was to end': (good) => ({
    set: (key, value, ttl) => good.set(key, value, ends(ttl) ? D.forever : ttl)
  }),
  'setMany stores those before the one that it refuses': (good) => ({
    setMany: (entries) => async () => {
      for (const [key, value, ttl] of entries) {
        await good.set(key, value, D.forever)()
        if (ends(ttl)) return refusal()
      }
      return good.setMany(entries)()
    }
  }),
  'touch of a lifetime does nothing': (good) => ({
    touch: (key, ttl) => (ends(ttl) ? good.has(key) : good.touch(key, ttl))
  }),
  'touchMany of a lifetime does nothing': (good) => ({
    touchMany: (entries) => good.hasMany(entries.map(([key]) => key))
  })
}

// -------------------------------------------------------------------------------------
// stores that count coarsely
// -------------------------------------------------------------------------------------

/** A fraction of a unit is cut off; what is less than one is over soon. */
const cutTo = (unit: number) => (ttl: D.Duration) =>
  ends(ttl) ? D.milliseconds(Math.max(1, Math.floor(ttl / unit) * unit)) : ttl

const upTo = (unit: number) => (ttl: D.Duration) =>
  ends(ttl) ? D.milliseconds(Math.ceil(ttl / unit) * unit) : ttl

/** One that counts whole units: entries and leases alike. */
const coarse = (round: (ttl: D.Duration) => D.Duration, granularity?: D.Duration): Laws => {
  const clock = testClock(1)
  const good = dict<Value>({ clock })
  const { leases } = good
  const store: Good = {
    ...good,
    set: (key, value, ttl) => good.set(key, value, round(ttl)),
    touch: (key, ttl) => good.touch(key, round(ttl)),
    setMany: (entries) => good.setMany(entries.map(([key, value, ttl]) => [key, value, round(ttl)])),
    touchMany: (entries) => good.touchMany(entries.map(([key, ttl]) => [key, round(ttl)])),
    leases: {
      ...leases,
      acquire: (key, token, ttl, beyond) => leases.acquire(key, token, round(ttl), beyond),
      seize: (key, token, ttl) => leases.seize(key, token, round(ttl)),
      renew: (key, token, ttl) => leases.renew(key, token, round(ttl)),
      commit: (key, token, value, ttl) => leases.commit(key, token, value, round(ttl)),
      override: (entries) => leases.override(entries.map(([key, value, ttl]) => [key, value, round(ttl)]))
    }
  }
  return storeLaws(() => store, { ...options, clock, ...(granularity === undefined ? {} : { granularity }) })
}

// -------------------------------------------------------------------------------------
// stores whose backend is down
// -------------------------------------------------------------------------------------

const failing = (store: Good): Good => around((operation) => TE.left(storeFailed(operation)('down')))(store)

const forBroken = (plant: (good: Good) => Partial<Good> = () => ({})): Laws => {
  const good = dict<Value>()
  const broken = () => extend<Good, Partial<Good>>(failing(good), plant(good))
  return storeLaws(() => good, { ...options, broken }).filter(({ name }) => name.includes('is down'))
}

const faultsOfBroken: Readonly<Record<string, (good: Good) => Partial<Good>>> = {
  'a read that fails is a miss': () => ({ get: () => TE.right(O.none) }),
  'a write that fails is a success': () => ({ set: () => TE.right(undefined) }),
  'delete pretends': () => ({ deleteMany: () => TE.right(undefined) }),
  'an operation throws where it is made': () => ({
    clear: () => {
      throw new Error('not connected')
    }
  }),
  'an operation is rejected': () => ({ touch: () => () => Promise.reject(new Error('not connected')) }),
  'an operation hangs': () => ({ has: () => () => new Promise(() => undefined) }),
  'an operation answers long after the deadline': () => ({
    deadline: D.milliseconds(50),
    hasMany: () => () =>
      new Promise((resolve) => setTimeout(resolve, 1_500, E.left(storeFailed('hasMany')('down'))))
  }),
  'what is down is said to be refused': () => ({
    set: () => TE.left(new StoreError('set', 'refused', 'not now'))
  }),
  'the left is of another operation': () => ({ readMany: () => TE.left(storeFailed('getMany')('down')) }),
  'the left is the error of the driver': () => ({
    read: () => TE.left<StoreError>(new Error('not connected') as never)
  }),
  'the message names the key': () => ({
    getMany: (keys) => TE.left(new StoreError('getMany', 'failed', `MGET ${keys.join(' ')}`))
  }),
  'a lease is won that nobody gave': leasesWith(() => ({ acquire: () => TE.right({ _tag: 'Won' }) }))
}

// -------------------------------------------------------------------------------------
// stores whose time stands still in a loop of awaits
// -------------------------------------------------------------------------------------

/** A clock that is read once, and then kept until a timer fires. */
const kept = (): Clock => {
  let seen: number | undefined
  const now = (): number => {
    if (seen !== undefined) return seen
    setTimeout(() => (seen = undefined), 1)
    return (seen = performance.now())
  }
  return { now }
}

describe('a loop of awaits', () => {
  const law = 'law 17: an entry is gone in time'
  const lawsOver = (store: Store<Value>): Laws =>
    storeLaws(() => store, { values }).filter(({ name }) => name.startsWith(law))
  const stuck = dict<Value>({ clock: kept() })
  const good = dict<Value>()
  const faults: Readonly<Record<string, Store<Value>>> = {
    'a clock that is kept until a timer fires': stuck,
    'one that only get goes by': {
      ...good,
      set: stuck.set,
      setMany: (entries) => TE.chain(() => good.setMany(entries))(stuck.setMany(entries)),
      get: stuck.get
    },
    'one that only peek goes by': {
      ...good,
      setMany: (entries) => TE.chain(() => good.setMany(entries))(stuck.setMany(entries)),
      peek: (key) => stuck.peek?.(key)
    }
  }
  test.each(Object.keys(faults))('shows %s', async (fault) => {
    expect(await brokenOf(lawsOver(faults[fault]!))).toHaveLength(1)
  })

  test('shows nothing in stores whose time does not stand still, nor in a store on a clock for tests', async () => {
    for (const store of [
      good,
      lru<Value>({ max: 10 }),
      lru<Value>(new LRUCache({ max: 10 })),
      tiered({ near: lru({ max: 10 }), far: good })
    ])
      expect(await brokenOf(lawsOver(store))).toEqual([])
    expect(clocked().filter(({ name }) => name.startsWith(law))).toEqual([])
  })
})

// -------------------------------------------------------------------------------------
// all of them
// -------------------------------------------------------------------------------------

type Run = () => Promise<ReadonlyArray<string>>

const once = (run: Run): Run => {
  let ran: ReturnType<Run> | undefined
  return () => (ran ??= run())
}

/** By the name of the fault: which of the laws that it is against are broken. */
const planted: Readonly<Record<string, Run>> = Object.fromEntries([
  ...Object.entries(faults).map(
    ([fault, [law, plant]]) => [fault, once(() => brokenOf(clocked(plant), law))] as const
  ),
  ...Object.entries(faultsOfLifetimeless).map(
    ([fault, plant]) => [fault, once(() => brokenOf(forLifetimeless(plant), 'law 18: a store'))] as const
  ),
  ...Object.entries(faultsOfBroken).map(
    ([fault, plant]) => [fault, once(() => brokenOf(forBroken(plant)))] as const
  )
])

describe('the laws of a store catch', () => {
  for (const [fault, run] of Object.entries(planted)) {
    test(fault, async () => expect(await run()).not.toEqual([]), 30_000)
  }

  test('nothing in a good store', async () => {
    expect(await brokenOf([...clocked(), ...forLifetimeless(), ...forBroken()])).toEqual([])
  })

  test('each of them some fault', async () => {
    const caught = new Set<string>()
    for (const run of Object.values(planted)) for (const name of await run()) caught.add(name)
    const names = [...clocked(), ...forLifetimeless(), ...forBroken()].map(({ name }) => name)
    expect(names.filter((name) => !caught.has(name))).toEqual([])
  }, 60_000)

  test('leases that nobody told the laws of, and those that are not there', async () => {
    const clock = testClock()
    const quiet = storeLaws(() => dict<Value>({ clock }), { values, clock })
    expect(await brokenOf(quiet)).toEqual([expect.stringContaining('capabilities')])
    const { leases: _, ...none } = dict<Value>({ clock })
    expect(
      await brokenOf(
        storeLaws(() => none, { values, clock, leases: true }),
        'law 22'
      )
    ).toHaveLength(1)
  })

  test('lifetimes in whole seconds, where nobody told the laws; and those that are coarser than was told', async () => {
    const second = D.seconds(1)
    expect(await brokenOf(coarse(cutTo(second), second))).toEqual([])
    expect(await brokenOf(coarse(cutTo(D.seconds(2)), D.seconds(2)))).toEqual([])
    expect((await brokenOf(coarse(cutTo(second)))).length).toBeGreaterThan(0)
    // rounded up, a life is within what was told, and more than was asked for
    expect(await brokenOf(coarse(upTo(second), second))).toEqual([
      expect.stringContaining('law 17: what is left is never more'),
      expect.stringContaining('law 25: what is left of a lease')
    ])
    expect((await brokenOf(coarse(upTo(D.minutes(3)), second))).length).toBeGreaterThan(0)
    const zero = (ttl: D.Duration) => (ttl < second ? D.zero : ttl)
    expect((await brokenOf(coarse((ttl) => (ends(ttl) ? zero(ttl) : ttl)))).length).toBeGreaterThan(0)
  }, 60_000)

  test('what keeps nothing, where it is to keep', async () => {
    const store = storeLaws(() => noop(), options)
    expect((await brokenOf(store, 'law 2:')).length).toBeGreaterThan(0)
  })
})
