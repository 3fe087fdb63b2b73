/**
 * Every policy, and every pair of them, against a model: one caller, a clock that is moved by hand, a function that fails
 * when it is told to. The model knows nothing of the interpreter: it reckons with ages, where that goes by what is left.
 */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, Policy, ring, RingEvent, type Store } from '../../src'
import { runs, share } from '../runs'

const ms = Duration.milliseconds
type Failure = 'down' | 'absent'

/** What these policies ask of a store. */
type Needs = { readonly leases: object } & Pick<Store.Store<Uint8Array>, 'set'>

type Any = Policy.Policy<Needs, unknown, number, readonly [string], Failure>

const parts: Readonly<Record<string, Any>> = {
  ttl: Policy.ttl(ms(100)),
  'a longer ttl': Policy.ttl(ms(250)),
  'ttl 0': Policy.ttl(ms(0)),
  ttlBy: Policy.ttlBy((n: number) => ms(40 + (n % 3) * 40)),
  forever: Policy.forever,
  jitter: Policy.jitter(0.5),
  staleWhileRevalidate: Policy.staleWhileRevalidate(ms(60)),
  staleIfError: Policy.staleIfError(ms(120)),
  'staleIfError of some': Policy.staleIfError(ms(80), (e: Failure) => e === 'down'),
  retryThrottle: Policy.retryThrottle(ms(30)),
  'no retryThrottle': Policy.retryThrottle(ms(0)),
  refreshAhead: Policy.refreshAhead(0.5),
  earlyRefresh: Policy.earlyRefresh(),
  lease: Policy.lease(),
  softTimeout: Policy.softTimeout(ms(1_000)),
  timeout: Policy.timeout(ms(1_000)),
  negative: Policy.negative({
    codec: Codec.json(t.literal('absent')),
    ttl: ms(50),
    when: (e: Failure): e is 'absent' => e === 'absent'
  }),
  strict: Policy.strict,
  cacheWhen: Policy.cacheWhen((n: number) => n % 4 !== 0),
  storeTimeout: Policy.storeTimeout(ms(500)),
  loadTimeout: Policy.loadTimeout(ms(500))
}

type Step =
  | { readonly step: 'wait'; readonly ms: number }
  | { readonly step: 'fail'; readonly how: Failure | undefined }
  | {
      readonly step:
        | 'call'
        | 'many'
        | 'get'
        | 'has'
        | 'update'
        | 'set'
        | 'delete'
        | 'touch'
        | 'purge'
        | 'explain'
    }

const steps: fc.Arbitrary<ReadonlyArray<Step>> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({ step: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 130 }) })
    },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constant('fail' as const),
        how: fc.constantFrom<Failure | undefined>('down', 'absent', undefined)
      })
    },
    { weight: 6, arbitrary: fc.record({ step: fc.constantFrom('call' as const, 'many' as const) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        step: fc.constantFrom(
          'get' as const,
          'has' as const,
          'update' as const,
          'set' as const,
          'delete' as const,
          'touch' as const,
          'purge' as const,
          'explain' as const
        )
      })
    }
  ),
  { minLength: 1, maxLength: 25 }
)

interface Entry {
  readonly answer: E.Either<Failure, number>
  readonly at: number
  readonly fresh: number
  readonly life: number
}

/** The half of every lifetime that chance may take, and always takes here. */
const random = (): number => 0.5

/** What the rules say, by ages. */
class Model {
  time = 0
  runs = 0
  failure: Failure | undefined
  entry: Entry | undefined
  throttledUntil = -1
  excusedUntil = -1
  readonly grace: number
  constructor(readonly policy: Policy.Policy<never, unknown, number, readonly [string], Failure>) {
    this.grace = Math.max(0, policy.staleWhileRevalidate ?? 0, policy.staleIfError?.window ?? 0)
  }
  whole(value: number): number {
    const { ttl = Policy.defaultTtl } = this.policy
    return typeof ttl === 'function' ? ttl(value, ['k']) : ttl
  }
  there(): Entry | undefined {
    const { entry } = this
    return entry !== undefined && this.time - entry.at < entry.life ? entry : undefined
  }
  store(answer: E.Either<Failure, number>, removes: boolean): void {
    if (E.isLeft(answer)) {
      const { negative } = this.policy
      if (negative?.when(answer.left) !== true || !(negative.ttl > 0)) return
      this.entry = { answer, at: this.time, fresh: negative.ttl, life: negative.ttl }
      return
    }
    const { cacheWhen = () => true } = this.policy
    const whole = this.whole(answer.right)
    if (!cacheWhen(answer.right, ['k']) || !(whole > 0)) {
      if (removes) this.entry = undefined
      return
    }
    const fresh = this.shortened(whole)
    this.entry = { answer, at: this.time, fresh, life: fresh + this.grace }
  }
  shortened(whole: number): number {
    const { jitter = 0 } = this.policy
    return whole === Infinity || jitter === 0
      ? whole
      : Math.max(1, Math.floor(whole * (1 - jitter * random())))
  }
  /** A new lifetime for the value that is there; one of nothing removes it. */
  renew(value: number): void {
    const fresh = this.shortened(this.whole(value))
    this.entry =
      this.entry === undefined || !(fresh > 0)
        ? undefined
        : { ...this.entry, at: this.time, fresh, life: fresh + this.grace }
  }
  run(seen: Entry | undefined, removes = false): E.Either<Failure, number> {
    this.runs++
    const answer: E.Either<Failure, number> =
      this.failure === undefined ? E.right(this.runs) : E.left(this.failure)
    if (E.isLeft(answer))
      this.throttledUntil = this.time + (this.policy.retryThrottle ?? Policy.defaultRetryThrottle)
    if (E.isRight(answer)) this.throttledUntil = this.excusedUntil = -1
    else if (this.policy.staleIfError?.when(answer.left) === true) this.excusedUntil = this.throttledUntil
    const servesStale =
      E.isLeft(answer) &&
      // an update has not looked whether there is something to keep
      (removes || (seen !== undefined && E.isRight(seen.answer))) &&
      this.policy.staleIfError?.when(answer.left) === true
    if (!servesStale) this.store(answer, removes)
    return answer
  }
  verdict(entry: Entry): 'fresh' | 'due' | 'stale' | 'expired' {
    const age = this.time - entry.at
    if (E.isLeft(entry.answer)) return 'fresh'
    if (age < entry.fresh) {
      const whole = this.whole(entry.answer.right)
      const { refreshAhead } = this.policy
      const due = refreshAhead === undefined || whole === Infinity ? 0 : whole * (1 - refreshAhead)
      return entry.fresh - age > due ? 'fresh' : 'due'
    }
    return age < entry.fresh + (this.policy.staleWhileRevalidate ?? 0) ? 'stale' : 'expired'
  }
  /** What may be served without the function. */
  usable(): number | undefined {
    const entry = this.there()
    return entry !== undefined && E.isRight(entry.answer) && this.verdict(entry) !== 'expired'
      ? entry.answer.right
      : undefined
  }
  call(): { readonly answer: E.Either<Failure, number>; readonly told: 'Hit' | 'Stale' | 'Miss' } {
    const entry = this.there()
    if (entry === undefined) return { answer: this.run(undefined), told: 'Miss' }
    const verdict = this.verdict(entry)
    const throttled = this.time < this.throttledUntil
    if (verdict === 'fresh') return { answer: entry.answer, told: 'Hit' }
    if (verdict === 'due' || verdict === 'stale') {
      if (!throttled) this.run(entry)
      return { answer: entry.answer, told: verdict === 'due' ? 'Hit' : 'Stale' }
    }
    if (this.time < this.excusedUntil) return { answer: entry.answer, told: 'Stale' }
    const answer = this.run(entry)
    return E.isLeft(answer) && this.policy.staleIfError?.when(answer.left) === true
      ? { answer: entry.answer, told: 'Stale' }
      : { answer, told: 'Miss' }
  }
}

const quiet = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Runs the steps on a ring and on the model, and compares after each. */
const agree = async (policy: Any, script: ReadonlyArray<Step>, tagged: boolean): Promise<void> => {
  const model = new Model(policy)
  const clock = { now: () => model.time }
  let runs = 0
  const fn =
    (_: string): TE.TaskEither<Failure, number> =>
    async () => {
      runs++
      return model.failure === undefined ? E.right(runs) : E.left(model.failure)
    }
  // SAFETY: the function returns what these policies ask; dict has leases
  const given = policy as Policy.Policy
  const counter = RingEvent.counter()
  const reads: Array<string> = []
  const cached = ring(fn, {
    name: 'k',
    store: dict<Uint8Array>({ clock }),
    codec: Codec.json(t.number),
    policy: given,
    clock,
    random,
    observe: (event) => () => {
      if (event._tag === 'Hit' || event._tag === 'Stale' || event._tag === 'Miss') reads.push(event._tag)
      counter.observe(event)()
    },
    ...(tagged ? { tags: (k: string) => [k, 'all'] } : {})
  })
  let asked = 0
  for (const [i, one] of script.entries()) {
    const at = `step ${String(i)} (${one.step})`
    if (one.step === 'wait') model.time += one.ms
    else if (one.step === 'fail') model.failure = one.how
    else if (one.step === 'call' || one.step === 'many') {
      const expected = model.call()
      const actual =
        one.step === 'call'
          ? await cached('k')()
          : await cached
              .getOrUpdateMany([['k']])()
              .then((all) => (E.isRight(all) ? all.right[0] : all))
      await quiet()
      asked++
      expect([at, actual, reads.pop()]).toEqual([at, expected.answer, expected.told])
    } else if (one.step === 'get') {
      asked++
      const expected = O.fromNullable(model.usable())
      expect([at, await cached.get('k')()]).toEqual([at, E.right(expected)])
    } else if (one.step === 'has') {
      expect([at, await cached.has('k')()]).toEqual([at, E.right(model.usable() !== undefined)])
    } else if (one.step === 'update') {
      const expected = model.run(undefined, true)
      expect([at, await cached.update('k')()]).toEqual([at, expected])
    } else if (one.step === 'set') {
      model.store(E.right(1_001), true)
      model.throttledUntil = model.excusedUntil = -1
      await cached.set(1_001)('k')()
    } else if (one.step === 'delete') {
      model.entry = undefined
      await cached.delete('k')()
    } else if (one.step === 'touch') {
      const value = model.usable()
      const was = await cached.touch('k')()
      if (tagged || model.grace > 0 || policy.negative !== undefined || policy.refreshAhead !== undefined)
        expect([at, was]).toEqual([at, E.right(value !== undefined)])
      if (value !== undefined) model.renew(value)
    } else if (one.step === 'purge') {
      if (tagged) model.entry = undefined
      await cached.purge('all')()
    } else {
      const entry = model.there()
      const explained = await cached.explain('k')()
      if (E.isLeft(explained)) throw explained.left
      const { holds, load, verdict } = explained.right
      expect([at, verdict, holds]).toEqual([
        at,
        entry === undefined ? 'missing' : model.verdict(entry),
        entry === undefined ? 'nothing' : E.isLeft(entry.answer) ? 'error' : 'value'
      ])
      const before = runs
      await quiet()
      expect(runs).toBe(before)
      const throttled = model.time < (verdict === 'expired' ? model.excusedUntil : model.throttledUntil)
      if (verdict === 'fresh') expect(load).toBe('none')
      if (verdict === 'missing') expect(load).toBe('foreground')
      if (verdict === 'stale') expect(load).toBe(throttled ? 'none' : 'background')
      if (verdict === 'expired') expect(load).toBe(throttled ? 'none' : 'foreground')
    }
    await quiet()
    expect([at, runs]).toEqual([at, model.runs])
  }
  const stats = counter.stats()
  expect(stats.hits + stats.stales + stats.misses).toBe(asked)
}

const names = Object.keys(parts)

describe('policies', () => {
  test('laws 15, 19, 28, 29 and 38: every policy, and every pair of them, does what the model does', async () => {
    // a pair in both orders where all cases are tried, in one where few are
    const isFirst = (a: string, b: string): boolean => share >= 0.1 || a <= b
    const pairs = names.flatMap((a) => names.filter((b) => isFirst(a, b)).map((b) => [a, b] as const))
    for (const [a, b] of pairs) {
      const policy = Policy.policy(parts[a] as Any, parts[b] as Any) as Any
      await fc
        .assert(
          fc.asyncProperty(steps, fc.boolean(), (script, tagged) => agree(policy, script, tagged)),
          { numRuns: runs(12) }
        )
        .catch((cause: unknown) => {
          throw new Error(`${a}, ${b}`, { cause })
        })
    }
  }, 120_000)

  test('laws 15, 28, 29 and 38: any number of policies does what the model does', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(...names), { maxLength: 8 }),
        steps,
        fc.boolean(),
        (chosen, script, tagged) =>
          agree(Policy.policy(...chosen.map((name) => parts[name] as Any)) as Any, script, tagged)
      ),
      { numRuns: runs(2000) }
    )
  }, 120_000)

  test('law 14: a monoid: what is put together in any grouping says the same', () => {
    const { concat, empty } = Policy.getMonoid<Needs, unknown, number, readonly [string], Failure>()
    const any = fc.constantFrom(...names).map((name) => parts[name] as Any)
    const said = ({ cacheWhen, ...rest }: Any) => ({
      ...rest,
      cacheWhen: [1, 2, 3, 4].map((n) => cacheWhen?.(n, ['k']))
    })
    fc.assert(
      fc.property(any, any, any, (a, b, c) => {
        expect(said(concat(a, concat(b, c)))).toEqual(said(concat(concat(a, b), c)))
        expect(said(concat(empty, a))).toEqual(said(a))
        expect(said(concat(a, empty))).toEqual(said(a))
        expect(said(Policy.policy(a, b, c) as Any)).toEqual(said(concat(a, concat(b, c))))
      })
    )
  })
})
