/**
 * The writes of a store of strings. A lifetime of zero or less removes the entry.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { forever } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { distinct, done, foldTouches, lastOf, noneAsked, nothing } from '../kit/answers'
import type { Operations } from '../model'
import { isOne } from './answers'
import type { Asks } from './asks'
import { chunksOf, type OverKeys, runOverKeys } from './bulk'
import * as scripts from './scripts'

type Writes = Pick<
  Operations<Uint8Array>,
  'set' | 'delete' | 'touch' | 'setMany' | 'deleteMany' | 'touchMany'
>

/** `PERSIST` does not say whether there is an entry that already stays forever; the script does. */
const persist: OverKeys = { script: scripts.touchMany, argumentsOf: () => [''] }

export const redisWrites = ({ bulk, single }: Asks): Writes => {
  const remove = <A>(
    operation: Operation,
    key: string,
    decode: (removed: number) => A
  ): TE.TaskEither<StoreError, A> => single(operation, key, ({ commands }, k) => commands.unlink([k]), decode)

  return {
    set: (key, value, ttl) =>
      ttl > 0
        ? single(
            'set',
            key,
            ({ commands }, k) =>
              ttl === forever
                ? commands.set(k, toBuffer(value))
                : commands.set(k, toBuffer(value), { expiration: { type: 'PX', value: ttl } }),
            nothing
          )
        : remove('set', key, nothing),
    delete: (key) => remove('delete', key, nothing),
    touch: (key, ttl) =>
      ttl === forever
        ? single(
            'touch',
            key,
            (c, k) => runOverKeys(c, persist, [k]),
            ([answer]) => isOne(answer)
          )
        : ttl > 0
        ? single('touch', key, ({ commands }, k) => commands.pExpire(k, ttl), isOne)
        : remove('touch', key, isOne),
    setMany: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const what = Array.from(last.values(), ([, value, ttl]) => [toBuffer(value), scripts.expiry(ttl)])
      const setMany: OverKeys = { script: scripts.setMany, argumentsOf: (place) => what[place] ?? [] }
      return bulk('setMany', Array.from(last.keys()), (c, ks) => runOverKeys(c, setMany, ks), nothing)
    },
    deleteMany: (keys) =>
      keys.length === 0
        ? done
        : bulk(
            'deleteMany',
            distinct(keys).keys,
            ({ commands }, ks) => Promise.all(chunksOf(ks).map((chunk) => commands.unlink([...chunk]))),
            nothing
          ),
    touchMany: (entries) => {
      if (entries.length === 0) return noneAsked
      const { dealTouched, last } = foldTouches(entries)
      const ttls = Array.from(last.values(), scripts.expiry)
      const touchMany: OverKeys = {
        script: scripts.touchMany,
        argumentsOf: (place) => [ttls[place] ?? '']
      }
      return bulk(
        'touchMany',
        Array.from(last.keys()),
        (c, ks) => runOverKeys(c, touchMany, ks),
        (answers) => dealTouched(answers.map(isOne))
      )
    }
  }
}
