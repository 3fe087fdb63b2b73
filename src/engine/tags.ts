/**
 * Tags as generations: every tag has a generation of 16 random bytes in the store. An entry carries the generations
 * that its tags had before it was loaded, and is served while they are the same. A purge removes the generation of a
 * tag; the next load with that tag draws a new one. So a purge is one command for any number of entries, and a
 * generation that the store has lost counts as a purge.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'

import { type Aging, makeAging } from '../base/bounded'
import { sameBytes } from '../base/bytes'
import { hasMembers, kindOf } from '../base/kinds'
import { allSoon, andThen, isLater, type Soon } from '../base/soon'
import { uniqueBytes } from '../base/unique'
import { type Holding, mostTags, seal, type Stamp, stampLength, unseal } from '../codecs/envelope'
import type { Duration } from '../Duration'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import type { Leasing } from '../policies/model'
import { KeyError, type StoreError, storeFailed } from '../RingError'
import type { Store } from '../stores/model'
import type { Stamps } from './model'
import type { Stock } from './stock'

/** The key of a tag's generation. No structural key has this prefix. */
export const tagKey = (tag: string): Key => `~tag:${tag}`

/** Untyped code may return anything. */
export const areTags = (u: unknown): u is ReadonlyArray<string> =>
  Array.isArray(u) && u.every((tag) => typeof tag === 'string')

/** Long enough that entries end first. Generations are kept forever only if entries may be. */
const generationLife = /*#__PURE__*/ D.days(30)
/** The lifetime until an entry is written: loads that store nothing leave nothing behind for long. */
const draftLife = /*#__PURE__*/ D.hours(1)
/** How many generations are remembered as long-lived. A forgotten one is checked again. */
const mostSettled = 8_192
/** The remaining part of its lifetime above which a generation is not extended again. */
const almost = 0.9

const readStamp = (raw: unknown): Stamp | undefined => {
  const envelope = unseal(raw, 'memory')
  if (E.isLeft(envelope) || envelope.right.kind !== 'generation') return undefined
  const { payload } = envelope.right
  return payload instanceof Uint8Array && payload.length === stampLength ? payload : undefined
}

/** The generation in an answer of a store that answers at once. */
const stampIn = (got: Soon<E.Either<unknown, O.Option<unknown>>>): Stamp | undefined =>
  isLater(got) || E.isLeft(got) ? undefined : stampOf(got.right)

/** The generation that was found under the key of a tag. */
export const stampOf = (found: O.Option<unknown>): Stamp | undefined =>
  O.isSome(found) ? readStamp(found.value) : undefined

export interface Tags<Args extends Arguments> {
  /** The keys of the generations of some arguments. Throws a `KeyError`. */
  readonly keysOf: (args: Args) => ReadonlyArray<Key>
  /** The generations in the store, each read separately: a store that batches reads them in one round trip. */
  readonly read: (keys: ReadonlyArray<Key>) => Soon<E.Either<StoreError, Stamps>>
  /** Draws generations for tags that have none. They are short-lived drafts until `settle`. */
  readonly complete: (
    keys: ReadonlyArray<Key>,
    stamps: Stamps
  ) => Soon<E.Either<StoreError, ReadonlyArray<Stamp>>>
  /**
   * Extends the generations of an entry that is about to be written, whichever process has drawn them. If it fails, at
   * worst they end early.
   */
  readonly settle: (args: Args, stamps: ReadonlyArray<Stamp>) => Soon<unknown>
}

interface Parts<Args extends Arguments, R> {
  /** The function of tags, as the user wrote it. */
  readonly tagsOf: (...args: Args) => ReadonlyArray<string>
  readonly store: Store<R>
  readonly stock: Stock<R>
  /** The longest lifetime of an entry. */
  readonly longest: Duration
  /** Makes processes that draw at the same time agree; without it, the last one to draw wins. */
  readonly agree: Leasing<R>['agree'] | undefined
  readonly holding: Holding
}

/** The keys of the generations that a list of arguments has. */
const keysBy = <Args extends Arguments>(
  tags: (...args: Args) => ReadonlyArray<string>
): Tags<Args>['keysOf'] => {
  const tagsOf = (args: Args): unknown => {
    try {
      return tags(...args)
    } catch (cause) {
      throw new KeyError('the function of tags threw', cause)
    }
  }
  return (args) => {
    const given = tagsOf(args)
    if (!areTags(given)) throw new KeyError(`tags returned ${kindOf(given)}, not a list of strings`)
    const names = [...new Set(given)]
    if (names.length > mostTags) throw new KeyError(`an entry has ${String(mostTags)} tags at most`)
    return names.map(tagKey)
  }
}

/** Draws generations, and makes them last. */
const makeGenerations = <Args extends Arguments, R>({
  agree,
  holding,
  longest,
  stock,
  store
}: Parts<Args, R>) => {
  /** Loads that begin together draw one generation. */
  const drawing = new Map<Key, Promise<E.Either<StoreError, Stamp>>>()
  const settled = makeAging<Stamp>(mostSettled / 2)
  /** Generations that this ring has drawn: their lifetime is known without a read. */
  const drafts = makeAging<Stamp>(mostSettled / 2)
  const life = longest === D.forever ? D.forever : D.milliseconds(Math.max(generationLife, longest))

  const draw = (key: Key): Soon<E.Either<StoreError, Stamp>> => {
    const under = drawing.get(key)
    if (under !== undefined) return under
    // another load may have drawn one since this one has looked; here that costs nothing to see
    const there = stock.atOnce ? stampIn(stock.get(key)) : undefined
    if (there !== undefined) return E.right(there)
    const stamp = uniqueBytes()
    const sealed = seal({ kind: 'generation', stamps: [], payload: stamp }, holding)
    if (E.isLeft(sealed)) return E.left(storeFailed('set')(sealed.left))
    // SAFETY: tags need a store that takes bytes, or anything (`tags` says so)
    const raw = sealed.right as R
    const drawn =
      agree === undefined
        ? andThen(
            stock.set(key, raw, draftLife),
            E.map(() => stamp)
          )
        : // processes that draw at the same time must agree: otherwise the entry of one would be a miss for the other
          andThen(
            agree(key, raw, draftLife, (there) => readStamp(there) !== undefined),
            E.map((there) => stampOf(O.some(there)) ?? stamp)
          )
    drafts.set(key, stamp)
    if (!isLater(drawn)) return drawn
    const promise = drawn.finally(() => drawing.delete(key))
    drawing.set(key, promise)
    return promise
  }
  const isIn = (known: Aging<Stamp>, key: Key, stamp: Stamp): boolean => {
    const there = known.get(key)
    return there !== undefined && sameBytes(there, stamp)
  }
  const renew = (key: Key, stamp: Stamp): Soon<E.Either<StoreError, unknown>> => {
    if (store.lifetime === 'hidden' || isIn(drafts, key, stamp)) return stock.touch(key, life)
    return andThen(stock.read(key), (entry): Soon<E.Either<StoreError, unknown>> => {
      // another ring may have extended it already; a store that cannot say is not asked twice
      const lasts = E.isLeft(entry) || (O.isSome(entry.right) && entry.right.value.remaining >= life * almost)
      return lasts ? entry : stock.touch(key, life)
    })
  }
  return {
    draw,
    /** Makes a generation last as long as entries may; one that lasts already is not looked at again. */
    settle: (key: Key, stamp: Stamp): Soon<void> => {
      if (isIn(settled, key, stamp)) return
      settled.set(key, stamp)
      return andThen(renew(key, stamp), (renewed) => {
        if (E.isLeft(renewed)) settled.delete(key)
      })
    }
  }
}

export const makeTags = <Args extends Arguments, R>(parts: Parts<Args, R>): Tags<Args> => {
  const { stock } = parts
  const keysOf = keysBy(parts.tagsOf)
  const { draw, settle } = makeGenerations(parts)
  /** If the `tags` function throws now, nothing is reported: its call before the load has succeeded or was reported. */
  const keysIn = (args: Args): ReadonlyArray<Key> => {
    try {
      return keysOf(args)
    } catch {
      return []
    }
  }
  return {
    keysOf,
    read: (keys) =>
      andThen(allSoon(keys.map(stock.get)), (all) => E.map(RA.map(stampOf))(E.sequenceArray(all))),
    complete: (keys, stamps) =>
      andThen(
        allSoon(
          keys.map((key, i): Soon<E.Either<StoreError, Stamp>> => {
            const stamp = stamps[i]
            return stamp === undefined ? draw(key) : E.right(stamp)
          })
        ),
        E.sequenceArray
      ),
    settle: (args, stamps) =>
      allSoon(
        keysIn(args).map((key, i) => {
          const stamp = stamps[i]
          return stamp === undefined ? undefined : settle(key, stamp)
        })
      )
  }
}

const epochs = /*#__PURE__*/ new WeakMap<object, { count: number }>()

/**
 * The number of purges of a backend by this process: only callers of the same epoch join a load. Rings that share a
 * backend share their tags, and therefore their epoch.
 */
export const epochOf = (store: Pick<Store<never>, 'backend'>): { count: number } => {
  const owner = ownerOf(store)
  const known = epochs.get(owner)
  if (known !== undefined) return known
  const epoch = { count: 0 }
  epochs.set(owner, epoch)
  return epoch
}

/**
 * Removes generations. A caller that comes later does not join a load that began before the purge ended; what such a load
 * stores carries the old generations, so it is hidden.
 */
export const purgeFrom =
  (store: Pick<Store<never>, 'deleteMany'>, epoch: () => { count: number }) =>
  async (tagKeys: ReadonlyArray<Key>): Promise<E.Either<StoreError, void>> => {
    const shared = epoch()
    shared.count++
    const purged = await store.deleteMany(tagKeys)()
    shared.count++
    return purged
  }

/**
 * The backend; or the store, if the backend is not an object or does not exist yet. It may be read again at every use.
 */
const ownerOf = (store: Pick<Store<never>, 'backend'>): object => {
  try {
    const { backend } = store
    return hasMembers(backend) ? backend : store
  } catch {
    return store
  }
}
