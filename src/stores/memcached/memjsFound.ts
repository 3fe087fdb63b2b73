/**
 * What memjs finds under a key, and what the store makes of it. memjs does not tell what is left of a lifetime, so the
 * store cannot `read` an entry; it can report that there is none.
 *
 * @internal
 */
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { Operation, StoreError } from '../../RingError'
import { none } from '../kit/answers'
import { storeError } from '../kit/errors'
import { placeholder } from './entries'
import { messageOf } from './memjsTrips'

/** An item, with its client flags: four bytes. */
export interface Found {
  readonly value: Uint8Array | null
  readonly flags?: Uint8Array | null
}

/** The placeholder that `memcached` stores while it commits under a lease is not an entry. */
const isOthers = ({ flags }: Found): boolean =>
  flags instanceof Uint8Array &&
  flags.length === 4 &&
  new DataView(flags.buffer, flags.byteOffset).getUint32(0) === Number(placeholder)

export const toOption = (found: Found): O.Option<Uint8Array> =>
  found.value === null || isOthers(found) ? none : { _tag: 'Some', value: new Uint8Array(found.value) }

export const isThere = (found: Found): boolean => found.value !== null && !isOthers(found)

const untold = 'memjs does not tell what is left of a lifetime'

/** A miss; throws for an entry, in a task of `untoldAs`. */
export const toMiss =
  (operation: Operation) =>
  (found: Found): O.None => {
    if (isThere(found)) throw Object.assign(new Error(untold), { operation })
    return none
  }

/** An entry that exists cannot be read with its lifetime; a missing one is a miss. */
export const untoldAs =
  <A>(operation: Operation, task: TE.TaskEither<StoreError, A>): TE.TaskEither<StoreError, A> =>
  () =>
    task().then((answer) =>
      answer._tag === 'Left' && messageOf(answer.left.cause) === untold
        ? { _tag: 'Left', left: storeError(operation, 'refused', untold) }
        : answer
    )
