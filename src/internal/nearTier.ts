/**
 * What a near tier may serve and keep.
 *
 * Whatever lies near was read from the far tier, or written to it, by this process. Before it lies near somebody else may
 * have changed it. So a *fill* is noted before the far tier is asked, a change that is heard of ends it, and what it
 * brings is kept only if it has not ended. A key that is being written here, or is being taken out of the near tier, is
 * neither served from there nor kept.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Clock } from '../Clock'
import * as D from '../Duration'
import type { Invalidation, Listener } from '../Invalidation'
import type { Key } from '../KeyFn'
import type { StoreError } from '../RingError'
import type { Entry, Operation, Store } from '../Store'
import { makeAging } from './aging'
import { attempt } from './attempt'
import { withDeadline } from './deadline'

/** A read or a write of the far tier, whose outcome is kept near while this is alive. */
export interface Fill {
  alive: boolean
  /** When the far tier was asked. */
  readonly since: number
  /** While it is written to the near tier. */
  keeping: Promise<unknown> | undefined
}

type Outcome<A> = Promise<E.Either<StoreError, A>>

/** Runs an operation of a store, which may throw. */
export type Attempt = <A>(operation: Operation, task: () => Outcome<A>) => Outcome<A>

/** How long a near store is waited for that does not say how long it takes. */
const patience = D.milliseconds(1_000)

const isPrompt = <R>({ deadline, peek }: Store<R>): boolean => deadline !== undefined || peek !== undefined

const attemptInTime: Attempt = (operation, task) =>
  withDeadline(operation, patience, () => attempt(operation, task)).then(E.flatten)

/** Reads a near store, not for ever: what it does not say in time the far one does. */
export const attemptNear = <R>(near: Store<R>): Attempt => (isPrompt(near) ? attempt : attemptInTime)

export interface NearTier<R> {
  /** Begins to listen, at its first call. */
  readonly start: () => void
  readonly serves: (key: Key) => boolean
  /** By how much an entry that is kept outlives its copy in the near tier; unknown where it was kept long ago. */
  readonly beyond: (key: Key) => number | undefined
  /** Asks the far tier for a key. Whoever opens a fill keeps it or closes it. */
  readonly open: (key: Key) => Fill
  readonly close: (key: Key, fill: Fill) => void
  /** Keeps entries whose fills are alive, until they end in the far tier or sooner, and closes the fills. */
  readonly keep: (entries: ReadonlyArray<readonly [key: Key, fill: Fill, entry: Entry<R>]>) => Promise<void>
  readonly drop: (keys: ReadonlyArray<Key>) => Promise<void>
  /** Runs a write of the far tier, which does not throw, then what follows from it. Where it fails nobody knows what the far tier has. */
  readonly during: <A>(
    keys: ReadonlyArray<Key>,
    far: () => Outcome<A>,
    then: (answer: A, fillOf: (key: Key) => Fill | undefined) => Promise<unknown>
  ) => Outcome<A>
  /** The same for all keys that begin with a prefix. */
  readonly duringClear: (prefix: string, far: () => Outcome<void>) => Outcome<void>
}

/** Of so many copies, twice, it is known how much longer their entries live. */
const half = 32_768

const always = (): boolean => true

/** Feeds outlive tiers: one that nobody uses any more is let go, and ends to listen at the next change. */
const listenWeakly = (invalidation: Invalidation, listener: Listener): void => {
  const ref = new WeakRef(listener)
  const told = (tell: (listener: Listener) => void): void => {
    const there = ref.deref()
    if (there === undefined) end()
    else tell(there)
  }
  const end = invalidation.listen({
    changed: (change) => told((there) => there.changed(change)),
    lost: () => told((there) => there.lost())
  })()
}

/** `longest`: the longest life of a copy. */
export const makeNearTier = <R>(
  near: Store<R>,
  longest: D.Duration,
  invalidation: Invalidation | undefined,
  clock: Clock
): NearTier<R> => {
  const fills = new Map<Key, Set<Fill>>()
  /** Keys that are being written, or taken out: how often. */
  const held = new Map<Key, number>()
  /** How often all keys are being taken out, or may be stale. */
  let closed = 0
  /** What was to be taken out may still be there. */
  let dirty = false
  let started = invalidation === undefined
  const { get: beyond, set: noteBeyond } = makeAging<number>(half)
  /** A feed of somebody else's may throw: then nothing is kept. */
  const covers =
    invalidation === undefined
      ? always
      : (key: Key): boolean => {
          try {
            return invalidation.covers(key)
          } catch {
            return false
          }
        }
  const isCapped = longest !== D.forever

  /** How much of what is done to a near store that hangs is not waited for. */
  let overdue = 0
  /**
   * Waits for the near store, but for one that hangs only once. Nothing depends on it: what is being written there, or taken
   * out, is neither served nor kept until that is done.
   */
  const wait = async (work: Promise<unknown>): Promise<void> => {
    if (isPrompt(near)) {
      await work
      return
    }
    const isDone = overdue === 0 && E.isRight(await withDeadline('set', patience, () => work))
    if (isDone) return
    overdue++
    const settled = (): void => {
      overdue--
    }
    work.then(settled, settled)
  }

  const serves = (key: Key): boolean => closed === 0 && !dirty && (held.size === 0 || !held.has(key))

  // -----------------------------------------------------------------------------------
  // fills
  // -----------------------------------------------------------------------------------

  const note = (key: Key, alive: boolean): Fill => {
    const fill: Fill = { alive, since: clock.now(), keeping: undefined }
    // one that is not kept anyway need not hear of anything
    if (alive) {
      const others = fills.get(key)
      if (others === undefined) fills.set(key, new Set([fill]))
      else others.add(fill)
    }
    return fill
  }
  const close = (key: Key, fill: Fill): void => {
    const others = fills.get(key)
    if (others?.delete(fill) === true && others.size === 0) fills.delete(key)
  }
  /** Ends the fills of a key; gives those that are written to the near tier at this moment. */
  const end = (key: Key): ReadonlyArray<Promise<unknown>> =>
    Array.from(fills.get(key) ?? [], (fill) => {
      fill.alive = false
      return fill.keeping
    }).flatMap((keeping) => (keeping === undefined ? [] : [keeping]))

  const lifeOf = ({ remaining }: Entry<R>, { since }: Fill): number =>
    remaining === D.forever ? remaining : remaining - (clock.now() - since)

  const keep: NearTier<R>['keep'] = async (entries) => {
    const kept = entries.flatMap(([key, fill, entry]) => {
      const life = lifeOf(entry, fill)
      if (!fill.alive || !covers(key) || !(life >= 1)) return []
      const copy = Math.floor(Math.min(life, longest))
      if (isCapped) noteBeyond(key, life === copy ? 0 : life - copy)
      return [[key, entry.value, copy as D.Duration] as const] // the proof: the shorter of two, or what is left of one
    })
    const [only] = kept
    if (only !== undefined) {
      const keeping =
        kept.length === 1
          ? attempt('set', () => near.set(...only)())
          : attempt('setMany', () => near.setMany(kept)())
      for (const [, fill] of entries) fill.keeping = keeping
      const done = await keeping
      for (const [, fill] of entries) fill.keeping = undefined
      if (E.isLeft(done)) await drop(kept.map(([key]) => key))
    }
    for (const [key, fill] of entries) close(key, fill)
  }

  // -----------------------------------------------------------------------------------
  // what is taken out
  // -----------------------------------------------------------------------------------

  const hold = (keys: Iterable<Key>): void => {
    for (const key of keys) held.set(key, (held.get(key) ?? 0) + 1)
  }
  const letGo = (keys: Iterable<Key>): void => {
    for (const key of keys) {
      const left = (held.get(key) ?? 1) - 1
      if (left === 0) held.delete(key)
      else held.set(key, left)
    }
  }

  const drop: NearTier<R>['drop'] = async (keys) => {
    if (keys.length === 0) return
    hold(keys)
    try {
      const keeping = keys.flatMap(end)
      if (keeping.length > 0) await Promise.all(keeping)
      if (E.isLeft(await attempt('deleteMany', () => near.deleteMany(keys)()))) dirty = true
    } finally {
      letGo(keys)
    }
  }

  const empty = async (prefix: string): Promise<void> => {
    closed++
    try {
      const keeping = Array.from(fills.keys())
        .filter((key) => key.startsWith(prefix))
        .flatMap(end)
      if (keeping.length > 0) await Promise.all(keeping)
      const done = await attempt('clear', () => near.clear(prefix)())
      if (E.isLeft(done)) dirty = true
      else if (prefix === '') dirty = false
    } finally {
      closed--
    }
  }

  /** Lives as long as the tier does. */
  const ears: Listener = {
    changed: (change) => {
      void (change._tag === 'Keys' ? drop(change.keys) : empty(change.prefix))
    },
    lost: () => {
      void empty('')
    }
  }

  const check = (): void => {
    try {
      invalidation?.check?.()
    } catch {
      void empty('')
    }
  }

  const start = (): void => {
    if (dirty && closed === 0) void empty('')
    if (invalidation === undefined) return
    if (started) return check()
    // what lies there was not listened for
    void empty('')
    try {
      listenWeakly(invalidation, ears)
      started = true
    } catch {
      // the next one who asks tries again; until then nothing is covered
    }
  }

  return {
    start,
    serves,
    beyond: isCapped ? beyond : () => 0,
    open: (key) => note(key, serves(key) && covers(key)),
    close,
    keep,
    drop,
    during: async (keys, far, then) => {
      // of two writes at once nobody knows which the far tier saw last
      const alone = invalidation?.echoes === true ? [] : keys.filter((key) => serves(key) && covers(key))
      hold(keys)
      const keeping = keys.flatMap(end)
      const own = new Map(alone.map((key) => [key, note(key, true)]))
      const follow = async (answer: E.Either<StoreError, Parameters<typeof then>[0]>): Promise<void> => {
        try {
          // two writes of the near tier must not overtake each other either
          if (keeping.length > 0) await Promise.all(keeping)
          if (E.isLeft(answer)) await drop(keys)
          else await then(answer.right, (key) => own.get(key))
        } finally {
          own.forEach((fill, key) => close(key, fill))
          letGo(keys)
        }
      }
      const answer = await far()
      await wait(follow(answer))
      return answer
    },
    duringClear: async (prefix, far) => {
      closed++
      try {
        for (const key of fills.keys()) if (key.startsWith(prefix)) void end(key)
        const answer = await far()
        await wait(empty(prefix))
        return answer
      } finally {
        closed--
      }
    }
  }
}
