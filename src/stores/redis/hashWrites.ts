/**
 * The writes of a store in a hash. A lifetime of zero or less removes the field. A store that keeps no lifetimes refuses
 * every other one that ends (law 18).
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { type Duration, forever } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { distinct, done, foldTouches, lastOf, noneAsked, nothing, refused } from '../kit/answers'
import type { Operations } from '../model'
import { isOne } from './answers'
import { chunksOf } from './bulk'
import type { Hash, HashAsks } from './hashAsks'
import * as scripts from './scripts'

type Writes = Pick<
  Operations<Uint8Array>,
  'set' | 'delete' | 'touch' | 'setMany' | 'deleteMany' | 'touchMany'
>

const finite =
  'the store keeps no lifetime; ask for Duration.forever, or set fieldExpiry on Redis 7.4 or later'

const first =
  (answers: TE.TaskEither<StoreError, ReadonlyArray<boolean>>): TE.TaskEither<StoreError, boolean> =>
  async () => {
    const answer = await answers()
    return answer._tag === 'Left' ? answer : { _tag: 'Right', right: answer.right[0] === true }
  }

export const hashWrites = ({ fieldExpiry, key: hash }: Hash, { call, run }: HashAsks): Writes => {
  const expiry = (ttl: Duration): string => scripts.fieldExpiry(fieldExpiry, ttl)

  /** Whether a lifetime cannot be kept by the store. */
  const isBeyond = (ttl: Duration): boolean => !fieldExpiry && ttl > 0 && ttl !== forever

  const remove = (operation: Operation, field: string): TE.TaskEither<StoreError, void> =>
    call(operation, [field], ({ commands }) => commands.hDel(hash, [field]), nothing)

  const touchAll = (
    operation: Operation,
    entries: ReadonlyArray<readonly [key: string, ttl: Duration]>
  ): TE.TaskEither<StoreError, ReadonlyArray<boolean>> => {
    if (entries.some(([, ttl]) => isBeyond(ttl))) return refused(operation, finite)
    const { dealTouched, last } = foldTouches(entries)
    return call(
      operation,
      Array.from(last.keys()),
      (c) =>
        run(
          c,
          scripts.hashTouchMany,
          Array.from(last, ([field, ttl]) => [field, expiry(ttl)])
        ),
      (answers) => dealTouched(answers.map(isOne))
    )
  }

  return {
    set: (key, value, ttl) =>
      isBeyond(ttl)
        ? refused('set', finite)
        : !(ttl > 0)
        ? remove('set', key)
        : ttl === forever
        ? call('set', [key], ({ commands }) => commands.hSet(hash, [[key, toBuffer(value)]]), nothing)
        : call(
            'set',
            [key],
            (c) => run(c, scripts.hashSetMany, [[key, toBuffer(value), expiry(ttl)]]),
            nothing
          ),
    delete: (key) => remove('delete', key),
    touch: (key, ttl) => first(touchAll('touch', [[key, ttl]])),
    setMany: (entries) => {
      if (entries.length === 0) return done
      if (entries.some(([, , ttl]) => isBeyond(ttl))) return refused('setMany', finite)
      const last = lastOf(entries)
      return call(
        'setMany',
        Array.from(last.keys()),
        (c) =>
          run(
            c,
            scripts.hashSetMany,
            Array.from(last.values(), ([key, value, ttl]) => [key, toBuffer(value), expiry(ttl)])
          ),
        nothing
      )
    },
    deleteMany: (keys) =>
      keys.length === 0
        ? done
        : call(
            'deleteMany',
            keys,
            ({ commands }) =>
              Promise.all(chunksOf(distinct(keys).keys).map((chunk) => commands.hDel(hash, [...chunk]))),
            nothing
          ),
    touchMany: (entries) => (entries.length === 0 ? noneAsked : touchAll('touchMany', entries))
  }
}
