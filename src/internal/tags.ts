/**
 * Tags as generations: every tag has 16 random bytes in the store, and an entry carries those that its tags had before
 * it was loaded. It is served while they are the same. To purge a tag is to remove its generation: the next load that
 * has the tag draws a new one. So a purge is one command, whatever the number of entries, and a generation that the
 * store has lost is a purge too.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'

import type { Duration } from '../Duration'
import * as D from '../Duration'
import type { Arguments, Key } from '../KeyFn'
import { KeyError, type StoreError, storeFailed } from '../RingError'
import type { Store } from '../Store'
import { type Aging, makeAging } from './aging'
import { attempt } from './attempt'
import { type Holding, mostTags, sameBytes, seal, type Stamp, stampLength, unseal } from './envelope'
import { uniqueBytes } from './unique'

export type Stamps = ReadonlyArray<Stamp | undefined>

/** The key of a tag's generation. No structural key begins like this. */
export const tagKey = (tag: string): Key => `~tag:${tag}`

/** What a program without types gives may be anything. */
export const areTags = (u: unknown): u is ReadonlyArray<string> =>
  Array.isArray(u) && u.every((tag) => typeof tag === 'string')

/** Long enough that entries end first. Without an end only where entries may have none. */
const generationLife = D.days(30)
/** Until an entry is written: loads that come to nothing leave nothing behind for long, whatever was asked for. */
const draftLife = D.hours(1)
/** How many generations are remembered to be there to stay. One that is forgotten is looked at once more. */
const mostSettled = 8_192
/** The part of its life that a generation must have left, so that it is not made to last once more. */
const almost = 0.9

const readStamp = (raw: unknown): Stamp | undefined => {
  const envelope = unseal(raw, 'memory')
  if (E.isLeft(envelope) || envelope.right.kind !== 'generation') return undefined
  const { payload } = envelope.right
  return payload instanceof Uint8Array && payload.length === stampLength ? payload : undefined
}

/** What was found under the key of a tag. */
export const stampOf = (found: O.Option<unknown>): Stamp | undefined =>
  O.isSome(found) ? readStamp(found.value) : undefined

export interface Tags<Args extends Arguments> {
  /** The keys of the generations of some arguments. Throws a `KeyError`. */
  readonly keysOf: (args: Args) => ReadonlyArray<Key>
  /** The generations as they are in the store, each asked for by itself: a store that batches makes one trip of them. */
  readonly read: (keys: ReadonlyArray<Key>) => Promise<E.Either<StoreError, Stamps>>
  /** Draws generations for tags that have none: drafts, until `settle`. */
  readonly complete: (
    keys: ReadonlyArray<Key>,
    stamps: Stamps
  ) => Promise<E.Either<StoreError, ReadonlyArray<Stamp>>>
  /**
   * Lets the generations of an entry that is about to be written live on, whoever has drawn them. Whatever fails, they end
   * early at worst.
   */
  readonly settle: (args: Args, stamps: ReadonlyArray<Stamp>) => Promise<unknown>
}

export const makeTags = <Args extends Arguments, R>(
  tags: (...args: Args) => ReadonlyArray<string>,
  store: Store<R>,
  longest: Duration,
  agree:
    | ((key: Key, value: R, life: Duration, valid: (there: R) => boolean) => Promise<E.Either<StoreError, R>>)
    | undefined,
  holding: Holding
): Tags<Args> => {
  /** Loads that begin together draw one generation. */
  const drawing = new Map<Key, Promise<E.Either<StoreError, Stamp>>>()
  const settled = makeAging<Stamp>(mostSettled / 2)
  /** Those that this ring has drawn: nobody need ask how long they live. */
  const drafts = makeAging<Stamp>(mostSettled / 2)
  const life = longest === D.forever ? D.forever : D.milliseconds(Math.max(generationLife, longest))

  const draw = (key: Key): Promise<E.Either<StoreError, Stamp>> => {
    const under = drawing.get(key)
    if (under !== undefined) return under
    const stamp = uniqueBytes()
    const sealed = seal({ kind: 'generation', stamps: [], payload: stamp }, holding)
    if (E.isLeft(sealed)) return Promise.resolve(E.left(storeFailed('set')(sealed.left)))
    // the proof: a store that tags are used with takes bytes, or anything (`tags` says so)
    const raw = sealed.right as R
    const drawn = (
      agree === undefined
        ? store
            .set(key, raw, draftLife)()
            .then(E.map(() => stamp))
        : // processes that draw at once draw the same: else the entry of one would be a miss for the other
          agree(key, raw, draftLife, (there) => readStamp(there) !== undefined).then(
            E.map((there) => stampOf(O.some(there)) ?? stamp)
          )
    ).finally(() => drawing.delete(key))
    drawing.set(key, drawn)
    drafts.set(key, stamp)
    return drawn
  }
  const isIn = (known: Aging<Stamp>, key: Key, stamp: Stamp): boolean => {
    const there = known.get(key)
    return there !== undefined && sameBytes(there, stamp)
  }
  const renew = async (key: Key, stamp: Stamp): Promise<E.Either<StoreError, unknown>> => {
    if (store.lifetime === 'hidden' || isIn(drafts, key, stamp)) return store.touch(key, life)()
    const entry = await store.read(key)()
    // another ring may let it live longer; a store that cannot tell is not asked twice
    const lasts = E.isLeft(entry) || (O.isSome(entry.right) && entry.right.value.remaining >= life * almost)
    return lasts ? entry : store.touch(key, life)()
  }
  const keysOf = (args: Args): ReadonlyArray<Key> => {
    const given: unknown = tags(...args)
    if (!areTags(given)) throw new KeyError('tags are a list of strings')
    const names = [...new Set(given)]
    if (names.length > mostTags) throw new KeyError(`an entry has ${String(mostTags)} tags at most`)
    return names.map(tagKey)
  }
  return {
    keysOf,
    read: (keys) =>
      Promise.all(keys.map((key) => store.get(key)())).then((all) =>
        E.map(RA.map(stampOf))(E.sequenceArray(all))
      ),
    complete: async (keys, stamps) => {
      const all = await Promise.all(
        keys.map(async (key, i) => {
          const stamp = stamps[i]
          return stamp === undefined ? draw(key) : E.right(stamp)
        })
      )
      return E.sequenceArray(all)
    },
    settle: (args, stamps) =>
      attempt('touch', async () => {
        const renewed = keysOf(args).map(async (key, i) => {
          const stamp = stamps[i]
          if (stamp === undefined || isIn(settled, key, stamp)) return
          settled.set(key, stamp)
          if (E.isLeft(await attempt('touch', () => renew(key, stamp)))) settled.delete(key)
        })
        return E.right(await Promise.all(renewed))
      })
  }
}

const epochs = /*#__PURE__*/ new WeakMap<object, { count: number }>()

/**
 * How many purges a backend has seen from this process: a load is joined by those who ask in the same epoch. Rings that
 * share a backend share their tags, so they share it too.
 */
export const epochOf = (store: Pick<Store<never>, 'backend'>): { count: number } => {
  const owner = ownerOf(store)
  const known = epochs.get(owner)
  if (known !== undefined) return known
  const epoch = { count: 0 }
  epochs.set(owner, epoch)
  return epoch
}

/** The backend, or the store where it is no object, or not there yet: it may be looked up at every use. */
const ownerOf = (store: Pick<Store<never>, 'backend'>): object => {
  try {
    const { backend } = store
    return (typeof backend === 'object' && backend !== null) || typeof backend === 'function'
      ? backend
      : store
  } catch {
    return store
  }
}
