/** The laws catch what they are for: a store with one fault breaks at least the law that the fault is against. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Clock } from '../../src/Clock'
import * as D from '../../src/Duration'
import { extend } from '../../src/internal/extend'
import type { Acquired, Leases, Leasing, Store } from '../../src/Store'
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

type Good = Store<Value> & Leasing<Value>

/** A fault of leases: some of their functions are others. */
const leasesWith =
  (plant: (good: Leases<Value>, store: Good) => Partial<Leases<Value>>) =>
  (good: Good): Partial<Good> => ({ leases: { ...good.leases, ...plant(good.leases, good) } })

const minute = D.minutes(1)

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
