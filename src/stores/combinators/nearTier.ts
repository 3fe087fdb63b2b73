/**
 * What a near tier may serve and keep.
 *
 * This process read all entries of the near tier from the far tier, or wrote them there. Another process may change an
 * entry before its copy is stored near. So a *fill* is opened before the far tier is used, and a change that is
 * received ends it; the outcome is kept only if the fill is still alive. A key that this process is writing, or
 * removing from the near tier, is neither served from there nor kept.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Clock } from '../../Clock'
import * as D from '../../Duration'
import type { Invalidation, Listener } from '../../Invalidation'
import type { Key } from '../../KeyFn'
import type { StoreError } from '../../RingError'
import { attempt } from '../kit/attempt'
import { withDeadline } from '../kit/deadline'
import type { Store } from '../model'
import { listenWeakly } from './listenWeakly'
import type { Attempt, NearTier } from './model'
import { makeCopies } from './nearCopies'
import { type Fills, makeFills } from './nearFills'
import { type Holds, makeHolds } from './nearHolds'

// -------------------------------------------------------------------------------------
// a near store that hangs
// -------------------------------------------------------------------------------------

/** The time limit of a near store that declares none. */
const patience = /*#__PURE__*/ D.milliseconds(1_000)

/** Whether the store answers in time by itself. */
const isTimely = <R>({ deadline, peek }: Store<R>): boolean => deadline !== undefined || peek !== undefined

const attemptInTime = (clock: Clock): Attempt => {
  const after = clock.after?.bind(clock)
  return (operation, task) =>
    withDeadline(operation, patience, () => attempt(operation, task), after).then(E.flatten)
}

/** Reads a near store with a time limit: after a timeout the far tier answers. */
export const attemptNear = <R>(near: Store<R>, clock: Clock): Attempt =>
  isTimely(near) ? attempt : attemptInTime(clock)

/**
 * Waits for the near store; one that hangs is waited for only once. No correctness depends on it: while a key is being
 * written there, or removed, it is neither served nor kept.
 */
const makeWait = <R>(near: Store<R>, clock: Clock): ((work: Promise<unknown>) => Promise<void>) => {
  const after = clock.after?.bind(clock)
  /** How many operations of a hanging near store are not waited for. */
  let overdue = 0
  return async (work) => {
    if (isTimely(near)) {
      await work
      return
    }
    const isDone = overdue === 0 && E.isRight(await withDeadline('set', patience, () => work, after))
    if (isDone) return
    overdue++
    const settled = (): void => {
      overdue--
    }
    work.then(settled, settled)
  }
}

// -------------------------------------------------------------------------------------
// removals
// -------------------------------------------------------------------------------------

/** What the functions of a near tier share. */
interface Parts<R> {
  readonly near: Store<R>
  readonly holds: Holds
  readonly fills: Fills
}

const makeDrop =
  <R>({ fills, holds, near }: Parts<R>): NearTier<R>['drop'] =>
  async (keys) => {
    if (keys.length === 0) return
    holds.hold(keys)
    try {
      const keeping = keys.flatMap(fills.end)
      if (keeping.length > 0) await Promise.all(keeping)
      if (E.isLeft(await attempt('deleteMany', () => near.deleteMany(keys)()))) holds.spoil()
    } finally {
      holds.letGo(keys)
    }
  }

/** Removes all keys that begin with a prefix. */
type Empty = (prefix: string) => Promise<void>

const makeEmpty =
  <R>({ fills, holds, near }: Parts<R>): Empty =>
  async (prefix) => {
    holds.shut()
    try {
      const keeping = fills.endAll(prefix)
      if (keeping.length > 0) await Promise.all(keeping)
      const done = await attempt('clear', () => near.clear(prefix)())
      if (E.isLeft(done)) holds.spoil()
      else if (prefix === '') holds.restore()
    } finally {
      holds.reopen()
    }
  }

// -------------------------------------------------------------------------------------
// the feed of changes
// -------------------------------------------------------------------------------------

const always = (): boolean => true

/** Whether changes of a key are received. A third-party feed may throw: then nothing is kept. */
const coversOf = (invalidation: Invalidation | undefined): ((key: Key) => boolean) =>
  invalidation === undefined
    ? always
    : (key) => {
        try {
          return invalidation.covers(key)
        } catch {
          return false
        }
      }

/** Returns a function that begins to listen at the first call, and empties a near tier that is spoiled. */
const makeStart = <R>(
  invalidation: Invalidation | undefined,
  holds: Holds,
  drop: NearTier<R>['drop'],
  empty: Empty
): (() => void) => {
  let started = false

  /** A reference to this listener lives as long as the tier does. */
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

  return () => {
    if (holds.isToEmpty()) void empty('')
    if (invalidation === undefined) return
    if (started) return check()
    // earlier changes of the entries there were not received
    void empty('')
    try {
      listenWeakly(invalidation, ears)
      started = true
    } catch {
      // the next caller tries again; until then no key is covered
    }
  }
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** `longest`: the longest lifetime of a copy. */
export const makeNearTier = <R>(
  near: Store<R>,
  longest: D.Duration,
  invalidation: Invalidation | undefined,
  clock: Clock
): NearTier<R> => {
  const fills = makeFills(clock)
  const holds = makeHolds()
  const copies = makeCopies<R>(longest, clock)
  const parts: Parts<R> = { near, holds, fills }
  const drop = makeDrop(parts)
  const empty = makeEmpty(parts)
  const wait = makeWait(near, clock)
  const covers = coversOf(invalidation)
  const { serves } = holds

  return {
    start: makeStart(invalidation, holds, drop, empty),
    serves,
    entryOf: copies.entryOf,
    doubt: copies.doubt,
    open: (key) => fills.open(key, serves(key) && covers(key)),
    close: fills.close,
    keep: async (entries) => {
      const kept = entries.flatMap(([key, fill, entry]) => {
        if (!fill.alive || !covers(key)) return []
        const life = copies.lifeOf(key, entry, fill)
        return life === undefined ? [] : [[key, entry.value, life] as const]
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
      for (const [key, fill] of entries) fills.close(key, fill)
    },
    drop,
    during: async (keys, far, then) => {
      // for two concurrent writes, the order in the far tier is unknown
      const alone = invalidation?.echoes === true ? [] : keys.filter((key) => serves(key) && covers(key))
      holds.hold(keys)
      const keeping = keys.flatMap(fills.end)
      const own = new Map(alone.map((key) => [key, fills.open(key, true)]))
      const follow = async (answer: E.Either<StoreError, Parameters<typeof then>[0]>): Promise<void> => {
        try {
          // writes to the near tier must not overtake each other either
          if (keeping.length > 0) await Promise.all(keeping)
          if (E.isLeft(answer)) await drop(keys)
          else await then(answer.right, (key) => own.get(key))
        } finally {
          own.forEach((fill, key) => fills.close(key, fill))
          holds.letGo(keys)
        }
      }
      const answer = await far()
      await wait(follow(answer))
      return answer
    },
    duringClear: async (prefix, far) => {
      holds.shut()
      try {
        void fills.endAll(prefix)
        const answer = await far()
        await wait(empty(prefix))
        return answer
      } finally {
        holds.reopen()
      }
    }
  }
}
