/** Puts a plan on the stage: rings over one store, a function whose runs the explorer ends, and the actors. */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import type * as lib from '../../src'
import { type Backend, type Client, makeBackend } from '../simulation/store'
import { valueOf, wrongIn } from './checks'
import type { Program, Started, World } from './explore'
import type { Answer, Call, Change, Given, History, Load } from './history'
import type { Actor, Plan } from './programs'
import { client, type Fate } from './store'

/** The library that is explored. `watching`: makes a ring, and gives the number of keys that it holds. */
export interface Subject {
  readonly lib: typeof lib
  readonly watching: <A>(make: () => A) => readonly [A, () => number]
}

/** The arguments of a call: its key, and when it began. */
type Id = number | { id: number; readonly since: number }
type Result<A> = Promise<E.Either<unknown, A>>

/** A ring of the model, whatever its policy. */
interface Ring {
  (id: Id): () => Result<string>
  readonly get: (id: Id) => () => Result<O.Option<string>>
  readonly update: (id: Id) => () => Result<string>
  readonly delete: (id: Id) => () => Result<void>
  readonly set: (value: string) => (id: Id) => () => Result<void>
  readonly purge: (tag: string) => () => Result<void>
  readonly clear: () => () => Result<void>
  readonly getOrUpdateMany: (
    ids: ReadonlyArray<readonly [Id]>
  ) => () => Result<ReadonlyArray<E.Either<unknown, string>>>
  readonly key: (id: Id) => string
}

/** Lifetimes are so long that only the entry that is there at first ends. */
const ttl = 60_000
export const window = 50_000
const loadTimeout = 5_000
const leaseTtl = 3_000

/** Numbers hold both: a ring knows that they do not change. */
const mostKeys = 10
const idBy = (key: number, since: number): number => key + mostKeys * since
const idOf = (id: Id): number => (typeof id === 'number' ? id % mostKeys : id.id)
const sinceOf = (id: Id): number => (typeof id === 'number' ? Math.floor(id / mostKeys) : id.since)

type Breaks = Pick<lib.Store.Store<string>, 'peek' | 'peekEntry'>

/** The store of the rings, and what the stage asks of it. */
interface Shelf {
  readonly of: (ring: number) => Client<string>
  /** The same entries, for the stage itself. */
  readonly aside: Client<string>
  readonly asked: ReadonlyArray<Array<string>>
  readonly broke: () => boolean
  readonly reading: () => number
}

/** Two rings over one store in memory, or two clients of one store. */
const makeShelf = (
  { lib: { dict, Duration } }: Subject,
  plan: Plan,
  world: World,
  took: (ring: number, operation: lib.Store.Operation, keys: ReadonlyArray<string>) => void
): Shelf => {
  const asked: ReadonlyArray<Array<string>> = [[], []]
  if (plan.kind === 'memory') {
    const store = dict<string>({ clock: world.clock }) as Client<string> & Breaks
    return {
      of: () => store,
      aside: store,
      asked,
      broke: () => false,
      reading: () => 0
    }
  }
  const backend: Backend = makeBackend(world)
  const breaking = plan.breaks === undefined ? 0 : world.choose(plan.breaks) + 1
  const how: Fate = world.choose(2) === 0 ? 'undone' : 'done'
  let reading = 0
  let most = 0
  const isRead = (operation: lib.Store.Operation, [key]: ReadonlyArray<string>): boolean =>
    (operation === 'get' || operation === 'read') && key === 'k:1'
  let calls = 0
  let broke = plan.deadline !== undefined
  const fateOf = (operation: lib.Store.Operation): Fate => {
    calls++
    const fate = plan.fate?.(operation, calls) ?? (calls === breaking ? how : 'well')
    broke ||= fate !== 'well'
    return fate
  }
  // a deadline of the store itself is trusted; this is one of the ring
  const deadline = plan.deadline === undefined ? Duration.forever : undefined
  const immediate: World = { ...world, log: () => undefined, offer: ([option]) => option?.[1]() }
  return {
    of: (ring) =>
      client<string>(world, {
        backend,
        who: `process ${String(ring)}`,
        deadline,
        fate: (operation, keys) => {
          asked[ring]!.push(operation)
          if (isRead(operation, keys)) most = Math.max(most, ++reading)
          return fateOf(operation)
        },
        answered: (operation, keys) => {
          if (isRead(operation, keys)) reading--
        },
        took: (operation, keys) => took(ring, operation, keys)
      }),
    aside: client<string>(immediate, {
      backend,
      who: 'the stage',
      deadline: Duration.forever,
      fate: () => 'well',
      took: () => undefined
    }),
    asked,
    broke: () => broke,
    reading: () => most
  }
}

const policyOf = ({ lib: { Duration, Policy } }: Subject, plan: Plan): lib.Policy.Policy => {
  const ms = Duration.milliseconds
  const parts = [
    Policy.ttl(ms(ttl)),
    Policy.loadTimeout(ms(loadTimeout)),
    ...(plan.deadline === undefined ? [] : [Policy.storeTimeout(ms(plan.deadline))]),
    ...(plan.stale === undefined ? [] : [Policy.staleWhileRevalidate(ms(plan.stale))]),
    ...(plan.ifError === undefined ? [] : [Policy.staleIfError(ms(plan.ifError))]),
    ...(plan.lease === true ? [Policy.lease({ ttl: ms(leaseTtl) })] : []),
    ...(plan.throttle === undefined ? [] : [Policy.retryThrottle(ms(plan.throttle))]),
    ...(plan.strict === true ? [Policy.strict] : []),
    ...(plan.keepsNothing === true ? [Policy.cacheWhen(() => false)] : [])
  ]
  return Policy.policy(...(parts as unknown as ReadonlyArray<never>)) as unknown as lib.Policy.Policy // SAFETY: each of them is a policy
}

/** The function that the rings cache. The explorer says when a run ends, and, if the plan lets it, how. */
const makeFunction = (plan: Plan, world: World, loads: Array<Load>) => {
  const run = async (ring: number, ids: ReadonlyArray<Id>): Promise<Load> => {
    const id = loads.length + 1
    const load: Load = {
      id,
      ring,
      keys: ids.map(idOf),
      since: Math.min(...ids.map(sinceOf)),
      began: world.tick(),
      ended: Infinity,
      how: 'runs'
    }
    loads.push(load)
    world.log(`  load ${String(id)} of ${load.keys.join()} begins`)
    const fails = plan.fails ?? 'never'
    const certain = fails === 'always' || (fails === 'first' && id === 1) || (fails === 'second' && id === 2)
    await new Promise<void>((resolve) => {
      const option = (how: 'value' | 'error' | 'thrown'): readonly [string, () => void] => [
        `load ${String(id)} ends: ${how}`,
        () => {
          load.ended = world.tick()
          load.how = how
          resolve()
        }
      ]
      const failure = plan.throws === true ? 'thrown' : 'error'
      if (plan.hangs === true && id === 1) return
      world.offer(
        certain
          ? [option(failure)]
          : fails === 'maybe'
          ? [option('value'), option(failure)]
          : [option('value')]
      )
    })
    if (load.how === 'thrown') throw new Error(`thrown#${String(id)}`)
    return load
  }
  const answer = ({ how, id }: Load, key: number): E.Either<string, string> =>
    how === 'error' ? E.left(`error#${String(id)}`) : E.right(valueOf(key, id))
  return {
    one:
      (ring: number) =>
      (id: Id): TaskEither<string, string> =>
      async () => {
        const key = idOf(id)
        return answer(await run(ring, [id]), key)
      },
    many: (ring: number) => (list: ReadonlyArray<readonly [Id]>) => async () => {
      const load = await run(
        ring,
        list.map(([id]) => id)
      )
      return load.keys.map((key) => answer(load, key))
    }
  }
}

const optionsOf = (subject: Subject, plan: Plan, world: World) => ({
  name: 'k',
  key: subject.lib.KeyFn.contramap((id: Id) => [idOf(id)] as const)(subject.lib.KeyFn.structural('k')),
  clock: world.clock,
  random: () => 0.5,
  warnings: false,
  sharesEntries: true,
  ...(plan.tags === true ? { tags: () => ['t'] } : {}),
  ...(plan.there === 'invalid'
    ? {
        codec: {
          encode: (value: string) => E.right(value),
          decode: (raw: string) =>
            raw === valueOf(1, 'old') ? E.left(new subject.lib.RingError.DecodeError('bad')) : E.right(raw)
        }
      }
    : {})
})

/** An entry of key 1 that was there before anything began, and is as old as the plan says. */
const prepare = async (subject: Subject, plan: Plan, world: World, shelf: Shelf): Promise<void> => {
  if (plan.there === undefined) return
  const { lease: _, strict: _strict, keepsNothing: _nothing, ...plain } = plan
  const make = subject.lib.ring as unknown as (fn: unknown, options: unknown) => Ring // SAFETY: rings are made of this
  const ring = make(() => () => Promise.reject(new Error('unused')), {
    ...optionsOf(
      subject,
      { ...plan, ...(plan.there === 'invalid' ? { there: 'fresh' as const } : {}) },
      world
    ),
    store: shelf.aside,
    policy: policyOf(subject, plain)
  })
  await ring.set(valueOf(1, 'old'))(1)()
}

const answerOf = (answer: E.Either<unknown, unknown>): Answer => {
  if (E.isLeft(answer)) return { _tag: 'error', error: answer.left }
  const { right } = answer
  const value = typeof right === 'object' && right !== null ? O.toNullable(right as O.Option<unknown>) : right
  return typeof value === 'string' ? { _tag: 'value', value } : { _tag: 'none' }
}

/** Which operations carry a change out. */
const carriers: Readonly<Partial<Record<lib.Store.Operation, ReadonlyArray<Change['kind']>>>> = {
  delete: ['delete'],
  override: ['delete', 'set'],
  set: ['set'],
  deleteMany: ['purge', 'delete'],
  clear: ['clear']
}

/** The acts of a run, and what is written down of them. */
const makeActs = (world: World, rings: ReadonlyArray<Ring>, given: Map<string, Given>) => {
  const calls: Array<Call> = []
  const changes: Array<Change> = []
  const ids: Array<{ readonly id: { id: number; readonly since: number }; readonly call: Call }> = []

  const call = (name: string, kind: Call['kind'], ring: number, key: number): Call => {
    const made: Call = {
      name,
      kind,
      ring,
      key,
      changed: false,
      began: world.tick(),
      at: world.now(),
      ended: Infinity,
      endedAt: Infinity,
      answer: undefined
    }
    calls.push(made)
    return made
  }
  const end = (made: Call, answer: Answer): void => {
    made.ended = world.tick()
    made.endedAt = world.now()
    made.answer = answer
    world.log(`  ${made.name}: ${answer._tag === 'value' ? answer.value : answer._tag}`)
  }
  const follow = (made: Call, answer: Result<unknown>): void =>
    void answer.then(
      (got) => end(made, answerOf(got)),
      (cause: unknown) => end(made, { _tag: 'thrown', cause })
    )
  const change = (name: string, kind: Change['kind'], ring: number, key: number): Change => {
    const made: Change = {
      name,
      kind,
      ring,
      key,
      began: world.tick(),
      effect: undefined,
      ended: Infinity,
      ok: false
    }
    changes.push(made)
    return made
  }
  const followChange = (made: Change, answer: Result<unknown>, then: () => void = () => undefined): void =>
    void answer.then(
      (got) => {
        made.ended = world.tick()
        made.ok = E.isRight(got)
        world.log(`  ${made.name}: ${got._tag}`)
        then()
      },
      () => {
        made.ended = world.tick()
      }
    )

  const act = ({ act: kind, key = 1, ring: at = 0 }: Actor, name: string, mutable: boolean): void => {
    const ring = rings[at]!
    switch (kind) {
      case 'call': {
        const made = call(name, kind, at, key)
        const id = mutable ? { id: key, since: made.began } : idBy(key, made.began)
        if (typeof id === 'object') ids.push({ id, call: made })
        return follow(made, ring(id)())
      }
      case 'get':
        return follow(call(name, kind, at, key), ring.get(key)())
      case 'many': {
        const list = [1, 2] as const
        const made = list.map((id) => call(`${name}[${String(id)}]`, kind, at, id))
        return void ring
          .getOrUpdateMany(list.map((id, i) => [idBy(id, made[i]!.began)]))()
          .then(
            (got) =>
              made.forEach((one, i) =>
                end(one, answerOf(E.isLeft(got) ? got : got.right[i] ?? E.left('a hole')))
              ),
            (cause: unknown) => made.forEach((one) => end(one, { _tag: 'thrown', cause }))
          )
      }
      case 'update': {
        const [made, its] = [call(name, kind, at, key), change(name, kind, at, key)]
        const answer = ring.update(idBy(key, made.began))()
        followChange(its, answer)
        return follow(made, answer)
      }
      case 'set': {
        const made = change(name, kind, at, key)
        const from = `set${String(changes.length)}`
        const source: Given = { kind: 'set', key, ring: at, began: made.began, ended: Infinity }
        given.set(from, source)
        return followChange(made, ring.set(valueOf(key, from))(key)(), () => {
          if (made.ok) source.ended = made.ended
        })
      }
      case 'delete':
        return followChange(change(name, kind, at, key), ring.delete(key)())
      case 'purge':
        return followChange(change(name, kind, at, key), ring.purge('t')())
      case 'clear':
        return followChange(change(name, kind, at, key), ring.clear()())
      case 'wait': {
        const made = change(name, kind, at, key)
        world.pass(loadTimeout + 1)
        made.effect = made.began
        made.ended = made.began
        made.ok = true
        return
      }
      case 'change': {
        const [first] = ids
        if (first === undefined) return
        first.id.id = 2
        first.call.changed = true
        return
      }
    }
  }
  const took = (at: number, operation: lib.Store.Operation): void => {
    const kinds = carriers[operation] ?? []
    const tick = world.tick()
    for (const one of changes)
      if (one.ring === at && one.ended === Infinity && kinds.includes(one.kind)) one.effect ??= tick
  }
  return { calls, changes, act, took, call, follow }
}

/** Rejections that nobody heard, of the run under way. */
let unheard: Array<unknown> = []
export const hear = (cause: unknown): void => void unheard.push(cause)

const agesOf = ({ ifError = 0, stale = 0, there }: Plan): number =>
  there === 'stale' ? ttl + stale / 2 : there === 'expired' ? ttl + (stale + ifError) / 2 : 0

/** A plan as a program for the explorer. */
export const staged = (subject: Subject, plan: Plan): Program => ({
  ...(plan.early === undefined ? {} : { early: plan.early }),
  ...(plan.jobs === undefined ? {} : { jobs: plan.jobs }),
  begin: async (world): Promise<Started> => {
    unheard = []
    const loads: Array<Load> = []
    const given = new Map<string, Given>([['old', { kind: 'old', key: 1, ring: 0, began: 0, ended: 0 }]])
    const rings: Array<Ring> = []
    const acts = makeActs(world, rings, given)
    const shelf = makeShelf(subject, plan, world, acts.took)
    await prepare(subject, plan, world, shelf)
    world.pass(agesOf(plan))

    const reads = [0, 0]
    const discards = [0, 0]
    const held = [0, 0]
    const sizes: Array<() => number> = []
    const { many, one } = makeFunction(plan, world, loads)
    const make = subject.lib.ring as unknown as (fn: unknown, options: unknown) => Ring // SAFETY: as in `prepare`
    for (let at = 0; at < (plan.rings ?? 1); at++) {
      const [ring, size] = subject.watching(() =>
        make(one(at), {
          ...optionsOf(subject, plan, world),
          store: shelf.of(at),
          policy: policyOf(subject, plan),
          ...(plan.batch === true ? { batchEach: many(at) } : {}),
          ...(plan.observed === true
            ? {
                observe: ({ _tag }: { readonly _tag: string }) => {
                  if (_tag === 'Hit' || _tag === 'Stale' || _tag === 'Miss') reads[at]!++
                  if (_tag === 'Discard') discards[at]!++
                }
              }
            : {})
        })
      )
      rings.push(ring)
      sizes.push(size)
    }
    plan.actors.forEach((actor, i) => {
      const name = `${actor.act} ${String(i)}${
        (plan.rings ?? 1) > 1 ? ` in process ${String(actor.ring ?? 0)}` : ''
      }`
      world.start(`${name} begins`, () => acts.act(actor, name, plan.mutable === true))
    })
    const leased: Array<number> = []
    const { milliseconds } = subject.lib.Duration
    const probe = async (key: number): Promise<void> => {
      const { acquire } = shelf.aside.leases
      const got = await acquire(
        rings[0]!.key(key),
        'the stage',
        milliseconds(1),
        subject.lib.Duration.forever
      )()
      if (E.isRight(got) && got.right._tag === 'Busy') leased.push(key)
    }
    const history = (): History => ({
      plan,
      loads,
      given,
      changes: acts.changes,
      calls: acts.calls,
      asked: shelf.asked,
      broke: shelf.broke(),
      reading: shelf.reading(),
      reads,
      discards,
      held: sizes.map((size, at) => Math.max(size(), held[at]!)),
      leased,
      unheard
    })
    return {
      last: [
        () => {
          sizes.forEach((size, at) => (held[at] = size()))
          for (const [at, ring] of rings.entries())
            for (const key of [1, 2]) {
              const made = acts.call(`at the end get ${String(key)}`, 'get', at, key)
              acts.follow(made, ring.get(key)())
            }
        },
        () => {
          if (plan.lease === true) for (const key of [1, 2]) void probe(key)
        },
        () => {
          for (const [at, ring] of rings.entries()) {
            const made = acts.call('at the end call 1', 'probe', at, 1)
            acts.follow(made, ring(idBy(1, made.began))())
          }
        }
      ],
      check: () => wrongIn(history())
    }
  }
})
