/**
 * The laws of a store, for any store: `storeLaws(name, make, options)` registers one jest test for each, and
 * `checkStore` has them as plain functions that throw. The same laws hold for a Map and for a cluster.
 */
import { isDeepStrictEqual } from 'node:util'

import { afterAll, beforeAll, describe, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Either } from 'fp-ts/Either'
import type { Option } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import * as D from '../../src/Duration'
import type { StoreError } from '../../src/RingError'
import type { Entry, Store } from '../../src/Store'

// -------------------------------------------------------------------------------------
// options
// -------------------------------------------------------------------------------------

export interface StoreLawsOptions<R> {
  /** The values that the store takes; `undefined` too where it is one. */
  readonly values: fc.Arbitrary<R>
  /** Default: deep equality. */
  readonly equals?: (a: R, b: R) => boolean
  /** Values that random ones hardly ever are: empty, of one byte, of a megabyte. */
  readonly extremes?: ReadonlyArray<R>
  /** Whether the store keeps anything (default: yes; a store that does nothing obeys the rest). */
  readonly keeps?: boolean
  /** Whether it keeps lifetimes (default: yes). A store that does not refuses those that end. */
  readonly lifetime?: boolean
  /** Lets time pass (default: really). */
  readonly wait?: (ms: number) => Promise<void>
  /** Whether `wait` costs no time, as that of a fake clock: then the random programs wait as well. */
  readonly instant?: boolean
  /** By how much a remaining lifetime may be shorter than the rest of it (default: 5 s, or 1 ms where `instant`). */
  readonly tolerance?: number
  /** How many random programs (default: 30, or 200 where `instant`). */
  readonly numRuns?: number
}

// -------------------------------------------------------------------------------------
// words
// -------------------------------------------------------------------------------------

const fail = (message: string): never => {
  throw new Error(message)
}

const ensure = (holds: boolean, message: () => string): void => {
  if (!holds) fail(message())
}

const run = async <A>(what: string, te: TaskEither<StoreError, A>): Promise<A> => {
  const answer: Either<StoreError, A> = await te()
  return answer._tag === 'Right' ? answer.right : fail(`${what} is a left: ${answer.left.message}`)
}

const refuses = async (what: string, te: TaskEither<StoreError, unknown>): Promise<void> => {
  const answer = await te()
  ensure(answer._tag === 'Left' && answer.left.reason === 'refused', () => `${what} is not refused`)
}

let runs = 0
/** A prefix that no other check has. */
const freshPrefix = (): string =>
  `law-${process.pid.toString(36)}-${Date.now().toString(36)}-${String(runs++)}:`

const minute = D.minutes(1)

/** Lifetimes that have broken caches: longer than a timer takes, longer than memcached's 30 days, the longest. */
const longLives: ReadonlyArray<D.Duration> = [
  D.milliseconds(2 ** 31 + 5),
  D.milliseconds(2 ** 32 + 5),
  D.days(31),
  D.days(3_660)
]

const hostileKeys: ReadonlyArray<string> = [
  '',
  ' ',
  'a b',
  'a:b',
  '*',
  '?',
  '[ab]',
  '[^a]',
  '\\',
  '\\*',
  'a*b',
  '{x}',
  '{x}y',
  '{}',
  '}{',
  'a\r\nset pwned 1',
  '\n',
  '\0',
  '\u00e9',
  'e\u0301', // the same letter, composed otherwise
  '日本',
  '👩‍🚀',
  '\ufffd',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  'k'.repeat(300),
  `${'k'.repeat(300)}2`,
  'users',
  'usersX',
  'users:',
  'users:1'
]

interface Case<R> {
  readonly store: Store<R>
  readonly options: StoreLawsOptions<R>
  readonly equals: (a: R, b: R) => boolean
  readonly keeps: boolean
  readonly lifetime: boolean
  readonly instant: boolean
  readonly tolerance: number
  readonly wait: (ms: number) => Promise<void>
  readonly numRuns: number
}

const caseOf = <R>(store: Store<R>, options: StoreLawsOptions<R>): Case<R> => ({
  store,
  options,
  equals: options.equals ?? ((a, b) => isDeepStrictEqual(a, b)),
  keeps: options.keeps ?? true,
  lifetime: options.lifetime ?? true,
  instant: options.instant ?? false,
  tolerance: options.tolerance ?? (options.instant === true ? 1 : 5_000),
  wait: options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms))),
  numRuns: options.numRuns ?? (options.instant === true ? 200 : 30)
})

/** A long life, or as near to it as the store can keep. */
const longest = <R>(c: Case<R>): D.Duration => (c.lifetime ? minute : D.forever)

const isSome =
  <R>(c: Case<R>, value: R) =>
  (answer: Option<R>): boolean =>
    c.keeps ? answer._tag === 'Some' && c.equals(answer.value, value) : answer._tag === 'None'

const remains = <R>(c: Case<R>, entry: Option<Entry<R>>, ttl: number, what: string): void => {
  if (!c.keeps) return ensure(entry._tag === 'None', () => `${what}: an entry in a store that keeps nothing`)
  if (entry._tag === 'None') return fail(`${what}: no entry`)
  const { remaining } = entry.value
  const isRight =
    ttl === Infinity || !c.lifetime
      ? remaining === Infinity
      : remaining <= ttl && remaining >= ttl - c.tolerance
  return ensure(isRight, () => `${what}: ${String(remaining)} ms are left of ${String(ttl)}`)
}

// -------------------------------------------------------------------------------------
// the model
// -------------------------------------------------------------------------------------

type Command<R> =
  | { readonly op: 'get' | 'read' | 'delete' | 'has' | 'peek'; readonly key: string }
  | { readonly op: 'set'; readonly key: string; readonly value: R; readonly ttl: D.Duration }
  | { readonly op: 'touch'; readonly key: string; readonly ttl: D.Duration }
  | {
      readonly op: 'getMany' | 'readMany' | 'hasMany' | 'deleteMany' | 'together'
      readonly keys: ReadonlyArray<string>
    }
  | { readonly op: 'setMany'; readonly entries: ReadonlyArray<readonly [string, R, D.Duration]> }
  | { readonly op: 'touchMany'; readonly entries: ReadonlyArray<readonly [string, D.Duration]> }
  | { readonly op: 'clear'; readonly prefix: string }
  | { readonly op: 'wait'; readonly ms: number }

const someKeys = [
  '',
  'users',
  'usersX',
  'users:1',
  'users*',
  'u?ers',
  'a[b]',
  'a',
  '{x}y',
  'x\\',
  'é',
  'a\r\nb'
]
const somePrefixes = ['', 'users', 'users:', 'users*', 'u?', 'a[', 'x\\', '{x}', 'nobody']

/** Few keys for each program, so that its commands meet. */
const commands = <R>(c: Case<R>): fc.Arbitrary<ReadonlyArray<Command<R>>> =>
  fc
    .uniqueArray(fc.constantFrom(...someKeys), { minLength: 1, maxLength: 4 })
    .chain((pool) => commandsOn(c, fc.constantFrom(...pool)))

const commandsOn = <R>(c: Case<R>, key: fc.Arbitrary<string>): fc.Arbitrary<ReadonlyArray<Command<R>>> => {
  const keys = fc.array(key, { maxLength: 9 })
  const value = c.options.values
  const short = c.instant ? [100, 200, 300].map(D.milliseconds) : []
  const ttl = fc.constantFrom(
    D.zero,
    D.milliseconds(-5),
    minute,
    D.hours(1),
    ...longLives,
    D.forever,
    ...short
  )
  const one = <O extends 'get' | 'read' | 'delete' | 'has' | 'peek'>(op: O) =>
    fc.record({ op: fc.constant(op), key })
  const many = <O extends 'getMany' | 'readMany' | 'hasMany' | 'deleteMany' | 'together'>(op: O) =>
    fc.record({ op: fc.constant(op), keys })
  const waits = fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(50, 150, 250) })
  return fc.array(
    fc.oneof<Array<fc.Arbitrary<Command<R>>>>(
      one('get'),
      one('read'),
      one('delete'),
      one('has'),
      one('peek'),
      fc.record({ op: fc.constant('set' as const), key, value, ttl }),
      fc.record({ op: fc.constant('touch' as const), key, ttl }),
      many('getMany'),
      many('readMany'),
      many('hasMany'),
      many('deleteMany'),
      many('together'),
      fc.record({
        op: fc.constant('setMany' as const),
        entries: fc.array(fc.tuple(key, value, ttl), { maxLength: 9 })
      }),
      fc.record({
        op: fc.constant('touchMany' as const),
        entries: fc.array(fc.tuple(key, ttl), { maxLength: 9 })
      }),
      fc.record({ op: fc.constant('clear' as const), prefix: fc.constantFrom(...somePrefixes) }),
      ...(c.instant ? [waits] : [])
    ),
    { maxLength: 25 }
  )
}

interface Model<R> {
  readonly at: (key: string) => { readonly value: R; readonly until: number } | undefined
  readonly left: (key: string) => number
  readonly set: (key: string, value: R, ttl: number) => void
  readonly delete: (key: string) => void
  readonly touch: (key: string, ttl: number) => boolean
  readonly clear: (prefix: string) => void
  readonly pass: (ms: number) => void
}

const makeModel = <R>(keeps: boolean): Model<R> => {
  const entries = new Map<string, { readonly value: R; readonly until: number }>()
  let now = 0
  const at: Model<R>['at'] = (key) => {
    const entry = entries.get(key)
    return entry !== undefined && entry.until > now ? entry : undefined
  }
  return {
    at,
    left: (key) => (at(key)?.until ?? now) - now,
    set: (key, value, ttl) => {
      if (ttl > 0 && keeps) entries.set(key, { value, until: now + ttl })
      else entries.delete(key)
    },
    delete: (key) => void entries.delete(key),
    touch: (key, ttl) => {
      const entry = at(key)
      if (entry === undefined) return false
      if (ttl > 0) entries.set(key, { ...entry, until: now + ttl })
      else entries.delete(key)
      return true
    },
    clear: (prefix) => {
      for (const key of Array.from(entries.keys())) if (key.startsWith(prefix)) entries.delete(key)
    },
    pass: (ms) => void (now += ms)
  }
}

const execute = async <R>(c: Case<R>, prefix: string, program: ReadonlyArray<Command<R>>): Promise<void> => {
  const { store } = c
  const model = makeModel<R>(c.keeps)
  const full = (key: string): string => prefix + key
  const ends = (ttl: number): boolean => ttl > 0 && ttl !== Infinity
  const asModel = (what: string, key: string, answer: Option<R>): void => {
    const expected = model.at(key)
    ensure(
      expected === undefined
        ? answer._tag === 'None'
        : answer._tag === 'Some' && c.equals(answer.value, expected.value),
      () =>
        `${what} is ${answer._tag}, and ${expected === undefined ? 'None' : 'Some'} or another value expected`
    )
  }
  const asEntry = (what: string, key: string, answer: Option<Entry<R>>): void => {
    asModel(what, key, answer._tag === 'None' ? answer : { _tag: 'Some', value: answer.value.value })
    if (answer._tag === 'Some') remains(c, answer, model.left(key), what)
  }
  const same = (what: string, actual: unknown, expected: unknown): void =>
    ensure(
      isDeepStrictEqual(actual, expected),
      () => `${what}: ${String(actual)}, and ${String(expected)} expected`
    )

  for (const [i, command] of program.entries()) {
    const what = `step ${String(i)}, ${command.op}`
    switch (command.op) {
      case 'get':
        asModel(what, command.key, await run(what, store.get(full(command.key))))
        break
      case 'read':
        asEntry(what, command.key, await run(what, store.read(full(command.key))))
        break
      case 'peek': {
        const seen = store.peek?.(full(command.key))
        if (seen !== undefined) asModel(what, command.key, { _tag: 'Some', value: seen })
        break
      }
      case 'has':
        same(what, await run(what, store.has(full(command.key))), model.at(command.key) !== undefined)
        break
      case 'delete':
        await run(what, store.delete(full(command.key)))
        model.delete(command.key)
        break
      case 'set': {
        const te = store.set(full(command.key), command.value, command.ttl)
        if (!c.lifetime && ends(command.ttl)) await refuses(what, te)
        else {
          await run(what, te)
          model.set(command.key, command.value, command.ttl)
        }
        break
      }
      case 'touch': {
        const te = store.touch(full(command.key), command.ttl)
        if (!c.lifetime && ends(command.ttl)) await refuses(what, te)
        else same(what, await run(what, te), model.touch(command.key, command.ttl))
        break
      }
      case 'getMany': {
        const answers = await run(what, store.getMany(command.keys.map(full)))
        same(what, answers.length, command.keys.length)
        answers.forEach((answer, j) => asModel(what, command.keys[j] ?? '', answer))
        break
      }
      case 'together': {
        const answers = await Promise.all(command.keys.map((key) => run(what, store.get(full(key)))))
        const entries = await Promise.all(command.keys.map((key) => run(what, store.read(full(key)))))
        answers.forEach((answer, j) => asModel(what, command.keys[j] ?? '', answer))
        entries.forEach((entry, j) => asEntry(what, command.keys[j] ?? '', entry))
        break
      }
      case 'readMany': {
        const answers = await run(what, store.readMany(command.keys.map(full)))
        same(what, answers.length, command.keys.length)
        answers.forEach((answer, j) => asEntry(what, command.keys[j] ?? '', answer))
        break
      }
      case 'hasMany':
        same(
          what,
          await run(what, store.hasMany(command.keys.map(full))),
          command.keys.map((key) => model.at(key) !== undefined)
        )
        break
      case 'deleteMany':
        await run(what, store.deleteMany(command.keys.map(full)))
        command.keys.forEach(model.delete)
        break
      case 'setMany': {
        const te = store.setMany(command.entries.map(([key, value, ttl]) => [full(key), value, ttl]))
        if (!c.lifetime && command.entries.some(([, , ttl]) => ends(ttl))) await refuses(what, te)
        else {
          await run(what, te)
          for (const [key, value, ttl] of command.entries) model.set(key, value, ttl)
        }
        break
      }
      case 'touchMany': {
        const te = store.touchMany(command.entries.map(([key, ttl]) => [full(key), ttl]))
        if (!c.lifetime && command.entries.some(([, ttl]) => ends(ttl))) await refuses(what, te)
        else
          same(
            what,
            await run(what, te),
            command.entries.map(([key, ttl]) => model.touch(key, ttl))
          )
        break
      }
      case 'clear':
        await run(what, store.clear(prefix + command.prefix))
        model.clear(command.prefix)
        break
      case 'wait':
        await c.wait(command.ms)
        model.pass(command.ms)
        break
    }
  }
}

// -------------------------------------------------------------------------------------
// the laws
// -------------------------------------------------------------------------------------

const sampled = <R>(c: Case<R>, count: number): ReadonlyArray<R> =>
  fc.sample(c.options.values, { numRuns: count, seed: 1_789 })

// the proof: `fc.sample` gives as many as it was asked for
const two = <R>(c: Case<R>): readonly [R, R] => sampled(c, 2) as unknown as readonly [R, R]

type Law = <R>(c: Case<R>) => Promise<void>

const laws: Readonly<Record<string, Law>> = {
  'law 2: a miss is none, and what was stored comes back, single and bulk': (c) =>
    fc.assert(
      fc.asyncProperty(c.options.values, async (value) => {
        const key = `${freshPrefix()}key`
        ensure((await run('get', c.store.get(key)))._tag === 'None', () => 'a miss is some')
        ensure((await run('read', c.store.read(key)))._tag === 'None', () => 'a miss is some for read')
        await run('set', c.store.set(key, value, longest(c)))
        ensure(isSome(c, value)(await run('get', c.store.get(key))), () => 'get is another value')
        const [bulk] = await run('getMany', c.store.getMany([key]))
        ensure(bulk !== undefined && isSome(c, value)(bulk), () => 'getMany is another value')
        remains(c, await run('read', c.store.read(key)), longest(c), 'read')
        const [entry] = await run('readMany', c.store.readMany([key]))
        ensure(entry !== undefined, () => 'readMany answered nothing')
        if (entry !== undefined) remains(c, entry, longest(c), 'readMany')
        ensure((await run('has', c.store.has(key))) === c.keeps, () => 'has is not whether get is some')
        const seen = c.store.peek?.(key)
        ensure(seen === undefined || c.equals(seen, value), () => 'peek is another value')
        await run('delete', c.store.delete(key))
      }),
      { numRuns: Math.min(c.numRuns, 50) }
    ),

  'law 2: the smallest and the largest values come back': async (c) => {
    const prefix = freshPrefix()
    const values = c.options.extremes ?? []
    for (const [i, value] of values.entries()) {
      await run('set', c.store.set(`${prefix}${String(i)}`, value, longest(c)))
      ensure(
        isSome(c, value)(await run('get', c.store.get(`${prefix}${String(i)}`))),
        () => `extreme ${String(i)}`
      )
    }
    await run(
      'setMany',
      c.store.setMany(values.map((value, i) => [`${prefix}${String(i)}`, value, longest(c)]))
    )
    const answers = await run('readMany', c.store.readMany(values.map((_, i) => `${prefix}${String(i)}`)))
    values.forEach((value, i) => {
      const answer = answers[i]
      const found: Option<typeof value> =
        answer === undefined || answer._tag === 'None'
          ? { _tag: 'None' }
          : { _tag: 'Some', value: answer.value.value }
      ensure(isSome(c, value)(found), () => `extreme ${String(i)} in bulk`)
    })
    await run('clear', c.store.clear(prefix))
  },

  'law 2: no key is mistaken for another, whatever it is made of': async (c) => {
    const prefix = freshPrefix()
    const keys = [...hostileKeys.map((key) => prefix + key), '']
    const values = sampled(c, keys.length)
    for (const [i, value] of values.entries()) await run('set', c.store.set(keys[i] ?? '', value, longest(c)))
    const answers = await run('getMany', c.store.getMany(keys))
    for (const [i, value] of values.entries()) {
      const key = keys[i] ?? ''
      ensure(isSome(c, value)(await run('get', c.store.get(key))), () => `get of ${JSON.stringify(key)}`)
      const answer = answers[i]
      ensure(answer !== undefined && isSome(c, value)(answer), () => `getMany of ${JSON.stringify(key)}`)
    }
    await run('deleteMany', c.store.deleteMany(keys))
    const gone = await run('hasMany', c.store.hasMany(keys))
    ensure(!gone.includes(true), () => 'a key was not deleted')
  },

  'law 2: keys that differ in a lone surrogate are kept apart, or refused': async (c) => {
    const prefix = freshPrefix()
    for (const value of sampled(c, 1)) {
      const stored = await c.store.set(`${prefix}\ud800`, value, longest(c))()
      const other = await c.store.get(`${prefix}\udbff`)()
      const replaced = await run('get', c.store.get(`${prefix}\ufffd`))
      ensure(replaced._tag === 'None', () => 'a lone surrogate is U+FFFD')
      ensure(other._tag === 'Left' || other.right._tag === 'None', () => 'two lone surrogates are one key')
      ensure(
        stored._tag === 'Right' || stored.left.reason === 'refused',
        () => 'a failure that is no refusal'
      )
      await c.store.delete(`${prefix}\ud800`)()
    }
  },

  'law 10: deleting an absent key succeeds, and a deleted key is absent': async (c) => {
    const key = `${freshPrefix()}key`
    await run('delete', c.store.delete(key))
    for (const value of sampled(c, 5)) {
      await run('set', c.store.set(key, value, longest(c)))
      await run('delete', c.store.delete(key))
      ensure(c.store.peek?.(key) === undefined, () => 'peek shows a deleted key')
    }
    await run('delete', c.store.delete(key))
    ensure((await run('get', c.store.get(key)))._tag === 'None', () => 'a deleted key is there')
    ensure(!(await run('has', c.store.has(key))), () => 'has says that a deleted key is there')
    ensure(c.store.peek?.(key) === undefined, () => 'peek shows a deleted key')
  },

  'law 11: touch renews the lifetime and never the value, and says whether the entry was there': async (
    c
  ) => {
    const key = `${freshPrefix()}key`
    ensure(!(await run('touch', c.store.touch(key, longest(c)))), () => 'an absent key was touched')
    ensure((await run('get', c.store.get(key)))._tag === 'None', () => 'touch made an entry')
    for (const value of sampled(c, 1)) {
      await run('set', c.store.set(key, value, longest(c)))
      const lives = c.lifetime
        ? [D.hours(1), D.seconds(30), ...longLives, D.forever, D.hours(2)]
        : [D.forever]
      for (const ttl of lives) {
        ensure(
          (await run('touch', c.store.touch(key, ttl))) === c.keeps,
          () => 'touch says that it was not there'
        )
        ensure(isSome(c, value)(await run('get', c.store.get(key))), () => 'touch changed the value')
        remains(c, await run('read', c.store.read(key)), ttl, 'after touch')
      }
      // forever twice: a store that reports whether an expiry was removed would say no
      await run('touch', c.store.touch(key, D.forever))
      ensure(
        (await run('touch', c.store.touch(key, D.forever))) === c.keeps,
        () => 'touched forever: not there'
      )
      ensure((await run('touch', c.store.touch(key, D.zero))) === c.keeps, () => 'touched away: not there')
      ensure((await run('get', c.store.get(key)))._tag === 'None', () => 'touch of zero left the entry')
      ensure(!(await run('touch', c.store.touch(key, D.zero))), () => 'touch of zero found what is not there')
    }
  },

  'law 12: the bulk operations are the single ones, in order, duplicates included': (c) =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: 20 }), { maxLength: 10 }),
        fc.array(fc.nat({ max: 20 }), { maxLength: 30 }),
        async (stored, asked) => {
          const prefix = freshPrefix()
          const values = sampled(c, stored.length)
          const key = (n: number): string => `${prefix}${String(n)}`
          const entries = values.map((value, i) => [key(stored[i] ?? 0), value, longest(c)] as const)
          await run('setMany', c.store.setMany(entries))
          const keys = asked.map(key)
          const bulk = {
            get: await run('getMany', c.store.getMany(keys)),
            read: await run('readMany', c.store.readMany(keys)),
            has: await run('hasMany', c.store.hasMany(keys)),
            touch: await run('touchMany', c.store.touchMany(keys.map((k) => [k, longest(c)])))
          }
          for (const [name, answers] of Object.entries(bulk)) {
            ensure(answers.length === keys.length, () => `${name}Many answered another number of values`)
          }
          for (const [i, n] of asked.entries()) {
            const place = stored.indexOf(n)
            const isThere = c.keeps && place >= 0
            const answer = bulk.get[i]
            const value = values[place]
            ensure(
              answer !== undefined && (answer._tag === 'Some') === isThere,
              () => 'getMany: another place'
            )
            // the proof: `place` is one of `values`
            if (place >= 0 && answer !== undefined)
              ensure(isSome(c, value as (typeof values)[number])(answer), () => 'getMany: another value')
            ensure((bulk.read[i]?._tag === 'Some') === isThere, () => 'readMany: another place')
            ensure(bulk.has[i] === isThere, () => 'hasMany: another place')
            ensure(bulk.touch[i] === isThere, () => 'touchMany: another place')
          }
          const together = await Promise.all(keys.map((k) => run('get', c.store.get(k))))
          together.forEach((answer, i) =>
            ensure(answer._tag === bulk.get[i]?._tag, () => 'concurrent gets are not the single ones')
          )
          await run('deleteMany', c.store.deleteMany([...keys, ...entries.map(([k]) => k)]))
          ensure(
            !(await run('hasMany', c.store.hasMany(keys))).includes(true),
            () => 'deleteMany left something'
          )
        }
      ),
      { numRuns: c.numRuns }
    ),

  'law 12: of two entries with one key the later wins, and a touch after a removal finds nothing': async (
    c
  ) => {
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    await run('setMany', c.store.setMany([a, b, a, b].map((value) => [key, value, longest(c)])))
    ensure(isSome(c, b)(await run('get', c.store.get(key))), () => 'an earlier entry won')
    const ttls = [D.forever, D.zero, D.forever]
    const touched = await run('touchMany', c.store.touchMany(ttls.map((ttl) => [key, ttl])))
    ensure(isDeepStrictEqual(touched, [c.keeps, c.keeps, false]), () => `touchMany: ${String(touched)}`)
    await run(
      'setMany',
      c.store.setMany([
        [key, a, longest(c)],
        [key, b, D.zero]
      ])
    )
    ensure((await run('get', c.store.get(key)))._tag === 'None', () => 'an entry that was not to be stored')
  },

  'law 12: nothing asked, nothing touched': async (c) => {
    ensure((await run('getMany', c.store.getMany([]))).length === 0, () => 'getMany')
    ensure((await run('readMany', c.store.readMany([]))).length === 0, () => 'readMany')
    ensure((await run('hasMany', c.store.hasMany([]))).length === 0, () => 'hasMany')
    ensure((await run('touchMany', c.store.touchMany([]))).length === 0, () => 'touchMany')
    await run('setMany', c.store.setMany([]))
    await run('deleteMany', c.store.deleteMany([]))
  },

  'law 13: making a task does nothing, and running it twice does it twice': async (c) => {
    const key = `${freshPrefix()}key`
    for (const value of sampled(c, 1)) {
      const set = c.store.set(key, value, longest(c))
      const get = c.store.get(key)
      ensure((await run('get', get))._tag === 'None', () => 'a task ran by itself')
      await run('set', set)
      ensure(isSome(c, value)(await run('get', get)), () => 'the second run did not look again')
      await run('delete', c.store.delete(key))
      await run('set', set)
      ensure(isSome(c, value)(await run('get', get)), () => 'the second set did not store')
      await run('delete', c.store.delete(key))
    }
  },

  'law 17: what is left of a lifetime is what the writer said, and a rewrite replaces it': async (c) => {
    const prefix = freshPrefix()
    const lives = c.lifetime ? [D.seconds(30), D.hours(1), ...longLives, D.forever] : [D.forever]
    for (const value of sampled(c, 1)) {
      for (const ttl of [...lives, ...lives.slice().reverse()]) {
        await run('set', c.store.set(`${prefix}one`, value, ttl))
        remains(c, await run('read', c.store.read(`${prefix}one`)), ttl, 'set')
      }
      await run('setMany', c.store.setMany(lives.map((ttl, i) => [`${prefix}${String(i)}`, value, ttl])))
      const entries = await run('readMany', c.store.readMany(lives.map((_, i) => `${prefix}${String(i)}`)))
      lives.forEach((ttl, i) => remains(c, entries[i] ?? { _tag: 'None' }, ttl, 'setMany'))
    }
    await run('clear', c.store.clear(prefix))
  },

  'law 17: an entry is gone when its lifetime is over, and not before': async (c) => {
    if (!c.lifetime || !c.keeps) return
    const prefix = freshPrefix()
    const [short, long] = [`${prefix}short`, `${prefix}long`]
    for (const value of sampled(c, 1)) {
      await run('set', c.store.set(short, value, D.milliseconds(400)))
      await run('set', c.store.set(long, value, D.hours(1)))
      ensure(
        (await run('has', c.store.has(short))) && (await run('has', c.store.has(long))),
        () => 'gone too early'
      )
      await c.wait(600)
      ensure((await run('get', c.store.get(short)))._tag === 'None', () => 'get: it outlived its lifetime')
      ensure((await run('read', c.store.read(short)))._tag === 'None', () => 'read: it outlived its lifetime')
      ensure(!(await run('has', c.store.has(short))), () => 'has: it outlived its lifetime')
      ensure(!(await run('touch', c.store.touch(short, minute))), () => 'touch: it outlived its lifetime')
      const [bulk] = await run('getMany', c.store.getMany([short]))
      ensure(bulk?._tag === 'None', () => 'getMany: it outlived its lifetime')
      ensure(c.store.peek?.(short) === undefined, () => 'peek: it outlived its lifetime')
      ensure((await run('get', c.store.get(long)))._tag === 'Some', () => 'an hour was over')
    }
    await run('clear', c.store.clear(prefix))
  },

  'law 18: zero or less stores nothing and removes what was there': async (c) => {
    const prefix = freshPrefix()
    for (const value of sampled(c, 1)) {
      for (const ttl of [D.zero, D.milliseconds(-1), D.days(-400)]) {
        const keys = ['a', 'b'].map((key) => prefix + key)
        await run('setMany', c.store.setMany(keys.map((key) => [key, value, longest(c)])))
        await run('set', c.store.set(`${prefix}a`, value, ttl))
        await run('setMany', c.store.setMany([[`${prefix}b`, value, ttl]]))
        ensure(
          !(await run('hasMany', c.store.hasMany(keys))).includes(true),
          () => `${String(ttl)} ms: it is there`
        )
      }
    }
  },

  'law 18: a store that keeps no lifetime refuses one that ends, and leaves what was there': async (c) => {
    if (c.lifetime) return
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    await run('set', c.store.set(key, a, D.forever))
    await refuses('set', c.store.set(key, b, minute))
    await refuses('setMany', c.store.setMany([[key, b, minute]]))
    await refuses('touch', c.store.touch(key, minute))
    await refuses('touchMany', c.store.touchMany([[key, minute]]))
    ensure(isSome(c, a)(await run('get', c.store.get(key))), () => 'a refused write changed something')
    await run('delete', c.store.delete(key))
  },

  'law 35: clear removes exactly the keys that begin with its prefix': async (c) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const tails = [
      'users:',
      'users:1',
      'users:2',
      'users',
      'usersX',
      'usersX:1',
      'user',
      'Users:1',
      'x:users:1'
    ]
    const hostile = ['us?rs:1', 'us*rs:1', 'us[e]rs:1', 'us\\ers:1', 'us{e}rs:1']
    for (const target of ['users:', 'us?rs:', 'us*', 'us[e]', 'us\\', 'us{', '*', '?']) {
      const keys = [...tails, ...hostile]
      const entries = keys.map((key) => [prefix + key, value, longest(c)] as const)
      await run('setMany', c.store.setMany(entries))
      await run('clear', c.store.clear(prefix + target))
      const left = await run('hasMany', c.store.hasMany(keys.map((key) => prefix + key)))
      keys.forEach((key, i) =>
        ensure(
          left[i] === (c.keeps && !key.startsWith(target)),
          () => `clear of ${target} and the key ${key}`
        )
      )
    }
    await run('clear', c.store.clear(prefix))
    const rest = await run('hasMany', c.store.hasMany([...tails, ...hostile].map((key) => prefix + key)))
    ensure(!rest.includes(true), () => 'clear left something')
  },

  'law 35: clear finds all of many keys': async (c) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const keys = Array.from({ length: 2_500 }, (_, i) => `${prefix}${i % 2 === 0 ? 'a' : 'b'}:${String(i)}`)
    const entries = keys.map((key) => [key, value, longest(c)] as const)
    await run('setMany', c.store.setMany(entries))
    await run('clear', c.store.clear(`${prefix}a:`))
    const left = await run('hasMany', c.store.hasMany(keys))
    keys.forEach((key, i) =>
      // a bounded store may have dropped some
      ensure(left[i] !== true || !key.startsWith(`${prefix}a:`), () => 'clear left a key')
    )
    await run('clear', c.store.clear(prefix))
    ensure(!(await run('hasMany', c.store.hasMany(keys))).includes(true), () => 'clear left a key')
  },

  'laws 2, 10-12, 17, 18, 35: random programs do what a Map with lifetimes does': (c) =>
    fc.assert(
      fc.asyncProperty(commands(c), async (program) => {
        const prefix = freshPrefix()
        await execute(c, prefix, program)
        await run('clear', c.store.clear(prefix))
      }),
      { numRuns: c.numRuns }
    )
}

/** The laws by title: each resolves where the store keeps it, and rejects where it does not. */
export const checkStore: Readonly<
  Record<string, <R>(store: Store<R>, options: StoreLawsOptions<R>) => Promise<void>>
> = Object.fromEntries(
  Object.entries(laws).map(([title, law]) => [
    title,
    <R>(store: Store<R>, options: StoreLawsOptions<R>) => law(caseOf(store, options))
  ])
)

/**
 * Registers the laws as tests of the store that `make` makes. It is made once, before the first test; `dispose`
 * is run after the last.
 */
export const storeLaws = <R>(
  name: string,
  make: () => Store<R> | Promise<Store<R>>,
  options: StoreLawsOptions<R>,
  dispose: () => unknown = () => undefined
): void => {
  describe(`the laws of a store: ${name}`, () => {
    let store: Store<R> | undefined
    beforeAll(async () => {
      store = await make()
    }, 60_000)
    afterAll(async () => {
      await dispose()
    })
    for (const [title, check] of Object.entries(checkStore)) {
      test(title, () => check(store ?? fail('there is no store'), options), 60_000)
    }
  })
}

/** Bytes, as the byte stores take them. */
export const byteValues: fc.Arbitrary<Uint8Array> = fc
  .uint8Array({ maxLength: 64 })
  .map((bytes) => new Uint8Array(bytes))

/** Nothing, one byte of each kind that protocols trip over, and a megabyte. */
export const byteExtremes: ReadonlyArray<Uint8Array> = [
  new Uint8Array(0),
  Uint8Array.of(0),
  Uint8Array.of(0xff),
  Uint8Array.of(0x0d, 0x0a),
  Uint8Array.from({ length: 70_000 }, (_, i) => i % 251),
  Uint8Array.from({ length: 1_048_576 }, (_, i) => (i * 7) % 256)
]

/** Equality of bytes, whatever holds them. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0
