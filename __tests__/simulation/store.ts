/**
 * One store that all nodes share, with its own clock (the world's), and the way there and back: requests and answers are
 * late or lost, a write may have happened although its caller was told that it timed out.
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import type { TaskEither } from 'fp-ts/TaskEither'

import type { Store } from '../../src'
import { Duration, RingError } from '../../src'
import type { World } from './world'

// -------------------------------------------------------------------------------------
// the store itself: every operation is atomic
// -------------------------------------------------------------------------------------

type Ttl = Duration.Duration

/** What a server does, when a request has reached it. */
export interface Backend {
  readonly read: (key: string) => O.Option<Store.Entry<unknown>>
  readonly set: (key: string, value: unknown, ttl: Ttl) => void
  readonly delete: (key: string) => void
  readonly touch: (key: string, ttl: Ttl) => boolean
  readonly clear: (prefix: string) => void
  readonly acquire: (key: string, token: string, ttl: Ttl, beyond: Ttl) => Store.Acquired<unknown>
  readonly seize: (key: string, token: string, ttl: Ttl) => void
  readonly renew: (key: string, token: string, ttl: Ttl) => boolean
  readonly release: (key: string, token: string) => void
  readonly commit: (key: string, token: string, value: O.Option<unknown>, ttl: Ttl) => boolean
  readonly override: (key: string, value: O.Option<unknown>, ttl: Ttl) => void
}

export const makeBackend = ({ now }: Pick<World, 'now'>): Backend => {
  const entries = new Map<string, { readonly value: unknown; readonly expires: number }>()
  const leases = new Map<string, { readonly token: string; readonly ends: number }>()
  const left = (ends: number): Ttl =>
    ends === Infinity ? Duration.forever : Duration.milliseconds(ends - now())
  const read: Backend['read'] = (key) => {
    const entry = entries.get(key)
    return entry === undefined || entry.expires <= now()
      ? O.none
      : O.some({ value: entry.value, remaining: left(entry.expires) })
  }
  const set: Backend['set'] = (key, value, ttl) => {
    if (ttl > 0) entries.set(key, { value, expires: now() + ttl })
    else entries.delete(key)
  }
  const holder = (key: string) => {
    const lease = leases.get(key)
    return lease === undefined || lease.ends <= now() ? undefined : lease
  }
  const take: Backend['seize'] = (key, token, ttl) => {
    leases.set(key, { token, ends: now() + ttl })
  }
  const owns = (key: string, token: string): boolean => holder(key)?.token === token
  return {
    read,
    set,
    delete: (key) => {
      entries.delete(key)
    },
    touch: (key, ttl) => {
      const found = read(key)
      if (O.isSome(found)) set(key, found.value.value, ttl)
      return O.isSome(found)
    },
    clear: (prefix) => {
      for (const key of [...entries.keys()]) if (key.startsWith(prefix)) entries.delete(key)
    },
    acquire: (key, token, ttl, beyond) => {
      const entry = read(key)
      if (O.isSome(entry) && entry.value.remaining > beyond) return { _tag: 'Found', entry: entry.value }
      const held = holder(key)
      if (held !== undefined) return { _tag: 'Busy', remaining: left(held.ends) }
      take(key, token, ttl)
      return { _tag: 'Won' }
    },
    seize: take,
    renew: (key, token, ttl) => {
      const owned = owns(key, token)
      if (owned) take(key, token, ttl)
      return owned
    },
    release: (key, token) => {
      if (owns(key, token)) leases.delete(key)
    },
    commit: (key, token, value, ttl) => {
      if (!owns(key, token)) return false
      leases.delete(key)
      if (O.isSome(value)) set(key, value.value, ttl)
      else entries.delete(key)
      return true
    },
    override: (key, value, ttl) => {
      leases.delete(key)
      if (O.isSome(value)) set(key, value.value, ttl)
      else entries.delete(key)
    }
  }
}

// -------------------------------------------------------------------------------------
// the way there and back
// -------------------------------------------------------------------------------------

/** What one read found under one key. */
export interface Sighting {
  readonly key: string
  readonly raw: unknown
  readonly remaining: number
  readonly time: number
  readonly tick: number
}

/** A request, from when it was sent. What it did is written down when it is done, wherever its answer goes. */
export interface Message {
  readonly operation: Store.Operation
  readonly keys: ReadonlyArray<string>
  readonly sent: number
  readonly seen: Array<Sighting>
  /** The raw values that it carries. */
  readonly carries: ReadonlyArray<unknown>
  /** Whether it found that somebody else has the lease. */
  busy: boolean
  /** When its effect took place: at any time after it was sent, or never. */
  applied: number | undefined
  /** How its sender was answered: it is `undefined` for one that still waits, or is no more. */
  outcome: 'right' | 'left' | undefined
  /** The time of that. */
  answered: number | undefined
}

/** What becomes of a request. `Infinity` is lost. */
export interface Fate {
  readonly there: number
  readonly back: number
  /** The store, or what is before it, answers with an error, and has done what it was asked all the same, or has not. */
  readonly fails: 'no' | 'undone' | 'done'
}

/** A node's connection. */
export interface Link {
  readonly deadline: Duration.Duration
  /** In the memory of the node: reads need no promise, and nothing is lost. */
  readonly near: boolean
  readonly alive: () => boolean
  readonly fate: () => Fate
  readonly sent: (message: Message) => void
  readonly answered: (message: Message) => void
}

export type Client<R> = Store.Store<R, object> & Store.Leasing<R>

export const connect = <R>(world: World, backend: Backend, link: Link): Client<R> => {
  const { deadline, near } = link

  const messageOf = (
    operation: Store.Operation,
    keys: ReadonlyArray<string>,
    carries: ReadonlyArray<unknown>
  ): Message => ({
    operation,
    keys,
    carries,
    sent: world.tick(),
    seen: [],
    busy: false,
    applied: undefined,
    outcome: undefined,
    answered: undefined
  })

  /** Far away: two messages, each of which may be late or lost, and a deadline. */
  const send = <A>(
    message: Message,
    effect: (message: Message) => A,
    resolve: (answer: E.Either<RingError.StoreError, A>) => void
  ): void => {
    const { back, fails, there } = link.fate()
    const { keys, operation } = message
    const answer = (get: () => E.Either<RingError.StoreError, A>) => (): void => {
      if (!link.alive()) return
      const got = get()
      message.outcome = E.isRight(got) ? 'right' : 'left'
      message.answered = world.now()
      link.answered(message)
      world.log(() => `  ${operation} ${keys.join()} → ${message.outcome ?? ''}`)
      resolve(got)
    }
    let done: E.Either<RingError.StoreError, A> | undefined
    if (there !== Infinity && fails !== 'undone')
      world.after(
        there,
        () => {
          message.applied = world.tick()
          done = E.right(effect(message))
          world.log(() => `  ${operation} ${keys.join()} ${shown(done)}`)
        },
        true
      )
    if (there + back > deadline)
      world.after(
        deadline,
        answer(() => E.left(new RingError.StoreError(operation, 'timeout', 'no answer in time')))
      )
    else
      world.after(
        there + back,
        answer(() =>
          fails === 'no' && done !== undefined
            ? done
            : E.left(RingError.storeFailed(operation)('connection reset'))
        )
      )
  }

  const ask =
    <A>(
      operation: Store.Operation,
      keys: ReadonlyArray<string>,
      effect: (message: Message) => A,
      carries: ReadonlyArray<unknown> = []
    ): TaskEither<RingError.StoreError, A> =>
    () => {
      const message = messageOf(operation, keys, carries)
      link.sent(message)
      if (!near) return new Promise((resolve) => send(message, effect, resolve))
      message.applied = world.tick()
      message.outcome = 'right'
      const answer = effect(message)
      link.answered(message)
      world.log(() => `  ${operation} ${keys.join()} ${shown(E.right(answer))}`)
      return Promise.resolve(E.right(answer))
    }

  const read = (message: Message, key: string): O.Option<Store.Entry<R>> => {
    const found = backend.read(key)
    if (O.isSome(found)) {
      const { remaining, value } = found.value
      message.seen.push({ key, raw: value, remaining, time: world.now(), tick: world.tick() })
    }
    return found as O.Option<Store.Entry<R>> // SAFETY: what the clients of this store write
  }
  const valueOf = O.map(({ value }: Store.Entry<R>) => value)

  const peekEntry = (key: string): Store.Entry<R> | undefined => {
    const message = messageOf('read', [key], [])
    const found = read(message, key)
    // what `peek` gives is served at once, or not at all
    if (O.isNone(found)) return undefined
    message.applied = message.sent
    message.outcome = 'right'
    link.sent(message)
    link.answered(message)
    return found.value
  }

  return {
    backend: {},
    deadline,
    get: (key) => ask('get', [key], (message) => valueOf(read(message, key))),
    read: (key) => ask('read', [key], (message) => read(message, key)),
    set: (key, value, ttl) => ask('set', [key], () => backend.set(key, value, ttl), [value]),
    delete: (key) => ask('delete', [key], () => backend.delete(key)),
    has: (key) => ask('has', [key], () => O.isSome(backend.read(key))),
    touch: (key, ttl) => ask('touch', [key], () => backend.touch(key, ttl)),
    getMany: (keys) => ask('getMany', keys, (message) => keys.map((key) => valueOf(read(message, key)))),
    readMany: (keys) => ask('readMany', keys, (message) => keys.map((key) => read(message, key))),
    setMany: (entries) =>
      ask(
        'setMany',
        entries.map(([key]) => key),
        () => entries.forEach(([key, value, ttl]) => backend.set(key, value, ttl)),
        entries.map(([, value]) => value)
      ),
    deleteMany: (keys) => ask('deleteMany', keys, () => keys.forEach((key) => backend.delete(key))),
    hasMany: (keys) => ask('hasMany', keys, () => keys.map((key) => O.isSome(backend.read(key)))),
    touchMany: (entries) =>
      ask(
        'touchMany',
        entries.map(([key]) => key),
        () => entries.map(([key, ttl]) => backend.touch(key, ttl))
      ),
    clear: (prefix) => ask('clear', [], () => backend.clear(prefix)),
    ...(near ? { peek: (key) => peekEntry(key)?.value, peekEntry } : {}),
    leases: {
      // SAFETY: as in `read`
      acquire: (key, token, ttl, beyond) =>
        ask('acquire', [key], (message) => {
          const acquired = backend.acquire(key, token, ttl, beyond) as Store.Acquired<R>
          message.busy = acquired._tag === 'Busy'
          return acquired
        }),
      seize: (key, token, ttl) => ask('seize', [key], () => backend.seize(key, token, ttl)),
      renew: (key, token, ttl) => ask('renew', [key], () => backend.renew(key, token, ttl)),
      release: (key, token) => ask('release', [key], () => backend.release(key, token)),
      commit: (key, token, value, ttl) =>
        ask(
          'commit',
          [key],
          () => backend.commit(key, token, value, ttl),
          O.isSome(value) ? [value.value] : []
        ),
      override: (entries) =>
        ask(
          'override',
          entries.map(([key]) => key),
          () => entries.forEach(([key, value, ttl]) => backend.override(key, value, ttl)),
          entries.flatMap(([, value]) => (O.isSome(value) ? [value.value] : []))
        )
    }
  }
}

/** An answer in a trace: no tokens, no bytes. */
const shown = (answer: E.Either<unknown, unknown> | undefined): string => {
  if (answer === undefined || E.isLeft(answer)) return 'fails'
  const { right } = answer
  if (typeof right === 'boolean') return String(right)
  if (typeof right !== 'object' || right === null) return 'done'
  if (Array.isArray(right)) return right.map((one) => shown(E.right(one))).join()
  return '_tag' in right ? String(right._tag) : 'done'
}
