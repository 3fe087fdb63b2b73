/**
 * The seam for pages: callers that look, decide, run a function of their own, and share its result or not. Each test runs
 * over a store in memory and over one behind promises, with and without leases and tags.
 */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Store } from '../../src'
import { dict, Duration, KeyFn, Policy, type RingEvent } from '../../src'
import { isLater } from '../../src/base/soon'
import { type Answered, type Lead, makeSeam, type Seam, type Sight } from '../../src/engine/seam'
import { assemble } from '../../src/ring/build'
import { nobody, owner } from '../../src/ring/config'
import { StoreError } from '../../src/RingError'
import * as Clock from '../../src/testing/clock'

type Err = { readonly _tag: 'Unshared' } | { readonly _tag: 'Down' }
type Any = Store.Store<unknown> & Store.Leasing<unknown>
type TheSight = Sight<[number], Err, string>
type TheLead = Lead<Err, string>

interface Site {
  readonly seam: Seam<[number], Err, string>
  readonly commands: {
    readonly get: (id: number) => TE.TaskEither<unknown, O.Option<string>>
    readonly delete: (id: number) => TE.TaskEither<unknown, void>
    readonly set: (value: string) => (id: number) => TE.TaskEither<unknown, void>
    readonly purge: (tag: string) => TE.TaskEither<unknown, void>
  }
  readonly events: Array<RingEvent.RingEvent>
  /** How many keys have something under way. */
  readonly busy: () => number
}

const unshared: Err = { _tag: 'Unshared' }
const down: Err = { _tag: 'Down' }

const behindPromises = ({ peek, peekEntry, ...store }: Any): Any => {
  expect([typeof peek, typeof peekEntry]).toEqual(['function', 'function'])
  return store
}

const base = Policy.ttl(Duration.seconds(10))
const leased = Policy.lease({ ttl: Duration.seconds(30), wait: Duration.seconds(20) })

const kinds: ReadonlyArray<readonly [string, Policy.Policy, boolean]> = [
  ['plain', base, false],
  ['leased', Policy.policy(base, leased) as Policy.Policy, false],
  ['tagged', base, true],
  ['leased and tagged', Policy.policy(base, leased) as Policy.Policy, true]
]

const stores: ReadonlyArray<readonly [string, (clock: Clock.TestClock) => Any]> = [
  ['in memory', (clock) => dict({ clock })],
  ['behind promises', (clock) => behindPromises(dict({ clock }))]
]

const cases = stores.flatMap(([where, store]) =>
  kinds.map(([kind, policy, tagged]) => ({ name: `${kind}, ${where}`, store, policy, tagged }))
)

const asPolicy = (policy: Policy.Policy<never>): Policy.Policy => policy as unknown as Policy.Policy

const siteOver = (store: Any, clock: Clock.TestClock, policy: Policy.Policy, tagged: boolean): Site => {
  const events: Array<RingEvent.RingEvent> = []
  const { engine, ring } = assemble(() => TE.left(down), {
    store,
    policy,
    name: 'page',
    clock,
    key: KeyFn.of((id: number) => String(id), 'page:') as KeyFn.KeyFn<ReadonlyArray<unknown>>,
    observe: (event) => void events.push(event),
    [owner]: nobody,
    ...(tagged ? { tags: () => ['all'] } : {})
  })
  return {
    seam: makeSeam(engine) as unknown as Seam<[number], Err, string>,
    commands: ring as Site['commands'],
    events,
    busy: engine.flights.size
  }
}

const eventsOf = ({ events }: Site): ReadonlyArray<string> => events.map(({ _tag }) => _tag)

const sightOf = (sight: E.Either<unknown, TheSight>): TheSight => {
  if (E.isLeft(sight)) throw new Error('there is no key')
  return sight.right
}

const look = async ({ seam }: Site, id = 1): Promise<TheSight> => seam.look<TheSight>([id], sightOf)

/** Looks, and does what the choice says. */
const lead = async ({ seam }: Site, id = 1): Promise<TheLead> => {
  const begun = await seam.look<Answered<Err, string> | TheLead>([id], (sight) =>
    seam.lead(sightOf(sight), 'wait')
  )
  if (begun._tag !== 'Lead') throw new Error('another process has answered')
  return begun
}

const joined = async ({ seam }: Site, id = 1) =>
  seam.look([id], async (sight) => {
    const there = sightOf(sight)
    expect(there.choice).toBe('Join')
    return seam.join(there)
  })

const stored = async ({ commands }: Site, id = 1): Promise<string | undefined> =>
  pipe(
    await commands.get(id)(),
    E.getOrElse((): O.Option<string> => O.some('a fault')),
    O.toUndefined
  )

let rejections: Array<unknown> = []
const onRejection = (cause: unknown): void => void rejections.push(cause)
beforeEach(() => {
  rejections = []
  process.on('unhandledRejection', onRejection)
})
afterEach(async () => {
  await new Promise(setImmediate)
  process.off('unhandledRejection', onRejection)
  expect(rejections).toEqual([])
})

describe.each(cases)('$name', ({ policy, store, tagged }) => {
  const site = (
    more?: Policy.Policy
  ): { readonly site: Site; readonly clock: Clock.TestClock; readonly shared: Any } => {
    const clock = Clock.testClock()
    const shared = store(clock)
    const whole = more === undefined ? policy : Policy.policy(policy, more)
    return { site: siteOver(shared, clock, whole, tagged), clock, shared }
  }

  it('stores what a lead brings, and finds it then', async () => {
    const { site: one } = site()
    const led = await lead(one)
    expect(one.busy()).toBe(1)
    led.store('first')
    expect(await led.brought).toEqual(E.right('first'))
    expect(one.busy()).toBe(0)
    expect(await look(one)).toMatchObject({ choice: 'Serve', found: 'fresh', answer: E.right('first') })
    expect(await stored(one)).toBe('first')
    expect(eventsOf(one)).toEqual(['Load', 'Store', 'Hit'])
    expect(one.events[0]).toMatchObject({ ok: true, key: 'page:1' })
  })

  it('gives what a lead brings to all who have joined, once it is stored', async () => {
    const { site: one } = site()
    const led = await lead(one)
    const others = [joined(one), joined(one)]
    led.store('first')
    led.store('second')
    led.concede(unshared, true)
    for (const other of others)
      expect(await other).toEqual({ _tag: 'Brought', answer: E.right('first'), served: undefined })
  })

  it('tells all who have joined that there will be nothing, and stores nothing', async () => {
    const { site: one } = site()
    const led = await lead(one)
    const other = joined(one)
    led.concede(unshared, true)
    expect(await other).toMatchObject({ _tag: 'Brought', answer: E.left(unshared) })
    expect(await stored(one)).toBeUndefined()
    expect(one.busy()).toBe(0)
    expect(one.events.find(({ _tag }) => _tag === 'Load')).toMatchObject({ ok: true })
    // the key, and its lease, are free
    const next = await lead(one)
    next.store('next')
    expect(await next.brought).toEqual(E.right('next'))
    expect(await stored(one)).toBe('next')
  })

  it('rejects for all who have joined when the function throws', async () => {
    const { site: one } = site()
    const led = await lead(one)
    const other = joined(one)
    led.fail(new Error('mine'))
    await expect(other).rejects.toThrow('mine')
    expect(one.busy()).toBe(0)
    expect(one.events.find(({ _tag }) => _tag === 'Load')).toMatchObject({ ok: false })
    await lead(one)
  })

  it('does not store what a deletion has overtaken, and nobody joins it', async () => {
    const { site: one } = site()
    const led = await lead(one)
    await one.commands.delete(1)()
    const next = await lead(one)
    led.store('old')
    next.store('new')
    await Promise.all([led.brought, next.brought])
    expect(await stored(one)).toBe('new')
    expect(eventsOf(one).filter((tag) => tag === 'Discard')).toHaveLength(1)
  })

  it('does not store what another write has overtaken', async () => {
    const { site: one } = site()
    const led = await lead(one)
    await one.commands.set('set')(1)()
    led.store('old')
    await led.brought
    expect(await stored(one)).toBe('set')
  })

  it('serves what it has while a refresh is led in the background', async () => {
    const { clock, site: one } = site(Policy.staleWhileRevalidate(Duration.seconds(60)))
    const first = await lead(one)
    first.store('first')
    await first.brought
    await clock.pass(Duration.seconds(20))()
    const sight = await look(one)
    expect(sight).toMatchObject({ choice: 'ServeAndRefresh', found: 'stale', answer: E.right('first') })
    expect(one.seam.mayRefresh(sight.key)).toBe(true)
    const refresh = await one.seam.lead(sight, 'try')
    if (refresh._tag !== 'Lead') throw new Error('nobody else loads')
    expect(one.seam.mayRefresh(sight.key)).toBe(false)
    expect(await look(one)).toMatchObject({ choice: 'Serve', found: 'stale' })
    refresh.store('second')
    await refresh.brought
    expect(await look(one)).toMatchObject({ choice: 'Serve', found: 'fresh', answer: E.right('second') })
  })

  it('serves an expired entry instead of a failure, to its caller and to all who have joined', async () => {
    const { clock, site: one } = site(
      asPolicy(Policy.staleIfError(Duration.seconds(60), (error: unknown) => error === down))
    )
    const first = await lead(one)
    first.store('first')
    await first.brought
    await clock.pass(Duration.seconds(20))()
    for (const [why, expected] of [
      [unshared, { answer: E.left(unshared), served: undefined }],
      [down, { answer: E.right('first'), served: 'Stale' }]
    ] as const) {
      const led = await lead(one)
      expect(led.stale()).toEqual(E.right('first'))
      const other = joined(one)
      led.concede(why, false)
      // another process may have deleted or purged the old entry: it is looked for again
      const answer = await other
      if (why === down && (policy.lease !== undefined || tagged))
        expect(answer).toMatchObject({ _tag: 'LookAgain' })
      else expect(answer).toMatchObject(expected)
    }
    await clock.pass(Duration.seconds(100))()
    expect((await lead(one)).stale()).toBeUndefined()
  })

  it('updates whatever is under way: what began last is stored', async () => {
    const { site: one } = site()
    const first = await lead(one)
    const second = await one.seam.lead(await look(one), 'seize')
    if (second._tag !== 'Lead') throw new Error('an update runs')
    second.store('second')
    expect(await second.brought).toEqual(E.right('second'))
    first.store('first')
    await first.brought
    expect(await stored(one)).toBe('second')
  })

  it('keys that cannot be computed are told', async () => {
    const { site: one } = site()
    const hostile = {
      toString: (): string => {
        throw new Error('no text')
      }
    } as unknown as number
    expect(await one.seam.look([hostile], (sight) => E.isLeft(sight))).toBe(true)
  })

  if (tagged)
    it('does not store what a purge has overtaken', async () => {
      const { site: one } = site()
      const led = await lead(one)
      await one.commands.purge('all')()
      expect(await look(one)).toMatchObject({ choice: 'Load' })
      led.store('old')
      await led.brought
      expect(await stored(one)).toBeUndefined()
    })

  if (policy.lease !== undefined)
    describe('another process', () => {
      const two = () => {
        const { clock, shared, site: one } = site()
        return { clock, one, other: siteOver(shared, clock, policy, tagged) }
      }
      const after = async <A>(clock: Clock.TestClock, waiting: A | Promise<A>): Promise<A> => {
        await clock.pass(Duration.seconds(10))()
        return waiting
      }

      it('waits for the lead, and gets its value', async () => {
        const { clock, one, other } = two()
        const led = await lead(one)
        const waiting = other.seam.look<Answered<Err, string> | TheLead>([1], (sight) =>
          other.seam.lead(sightOf(sight), 'wait')
        )
        await new Promise(setImmediate)
        led.store('first')
        expect(await after(clock, waiting)).toEqual({ _tag: 'Answered', answer: E.right('first') })
      })

      it('leads itself when the lead concedes', async () => {
        const { clock, one, other } = two()
        const led = await lead(one)
        const waiting = other.seam.look<Answered<Err, string> | TheLead>([1], (sight) =>
          other.seam.lead(sightOf(sight), 'wait')
        )
        await new Promise(setImmediate)
        led.concede(unshared, true)
        const next = await after(clock, waiting)
        if (next._tag !== 'Lead') throw new Error('there is nothing to be answered')
        next.store('second')
        await next.brought
        expect(await stored(one)).toBe('second')
      })

      it('does not refresh what this one refreshes', async () => {
        const { clock, shared, site: one } = site(Policy.staleWhileRevalidate(Duration.seconds(60)))
        const swr = Policy.policy(policy, Policy.staleWhileRevalidate(Duration.seconds(60)))
        const other = siteOver(shared, clock, swr, tagged)
        const first = await lead(one)
        first.store('first')
        await first.brought
        await clock.pass(Duration.seconds(20))()
        const refresh = await one.seam.lead(await look(one), 'try')
        expect(refresh._tag).toBe('Lead')
        const sight = await look(other)
        expect(sight.choice).toBe('ServeAndRefresh')
        expect(await other.seam.lead(sight, 'try')).toEqual({ _tag: 'Answered', answer: E.right('first') })
        expect(other.seam.mayRefresh(sight.key)).toBe(false)
        expect(other.busy()).toBe(0)
      })
    })
})

describe('a store that fails', () => {
  const failing = (): Any => {
    const fault = TE.left(new StoreError('get', 'failed', 'the backend failed'))
    const { peek: _, peekEntry: __, ...store } = dict()
    return { ...store, get: () => fault, read: () => fault }
  }

  it('is not asked again, and the lead’s caller has its value', async () => {
    const one = siteOver(failing(), Clock.testClock(), base, false)
    const sight = await look(one)
    expect(sight).toMatchObject({ choice: 'LoadBlind', found: 'failed' })
    expect(sight.fault).toBeDefined()
    const led = await one.seam.lead(sight, 'wait')
    if (led._tag !== 'Lead') throw new Error('it runs')
    led.store('value')
    expect(await led.brought).toEqual(E.right('value'))
    await new Promise(setImmediate) // its caller does not wait for the write
    expect(one.busy()).toBe(0)
  })
})

describe('a look', () => {
  it('in memory answers without a promise, whether there is an entry or not', async () => {
    const clock = Clock.testClock()
    for (const kind of kinds) {
      const one = siteOver(dict({ clock }), clock, kind[1], kind[2])
      expect(isLater(one.seam.look([1], sightOf))).toBe(false)
      const led = await lead(one)
      led.store('first')
      await led.brought
      const sight = one.seam.look<TheSight>([1], sightOf)
      expect(isLater(sight)).toBe(false)
      expect(sight).toMatchObject({ choice: 'Serve' })
      expect(one.busy()).toBe(0)
    }
  })

  /** Reads answer when they are let go: what happens meanwhile overtakes them. */
  const gated = () => {
    const inner = dict()
    let go: Array<() => void> = []
    const { peek: _, peekEntry: __, ...store } = inner
    const late =
      <A>(task: () => Promise<A>) =>
      async (): Promise<A> => {
        const answer = await task()
        await new Promise<void>((resolve) => (go = [...go, resolve]))
        return answer
      }
    return {
      store: { ...store, get: (key) => late(inner.get(key)), read: (key) => late(inner.read(key)) } as Any,
      letGo: async () => {
        await new Promise(setImmediate)
        const all = go
        go = []
        all.forEach((one) => one())
        await new Promise(setImmediate)
      }
    }
  }
  const aging = Policy.policy(
    Policy.ttl(Duration.milliseconds(1)),
    asPolicy(Policy.staleIfError(Duration.seconds(60)))
  )
  const expired = async () => {
    const { letGo, store } = gated()
    const one = siteOver(store, Clock.testClock(), aging, false)
    await one.commands.set('old')(1)()
    await new Promise((resolve) => setTimeout(resolve, 5))
    return { letGo, one }
  }

  it('finds an expired entry, which is a fallback', async () => {
    const { letGo, one } = await expired()
    const looking = look(one)
    await letGo()
    expect(await looking).toMatchObject({ choice: 'Load', found: 'expired', answer: E.right('old') })
  })

  it('that a deletion has overtaken looks again', async () => {
    const { letGo, one } = await expired()
    const looking = look(one)
    await new Promise(setImmediate)
    await one.commands.delete(1)()
    await letGo()
    await letGo()
    expect(await looking).toMatchObject({ choice: 'Load', found: 'missing', answer: undefined })
  })

  it('that is overtaken twice has no fallback', async () => {
    const { letGo, one } = await expired()
    const looking = look(one)
    for (let i = 0; i < 2; i++) {
      await new Promise(setImmediate)
      await one.commands.set('other')(1)()
      await new Promise((resolve) => setTimeout(resolve, 5))
      await letGo()
    }
    expect(await looking).toMatchObject({ choice: 'Load', answer: undefined })
    expect(one.busy()).toBe(0)
  })

  it('does not ask the store while a load is under way that it may join', async () => {
    const { letGo, store } = gated()
    let reads = 0
    const one = siteOver(
      { ...store, get: (key) => (reads++, store.get(key)) },
      Clock.testClock(),
      base,
      false
    )
    const leading = lead(one)
    await letGo()
    const led = await leading
    expect(reads).toBe(1)
    expect(await look(one)).toMatchObject({ choice: 'Join', found: 'unread' })
    expect(reads).toBe(1)
    led.concede(unshared, true)
  })
})
