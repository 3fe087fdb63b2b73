/**
 * The store that keeps nothing: every read is a miss, every write succeeds. It turns the cache of a ring off, and
 * changes nothing else (one load at a time, events).
 *
 * @since 0.1.0
 */
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import type { Leases, Store } from '../model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A store of any type of values: it accepts every value, and never has one.
 *
 * @category model
 * @since 0.1.0
 */
export interface NoopStore
  extends Omit<Store<never, undefined>, 'set' | 'setMany' | 'leases'>,
    Pick<Store<unknown>, 'set' | 'setMany'> {
  readonly keeps: 'nothing'
  readonly leases: Omit<Leases<never>, 'commit' | 'override'> & Pick<Leases<unknown>, 'commit' | 'override'>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/**
 * A store that keeps nothing and never fails. It can take the place of any store, whatever the type of its values.
 *
 * @example
 * import * as E from 'fp-ts/Either'
 * import * as O from 'fp-ts/Option'
 * import { Duration, noop } from 'fp-ring'
 *
 * const test = async () => {
 *   await noop().set('k', 'v', Duration.minutes(1))()
 *   assert.deepStrictEqual(await noop().get('k')(), E.right(O.none))
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const noop = (): NoopStore => ({
  backend: undefined,
  keeps: 'nothing',
  reach: 'process',
  get: () => TE.right(O.none),
  read: () => TE.right(O.none),
  set: () => TE.right(undefined),
  delete: () => TE.right(undefined),
  has: () => TE.right(false),
  touch: () => TE.right(false),
  getMany: (keys) => TE.right(keys.map(() => O.none)),
  readMany: (keys) => TE.right(keys.map(() => O.none)),
  setMany: () => TE.right(undefined),
  deleteMany: () => TE.right(undefined),
  hasMany: (keys) => TE.right(keys.map(() => false)),
  touchMany: (entries) => TE.right(entries.map(() => false)),
  clear: () => TE.right(undefined),
  leases: {
    acquire: () => TE.right({ _tag: 'Won' }),
    seize: () => TE.right(undefined),
    renew: () => TE.right(true),
    release: () => TE.right(undefined),
    commit: () => TE.right(true),
    override: () => TE.right(undefined)
  }
})
