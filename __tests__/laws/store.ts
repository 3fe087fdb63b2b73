/**
 * The laws of a store, for any store: `storeLaws(name, make, options)` registers one jest test for each, and
 * `checkStore` has them as plain functions that throw. The same laws hold for a Map and for a cluster.
 */
import { isDeepStrictEqual } from 'node:util'

import { afterAll, beforeAll, describe, test } from '@jest/globals'
import * as fc from 'fast-check'
import type { Either } from 'fp-ts/Either'
import { none, type Option, some } from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import * as D from '../../src/Duration'
import type { StoreError } from '../../src/RingError'
import type { Acquired, Entry, Leases, Store } from '../../src/Store'

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
  /** Whether leases, where it has them, go by the time that `wait` lets pass (default: yes). */
  readonly leasesWait?: boolean
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

/** Never over after a sum of the programs' waits: in its last millisecond an entry may be there or not. */
const shortLives: ReadonlyArray<D.Duration> = [110, 210, 310].map(D.milliseconds)

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
  readonly leasesWait: boolean
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
  leasesWait: options.leasesWait ?? true,
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
  const short = c.instant ? shortLives : []
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
// the model of leases
// -------------------------------------------------------------------------------------

type Write<R> = readonly [key: string, value: Option<R>, ttl: D.Duration]

type LeaseCommand<R> =
  | {
      readonly op: 'acquire'
      readonly key: string
      readonly token: string
      readonly ttl: D.Duration
      readonly beyond: D.Duration
    }
  | {
      readonly op: 'seize' | 'renew'
      readonly key: string
      readonly token: string
      readonly ttl: D.Duration
    }
  | { readonly op: 'release'; readonly key: string; readonly token: string }
  | {
      readonly op: 'commit'
      readonly key: string
      readonly token: string
      readonly value: Option<R>
      readonly ttl: D.Duration
    }
  | { readonly op: 'override'; readonly entries: ReadonlyArray<Write<R>> }
  | { readonly op: 'set'; readonly key: string; readonly value: R; readonly ttl: D.Duration }
  | { readonly op: 'read' | 'delete'; readonly key: string }
  | { readonly op: 'wait'; readonly ms: number }

const leaseKeys = ['a', '{a}']
const tokens = ['one', 'two', 'three']

/** So few keys and tokens that holders get in each other's way. */
const leaseCommands = <R>(c: Case<R>): fc.Arbitrary<ReadonlyArray<LeaseCommand<R>>> => {
  const passes = c.instant && c.leasesWait
  const key = fc.constantFrom(...leaseKeys)
  const token = fc.constantFrom(...tokens)
  const value = c.options.values
  const short = passes ? shortLives : []
  const lease = fc.constantFrom(minute, D.hours(1), ...short)
  const ttl = fc.constantFrom(D.zero, D.milliseconds(-5), minute, D.hours(1), D.forever, ...short)
  const beyond = fc.constantFrom(D.zero, D.seconds(30), minute, D.minutes(30), D.forever, ...short)
  const op = <O extends LeaseCommand<R>['op']>(name: O): fc.Arbitrary<O> => fc.constant(name)
  const written = fc.oneof(value.map(some), fc.constant(none))
  return fc.array(
    fc.oneof<Array<fc.Arbitrary<LeaseCommand<R>>>>(
      fc.record({ op: op('acquire'), key, token, ttl: lease, beyond }),
      fc.record({ op: op('seize'), key, token, ttl: lease }),
      fc.record({ op: op('renew'), key, token, ttl: lease }),
      fc.record({ op: op('release'), key, token }),
      fc.record({ op: op('commit'), key, token, value: written, ttl }),
      fc.record({ op: op('override'), entries: fc.array(fc.tuple(key, written, ttl), { maxLength: 4 }) }),
      fc.record({ op: op('set'), key, value, ttl }),
      fc.record({ op: op('read'), key }),
      fc.record({ op: op('delete'), key }),
      ...(passes ? [fc.record({ op: op('wait'), ms: fc.constantFrom(50, 150, 250) })] : [])
    ),
    { maxLength: 25 }
  )
}

interface LeaseModel {
  /** Who has it, and for how much longer. */
  readonly held: (key: string) => { readonly token: string; readonly left: number } | undefined
  readonly take: (key: string, token: string, ttl: number) => void
  readonly free: (key: string) => void
  readonly pass: (ms: number) => void
}

const makeLeaseModel = (): LeaseModel => {
  const leases = new Map<string, { readonly token: string; readonly until: number }>()
  let now = 0
  return {
    held: (key) => {
      const lease = leases.get(key)
      return lease !== undefined && lease.until > now
        ? { token: lease.token, left: lease.until - now }
        : undefined
    },
    take: (key, token, ttl) => void leases.set(key, { token, until: now + ttl }),
    free: (key) => void leases.delete(key),
    pass: (ms) => void (now += ms)
  }
}

const executeLeases = async <R>(
  c: Case<R>,
  leases: Leases<R>,
  prefix: string,
  program: ReadonlyArray<LeaseCommand<R>>
): Promise<void> => {
  const entries = makeModel<R>(c.keeps)
  const model = makeLeaseModel()
  const full = (key: string): string => prefix + key
  const owns = (key: string, token: string): boolean => model.held(key)?.token === token
  const same = (what: string, actual: unknown, expected: unknown): void =>
    ensure(actual === expected, () => `${what}: ${String(actual)}, and ${String(expected)} expected`)
  const asEntry = (what: string, key: string, answer: Option<Entry<R>>): void => {
    const expected = entries.at(key)
    same(what, answer._tag, expected === undefined ? 'None' : 'Some')
    if (answer._tag === 'None' || expected === undefined) return
    ensure(c.equals(answer.value.value, expected.value), () => `${what}: another value`)
    remains(c, answer, entries.left(key), what)
  }
  const acquire = async (
    what: string,
    key: string,
    token: string,
    ttl: D.Duration,
    beyond: D.Duration
  ): Promise<void> => {
    const answer = await run(what, leases.acquire(full(key), token, ttl, beyond))
    const held = model.held(key)
    if (entries.left(key) > beyond) {
      same(what, answer._tag, 'Found')
      if (answer._tag === 'Found') asEntry(what, key, some(answer.entry))
    } else if (held !== undefined) isBusyFor(c, answer, held.left, what)
    else {
      same(what, answer._tag, 'Won')
      model.take(key, token, ttl)
    }
  }
  for (const [i, command] of program.entries()) {
    const what = `step ${String(i)}, ${command.op}`
    switch (command.op) {
      case 'acquire':
        await acquire(what, command.key, command.token, command.ttl, command.beyond)
        break
      case 'seize':
        await run(what, leases.seize(full(command.key), command.token, command.ttl))
        model.take(command.key, command.token, command.ttl)
        break
      case 'renew': {
        const owned = owns(command.key, command.token)
        same(what, await run(what, leases.renew(full(command.key), command.token, command.ttl)), owned)
        if (owned) model.take(command.key, command.token, command.ttl)
        break
      }
      case 'release':
        await run(what, leases.release(full(command.key), command.token))
        if (owns(command.key, command.token)) model.free(command.key)
        break
      case 'commit': {
        const { key, token, value, ttl } = command
        const owned = owns(key, token)
        same(what, await run(what, leases.commit(full(key), token, value, ttl)), owned)
        if (owned) {
          model.free(key)
          if (value._tag === 'Some') entries.set(key, value.value, ttl)
          else entries.delete(key)
        }
        break
      }
      case 'override':
        await run(what, leases.override(command.entries.map(([key, value, ttl]) => [full(key), value, ttl])))
        for (const [key, value, ttl] of command.entries) {
          model.free(key)
          if (value._tag === 'Some') entries.set(key, value.value, ttl)
          else entries.delete(key)
        }
        break
      case 'set':
        await run(what, c.store.set(full(command.key), command.value, command.ttl))
        entries.set(command.key, command.value, command.ttl)
        break
      case 'delete':
        await run(what, c.store.delete(full(command.key)))
        entries.delete(command.key)
        break
      case 'read':
        asEntry(what, command.key, await run(what, c.store.read(full(command.key))))
        break
      case 'wait':
        await c.wait(command.ms)
        model.pass(command.ms)
        entries.pass(command.ms)
        break
    }
  }
  for (const key of leaseKeys) {
    asEntry('in the end', key, await run('read', c.store.read(full(key))))
    await acquire('in the end', key, 'another', minute, D.forever)
  }
  await run('override', leases.override(leaseKeys.map((key) => [full(key), none, minute])))
}

const isBusyFor = <R>(c: Case<R>, answer: Acquired<R>, left: number, what: string): void => {
  if (answer._tag !== 'Busy') return fail(`${what}: ${answer._tag}, and somebody has the lease`)
  const { remaining } = answer
  const tolerance = c.leasesWait ? c.tolerance : 5_000 // by a clock that the test does not turn
  return ensure(
    remaining <= left && remaining >= left - tolerance && remaining > 0,
    () => `${what}: ${String(remaining)} ms are left of ${String(left)}`
  )
}

// -------------------------------------------------------------------------------------
// the laws
// -------------------------------------------------------------------------------------

const sampled = <R>(c: Case<R>, count: number): ReadonlyArray<R> =>
  fc.sample(c.options.values, { numRuns: count, seed: 1_789 })

// the proof: `fc.sample` gives as many as it was asked for
const two = <R>(c: Case<R>): readonly [R, R] => sampled(c, 2) as unknown as readonly [R, R]

type Law = <R>(c: Case<R>) => Promise<void>

/** A law of leases, for a store that has some and keeps what it is told. */
const ofLeases =
  (law: <R>(c: Case<R>, leases: Leases<R>) => Promise<void>): Law =>
  async (c) => {
    if (c.keeps && c.store.leases !== undefined) await law(c, c.store.leases)
  }

/** What comes of the wish for a lease, whatever entry is there. */
const wish = <R>(leases: Leases<R>, key: string, token: string): Promise<Acquired<R>> =>
  run('acquire', leases.acquire(key, token, minute, D.forever))

const wins = async <R>(what: string, leases: Leases<R>, key: string, token: string): Promise<void> => {
  const { _tag } = await wish(leases, key, token)
  ensure(_tag === 'Won', () => `${what}: ${_tag}, and nobody has the lease`)
}

const isBusy = async <R>(what: string, leases: Leases<R>, key: string): Promise<void> => {
  const { _tag } = await wish(leases, key, 'somebody else')
  ensure(_tag === 'Busy', () => `${what}: ${_tag}, and somebody has the lease`)
}

const isThere = async <R>(what: string, c: Case<R>, key: string, value: R): Promise<void> =>
  ensure(isSome(c, value)(await run('get', c.store.get(key))), () => `${what}: another value, or none`)

const isGone = async <R>(what: string, c: Case<R>, key: string): Promise<void> =>
  ensure((await run('get', c.store.get(key)))._tag === 'None', () => `${what}: there is an entry`)

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

  'law 22: of many who want a lease at once one wins, and one stores': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    for (const [i, beyond] of [D.forever, D.zero, minute, D.forever].entries()) {
      const keys = ['a', 'b'].map((key) => `${prefix}${key}${String(i)}`)
      const wishes = keys.flatMap((key) =>
        Array.from({ length: 20 }, (_, n) => [key, `token ${String(n)}`] as const)
      )
      const answers = await Promise.all(
        wishes.map(([key, token]) => run('acquire', leases.acquire(key, token, minute, beyond)))
      )
      const winners = wishes.filter((_, n) => answers[n]?._tag === 'Won')
      ensure(
        isDeepStrictEqual(
          winners.map(([key]) => key),
          keys
        ),
        () => `${String(winners.length)} winners`
      )
      ensure(answers.filter(({ _tag }) => _tag === 'Busy').length === 38, () => 'neither won nor busy')
      const stored = await Promise.all(
        wishes.map(([key, token]) => run('commit', leases.commit(key, token, some(value), minute)))
      )
      ensure(
        isDeepStrictEqual(
          wishes.filter((_, n) => stored[n]),
          winners
        ),
        () => 'not only the winners stored'
      )
    }
    await run('clear', c.store.clear(prefix))
  }),

  'law 25: a lease is won once, until it is given back, used or taken away': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const ends: Readonly<Record<string, (key: string) => TaskEither<StoreError, unknown>>> = {
      release: (key) => leases.release(key, 'holder'),
      commit: (key) => leases.commit(key, 'holder', some(value), longest(c)),
      'commit of zero': (key) => leases.commit(key, 'holder', some(value), D.zero),
      'commit of none': (key) => leases.commit(key, 'holder', none, longest(c)),
      override: (key) => leases.override([[key, some(value), longest(c)]]),
      'override of zero': (key) => leases.override([[key, some(value), D.zero]]),
      'override of none': (key) => leases.override([[key, none, longest(c)]])
    }
    for (const [name, end] of Object.entries(ends)) {
      const key = prefix + name
      await wins('at first', leases, key, 'holder')
      isBusyFor(c, await wish(leases, key, 'somebody else'), minute, 'taken')
      isBusyFor(c, await wish(leases, key, 'holder'), minute, 'taken by who asks again')
      await run(name, end(key))
      await wins(`after ${name}`, leases, key, 'next')
      await isBusy(`after ${name}`, leases, key)
      await run('override', leases.override([[key, none, minute]]))
    }
  }),

  'law 25: nobody but its holder renews, gives back or uses a lease': ofLeases(async (c, leases) => {
    const key = `${freshPrefix()}key`
    const [a, b] = two(c)
    const isNobodys = async (what: string, token: string): Promise<void> => {
      ensure(!(await run('renew', leases.renew(key, token, minute))), () => `${what}: renewed`)
      await run('release', leases.release(key, token))
      ensure(!(await run('commit', leases.commit(key, token, some(b), longest(c)))), () => `${what}: used`)
      ensure(
        !(await run('commit', leases.commit(key, token, none, longest(c)))),
        () => `${what}: used to remove`
      )
    }
    for (const token of ['holder', '']) await isNobodys('before it was taken', token)
    await isGone('before it was taken', c, key)
    await wins('at first', leases, key, 'holder')
    for (const token of ['somebody else', 'holde', 'holder ', '']) await isNobodys('not the holder', token)
    await isGone('not the holder', c, key)
    await isBusy('somebody else gave it back', leases, key)
    ensure(await run('renew', leases.renew(key, 'holder', D.hours(1))), () => 'its holder does not renew it')
    isBusyFor(c, await wish(leases, key, 'somebody else'), D.hours(1), 'renewed')
    ensure(
      await run('commit', leases.commit(key, 'holder', some(a), longest(c))),
      () => 'its holder does not use it'
    )
    await isNobodys('it was used', 'holder')
    await isThere('it was used', c, key, a)
    await run('delete', c.store.delete(key))
  }),

  'law 25: a lease ends by itself, and not before, and what was loaded with it is not stored': ofLeases(
    async (c, leases) => {
      if (!c.leasesWait) return
      const prefix = freshPrefix()
      const [a, b] = two(c)
      const short = D.milliseconds(400)
      const key = (name: string): string => prefix + name
      const over = ['acquired', 'seized', 'renewed for less', 'empty'].map(key)
      const [acquired = '', seized = '', less = '', empty = ''] = over
      const more = key('renewed for more')
      for (const k of [acquired, seized, less]) await run('set', c.store.set(k, a, longest(c)))
      await run('acquire', leases.acquire(less, 'holder', D.hours(1), D.forever))
      for (const k of [acquired, empty, more]) {
        const { _tag } = await run('acquire', leases.acquire(k, 'holder', short, D.forever))
        ensure(_tag === 'Won', () => 'not won')
      }
      await run('seize', leases.seize(seized, 'holder', short))
      await run('renew', leases.renew(less, 'holder', short))
      ensure(await run('renew', leases.renew(more, 'holder', D.hours(1))), () => 'over too early')
      for (const k of [acquired, seized, less]) {
        isBusyFor(c, await wish(leases, k, 'somebody else'), short, 'over too early')
      }
      await c.wait(600)
      for (const k of over) {
        ensure(!(await run('renew', leases.renew(k, 'holder', minute))), () => `${k}: renewed when over`)
        ensure(
          !(await run('commit', leases.commit(k, 'holder', some(b), minute))),
          () => `${k}: used when over`
        )
        await wins(k, leases, k, 'next')
        await run('release', leases.release(k, 'holder'))
        await isBusy(`${k}: given back by whose it was`, leases, k)
        ensure(
          !(await run('commit', leases.commit(k, 'holder', some(b), minute))),
          () => `${k}: not the holder`
        )
      }
      for (const k of [acquired, seized, less]) await isThere('used when over', c, k, a)
      await isGone('used when over', c, empty)
      await isBusy('renewed for more', leases, more)
      ensure(
        await run('commit', leases.commit(more, 'holder', some(b), longest(c))),
        () => 'renewed, and lost'
      )
      await isThere('renewed for more', c, more, b)
      await run('override', leases.override([...over, more].map((k) => [k, none, minute])))
    }
  ),

  'law 25: commit writes what it was told, for as long, and gives the lease back': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [a, b] = two(c)
      const commit = async (value: Option<typeof a>, ttl: D.Duration): Promise<void> => {
        await wins('before commit', leases, key, 'holder')
        ensure(await run('commit', leases.commit(key, 'holder', value, ttl)), () => 'commit: not the holder')
      }
      for (const value of [...sampled(c, 5), ...(c.options.extremes ?? [])]) {
        await commit(some(value), longest(c))
        await isThere('commit', c, key, value)
        const found = await run('acquire', leases.acquire(key, 'next', minute, D.zero))
        ensure(found._tag === 'Found' && c.equals(found.entry.value, value), () => 'acquire: another value')
      }
      for (const ttl of c.lifetime ? [D.seconds(30), D.hours(1), ...longLives, D.forever] : [D.forever]) {
        await commit(some(a), ttl)
        remains(c, await run('read', c.store.read(key)), ttl, 'commit')
      }
      const nothings = [
        [some(b), D.zero],
        [some(b), D.milliseconds(-1)],
        [none, longest(c)],
        [none, D.zero]
      ] as const
      for (const [value, ttl] of nothings) {
        await run('set', c.store.set(key, a, longest(c)))
        await commit(value, ttl)
        await isGone('commit of nothing', c, key)
      }
      await wins('after commit', leases, key, 'next')
      await run('release', leases.release(key, 'next'))
    }
  ),

  'law 25: acquire finds what lives for longer than it was asked, whoever has the lease': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [value] = two(c)
      const acquire = (beyond: D.Duration): Promise<Acquired<typeof value>> =>
        run('acquire', leases.acquire(key, 'holder', minute, beyond))
      const lives = c.lifetime ? [minute, D.hours(1), D.forever] : [D.forever]
      const bounds = [D.milliseconds(-5), D.zero, D.seconds(30), minute, D.minutes(30), D.hours(1), D.days(9)]
      for (const ttl of lives) {
        await run('set', c.store.set(key, value, ttl))
        for (const held of [false, true]) {
          for (const beyond of [...bounds, D.forever]) {
            const what = `${String(ttl)} ms to live, and more than ${String(beyond)} asked`
            if (held) await run('seize', leases.seize(key, 'another', minute))
            const answer = await acquire(beyond)
            const expected = ttl > beyond ? 'Found' : held ? 'Busy' : 'Won'
            ensure(answer._tag === expected, () => `${what}: ${answer._tag}`)
            if (answer._tag === 'Found') {
              ensure(c.equals(answer.entry.value, value), () => `${what}: another value`)
              remains(c, some(answer.entry), ttl, what)
            }
            await run('release', leases.release(key, held ? 'another' : 'holder'))
          }
        }
      }
      // as long as it was asked is not longer; often enough that no time passes in between
      for (let i = 0; i < 20 && c.lifetime; i++) {
        await run('set', c.store.set(key, value, minute))
        ensure((await acquire(minute))._tag === 'Won', () => 'found what lives for as long as it was asked')
        await run('release', leases.release(key, 'holder'))
      }
      await run('delete', c.store.delete(key))
      await wins('nothing is there', leases, key, 'holder')
      await run('release', leases.release(key, 'holder'))
    }
  ),

  'law 25: of those who seize a lease the last one has it, and no other stores': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [a, b] = two(c)
      const lost = async (token: string): Promise<void> => {
        ensure(!(await run('renew', leases.renew(key, token, minute))), () => `${token} renews`)
        await run('release', leases.release(key, token))
        ensure(
          !(await run('commit', leases.commit(key, token, some(a), longest(c)))),
          () => `${token} stores`
        )
      }
      await run('seize', leases.seize(key, 'first', minute))
      await isBusy('seized where it was free', leases, key)
      await run('seize', leases.seize(key, 'second', D.hours(1)))
      isBusyFor(c, await wish(leases, key, 'somebody else'), D.hours(1), 'seized from somebody')
      await lost('first')
      await run('seize', leases.seize(key, 'third', minute))
      await lost('first')
      await lost('second')
      await isGone('those who lost the lease', c, key)
      ensure(await run('commit', leases.commit(key, 'third', some(b), longest(c))), () => 'the last one lost')
      await isThere('the last one', c, key, b)
      await wins('in the end', leases, key, 'next')
      await run('override', leases.override([[key, none, minute]]))
    }
  ),

  'law 25: override writes and removes, the later of two, and takes the leases away': ofLeases(
    async (c, leases) => {
      const prefix = freshPrefix()
      const [old, a] = two(c)
      const b = sampled(c, 3)[2] as typeof a // the proof: it gives as many as it was asked for
      const long = longest(c)
      const expected: Readonly<Record<string, readonly [ReadonlyArray<Write<typeof a>>, Option<typeof a>]>> =
        {
          written: [[[`${prefix}written`, some(a), long]], some(a)],
          'for ever': [[[`${prefix}for ever`, some(a), D.forever]], some(a)],
          removed: [[[`${prefix}removed`, none, long]], none],
          zero: [[[`${prefix}zero`, some(a), D.zero]], none],
          less: [[[`${prefix}less`, some(a), D.milliseconds(-1)]], none],
          twice: [
            [
              [`${prefix}twice`, some(a), long],
              [`${prefix}twice`, some(b), long]
            ],
            some(b)
          ],
          'in the end removed': [
            [
              [`${prefix}in the end removed`, some(a), long],
              [`${prefix}in the end removed`, none, long]
            ],
            none
          ],
          'in the end written': [
            [
              [`${prefix}in the end written`, none, long],
              [`${prefix}in the end written`, some(b), long]
            ],
            some(b)
          ]
        }
      const names = [...Object.keys(expected), 'not named']
      for (const name of names) {
        await run('set', c.store.set(prefix + name, old, long))
        await wins('before', leases, prefix + name, 'holder')
      }
      await run('override', leases.override([]))
      for (const name of names) await isBusy('nothing was named', leases, prefix + name)
      await run('override', leases.override(Object.values(expected).flatMap(([writes]) => writes)))
      for (const [name, [, value]] of Object.entries(expected)) {
        const key = prefix + name
        const stored = await run('commit', leases.commit(key, 'holder', some(old), long))
        ensure(!stored, () => `${name}: what was loaded before is stored`)
        if (value._tag === 'Some') await isThere(name, c, key, value.value)
        else await isGone(name, c, key)
        await wins(name, leases, key, 'next')
      }
      remains(c, await run('read', c.store.read(`${prefix}written`)), long, 'override')
      remains(c, await run('read', c.store.read(`${prefix}for ever`)), D.forever, 'override')
      await isThere('not named', c, `${prefix}not named`, old)
      ensure(
        await run('commit', leases.commit(`${prefix}not named`, 'holder', some(a), long)),
        () => 'a lease is lost whose key was not named'
      )
      await run('override', leases.override(names.map((name) => [prefix + name, none, long])))
    }
  ),

  'law 25: override of many keys, and of the largest values': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const [value] = two(c)
    const values = [...Array.from({ length: 1_200 }, () => value), ...(c.options.extremes ?? [])]
    const keys = values.map((_, i) => `${prefix}${String(i)}`)
    // of the first, the last, and those around where a list may be cut
    const held = [0, 499, 500, 501, 999, 1_000, 1_001, keys.length - 1].map((i) => keys[i] ?? '')
    for (const key of held) await wins('before', leases, key, 'holder')
    const isRemoved = (i: number): boolean => i < 1_200 && i % 3 === 1
    await run(
      'override',
      leases.override(
        values.map((v, i) => [keys[i] ?? '', isRemoved(i) ? none : some(v), longest(c)] as const)
      )
    )
    const found = await run('getMany', c.store.getMany(keys))
    values.forEach((v, i) => {
      const answer = found[i]
      ensure(
        answer !== undefined && (isRemoved(i) ? answer._tag === 'None' : isSome(c, v)(answer)),
        () => `key ${String(i)} of many`
      )
    })
    for (const key of held) {
      ensure(
        !(await run('commit', leases.commit(key, 'holder', some(value), longest(c)))),
        () => 'a lease is left'
      )
    }
    await run('clear', c.store.clear(prefix))
  }),

  'law 25: a lease is no entry, and what is done to entries leaves it': ofLeases(async (c, leases) => {
    const prefix = freshPrefix()
    const key = `${prefix}key`
    const [value] = two(c)
    const holds = (what: string): Promise<void> => isBusy(what, leases, key)
    await wins('at first', leases, key, 'holder')
    await isGone('a lease', c, key)
    ensure((await run('read', c.store.read(key)))._tag === 'None', () => 'read finds a lease')
    ensure(!(await run('has', c.store.has(key))), () => 'has finds a lease')
    ensure(!(await run('touch', c.store.touch(key, longest(c)))), () => 'touch finds a lease')
    ensure(c.store.peek?.(key) === undefined, () => 'peek finds a lease')
    const [bulk] = await run('getMany', c.store.getMany([key]))
    ensure(bulk?._tag === 'None', () => 'getMany finds a lease')
    await holds('reads')
    await run('set', c.store.set(key, value, longest(c)))
    await holds('set')
    await isThere('set while somebody has the lease', c, key, value)
    await run('touch', c.store.touch(key, D.forever))
    await run('delete', c.store.delete(key))
    await holds('delete')
    await run('setMany', c.store.setMany([[key, value, longest(c)]]))
    await run('deleteMany', c.store.deleteMany([key]))
    await holds('deleteMany')
    ensure(await run('commit', leases.commit(key, 'holder', some(value), longest(c))), () => 'it was lost')

    // whether `clear` takes the leases of its keys away is the store's affair; it takes no others
    await wins('before clear', leases, key, 'holder')
    await wins('before clear', leases, `${prefix}a:key`, 'holder')
    await run('clear', c.store.clear(`${prefix}a:`))
    await isThere('clear', c, key, value)
    await isGone('clear', c, `${prefix}a:key`)
    await holds('clear')
    await run('override', leases.override([[key, none, minute]]))
    await run('release', leases.release(`${prefix}a:key`, 'holder'))
  }),

  'law 25: no lease is mistaken for that of another key, whatever the keys are made of': ofLeases(
    async (c, leases) => {
      const prefix = freshPrefix()
      const inBraces = ['k', '{k}', '{{k}}', '{k}}', 'k}', '{k', 'a}b', '{}k', '{}', '}', '{', '~lease:k']
      const keys = Array.from(new Set([...hostileKeys, ...inBraces]), (key) => prefix + key)
      keys.push('', `{${prefix}k}`, `~lease:{${prefix}k}`, `~lease::{${prefix}k}`)
      const values = sampled(c, keys.length)
      const tokenOf = (key: string): string => `holder of ${key}`
      for (const key of keys) await wins(JSON.stringify(key), leases, key, tokenOf(key))
      for (const key of keys) await isGone(`the lease of ${JSON.stringify(key)}`, c, key)
      for (const [i, value] of values.entries()) {
        const key = keys[i] ?? ''
        const stored = await run('commit', leases.commit(key, tokenOf(key), some(value), longest(c)))
        ensure(stored, () => `${JSON.stringify(key)}: lost`)
      }
      for (const [i, value] of values.entries()) {
        const key = keys[i] ?? ''
        await isThere(JSON.stringify(key), c, key, value)
        await wins(JSON.stringify(key), leases, key, tokenOf(key))
      }
      await run('override', leases.override(keys.map((key) => [key, none, minute])))
    }
  ),

  'law 25: to make a task of a lease does nothing, and to run it twice does it twice': ofLeases(
    async (c, leases) => {
      const key = `${freshPrefix()}key`
      const [value] = two(c)
      const acquire = leases.acquire(key, 'holder', minute, D.forever)
      const seize = leases.seize(key, 'thief', minute)
      const release = leases.release(key, 'holder')
      const commit = leases.commit(key, 'holder', some(value), longest(c))
      const override = leases.override([[key, none, minute]])
      for (const _ of [1, 2]) {
        ensure((await run('acquire', acquire))._tag === 'Won', () => 'acquire: not the first')
        ensure((await run('acquire', acquire))._tag === 'Busy', () => 'acquire: not the second')
        await run('release', release)
        ensure((await run('acquire', acquire))._tag === 'Won', () => 'release did nothing')
        ensure(await run('commit', commit), () => 'commit: not the holder')
        ensure(!(await run('commit', commit)), () => 'commit: the holder twice')
        await run('seize', seize)
        await isBusy('seize', leases, key)
        await run('override', override)
        await isGone('override', c, key)
      }
    }
  ),

  'law 25: random programs do what a Map of leases beside a Map of entries does': ofLeases((c, leases) =>
    fc.assert(
      fc.asyncProperty(leaseCommands(c), (program) => executeLeases(c, leases, freshPrefix(), program)),
      { numRuns: c.numRuns }
    )
  ),

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
