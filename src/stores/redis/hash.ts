/**
 * Entries as the fields of one Redis hash.
 *
 * A field has its own lifetime from Redis 7.4 on (`HPEXPIRE`). Without `fieldExpiry` the store keeps no lifetimes and
 * declares it: `lifetime` is `'none'`. It refuses a write with a lifetime (law 18), instead of storing it without its
 * expiry.
 *
 * @since 0.1.0
 */
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { isWellFormed } from '../../base/bytes'
import { defect } from '../../base/defect'
import { extend } from '../../base/extend'
import { type Duration, forever } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { batchedAs } from '../combinators/batched'
import {
  askOnce,
  distinct,
  done,
  foldTouches,
  lastOf,
  lone,
  noneAsked,
  nothing,
  refused
} from '../kit/answers'
import { aRedisClient, checkedClient, checkedOptions } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Store } from '../model'
import { isOne, toEntries, toEntry, toOption } from './answers'
import { chunksOf } from './bulk'
import { clearPages } from './clear'
import { type Connection, connectionOf, runScript } from './connection'
import { beginsWith, startsWith } from './keys'
import type { RedisClient } from './model'
import * as scripts from './scripts'
import { inTime } from './trip'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A store that keeps no lifetimes. It accepts only `Duration.forever` and refuses every lifetime that ends. An entry
 * is stored until it is removed, and its remaining lifetime is always `Duration.forever`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Lifetimeless {
  readonly lifetime: 'none'
}

/**
 * How a hash store uses its client. `key` is the key of the hash. `timeout` is for every round trip (default: 1
 * second). `batch` combines the single reads of one tick into one bulk read (default: on, 1,000 keys). `fieldExpiry`
 * states that the server is Redis 7.4 or later, and gives every field its own lifetime; with an older server, such a
 * store returns `left`s.
 *
 * @category model
 * @since 0.1.0
 */
export interface RedisHashOptions {
  readonly key: string
  readonly timeout?: Duration
  readonly batch?: boolean | { readonly max: number }
  readonly fieldExpiry?: boolean
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const finite =
  'the store keeps no lifetime; ask for Duration.forever, or set fieldExpiry on Redis 7.4 or later'

const first =
  (answers: TE.TaskEither<StoreError, ReadonlyArray<boolean>>): TE.TaskEither<StoreError, boolean> =>
  async () => {
    const answer = await answers()
    return answer._tag === 'Left' ? answer : { _tag: 'Right', right: answer.right[0] === true }
  }

const alone = (field: string): readonly [string] => [field]

/**
 * A store of bytes in one Redis hash, over a client of node-redis 6 or a function that returns one. Errors are those
 * of `redis`. Without `fieldExpiry`, `set` and `touch` with a lifetime that ends return a `left` with the reason
 * `refused`. `clear('')` removes the whole hash.
 *
 * @example
 * import { Duration } from 'fp-ring'
 * import { redisHash } from 'fp-ring/redis'
 * import { createClient } from 'redis'
 *
 * const store = redisHash(createClient(), { key: 'countries' })
 *
 * export const kept = store.set('SE', Buffer.from('Sweden'), Duration.forever)
 *
 * @category constructors
 * @since 0.1.0
 */
export function redisHash<Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisHashOptions & { readonly fieldExpiry: true }
): Store<Uint8Array, Client>
export function redisHash<Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisHashOptions & { readonly fieldExpiry?: false }
): Store<Uint8Array, Client> & Lifetimeless
export function redisHash<Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisHashOptions
): Store<Uint8Array, Client> | (Store<Uint8Array, Client> & Lifetimeless) {
  const { key: hash, batch = true, fieldExpiry = false } = checkedOptions('redisHash', options)
  const timeout = checkedTimeout('a store', options.timeout)
  if (!isWellFormed(hash)) return defect(lone)
  const lookup = checkedClient('redisHash', aRedisClient, client)
  const connection = () => connectionOf(lookup())

  const call = <X, A>(
    operation: Operation,
    fields: ReadonlyArray<string>,
    start: (connection: Connection) => Promise<X>,
    decode: (x: X) => A
  ): TE.TaskEither<StoreError, A> =>
    fields.every(isWellFormed)
      ? () => inTime({ operation, timeout, connect: connection, keys: [hash] }, start, decode)
      : refused(operation, lone)

  /** One script for up to 1,000 fields: a hash is in one slot. */
  const run = async (
    { commands }: Connection,
    script: scripts.Script,
    fields: ReadonlyArray<ReadonlyArray<string | Buffer>>
  ): Promise<ReadonlyArray<unknown>> => {
    const answers = await Promise.all(
      chunksOf(fields).map((chunk) => runScript(commands, script, { keys: [hash], arguments: chunk.flat() }))
    )
    return answers.flat()
  }

  const valuesOf =
    (fields: ReadonlyArray<string>) =>
    async ({ commands }: Connection): Promise<ReadonlyArray<Uint8Array | null>> => {
      const answers = await Promise.all(chunksOf(fields).map((chunk) => commands.hmGet(hash, [...chunk])))
      return answers.flat()
    }

  const expiry = (ttl: Duration): string => scripts.fieldExpiry(fieldExpiry, ttl)

  /** Whether a lifetime cannot be kept by the store. */
  const isBeyond = (ttl: Duration): boolean => !fieldExpiry && ttl > 0 && ttl !== forever

  const touchMany = (
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

  const remove = (operation: Operation, field: string): TE.TaskEither<StoreError, void> =>
    call(operation, [field], ({ commands }) => commands.hDel(hash, [field]), nothing)

  const store: Store<Uint8Array, Client> = {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(client), prefix: `\0hash\0${hash}\0${prefix}` }),
    // except `clear`, where it applies to each page
    deadline: timeout,
    get: (key) => call('get', [key], ({ commands }) => commands.hGet(hash, key), toOption),
    read: (key) =>
      fieldExpiry
        ? call(
            'read',
            [key],
            (c) => run(c, scripts.hashReadMany, [[key]]),
            ([value, pttl]) => toEntry(value, pttl)
          )
        : call(
            'read',
            [key],
            ({ commands }) => commands.hGet(hash, key),
            (value) => toEntry(value, -1)
          ),
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
    has: (key) => call('has', [key], ({ commands }) => commands.hExists(hash, key), isOne),
    touch: (key, ttl) => first(touchMany('touch', [[key, ttl]])),
    getMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        call('getMany', asked, valuesOf(asked), (values) => dealt(values.map(toOption)))
      ),
    readMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        fieldExpiry
          ? call(
              'readMany',
              asked,
              (c) => run(c, scripts.hashReadMany, asked.map(alone)),
              (answers) => dealt(toEntries(answers))
            )
          : call('readMany', asked, valuesOf(asked), (values) =>
              dealt(values.map((value) => toEntry(value, -1)))
            )
      ),
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
    hasMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        call(
          'hasMany',
          asked,
          (c) => run(c, scripts.hashHasMany, asked.map(alone)),
          (answers) => dealt(answers.map(isOne))
        )
      ),
    touchMany: (entries) => (entries.length === 0 ? noneAsked : touchMany('touchMany', entries)),
    clear: (prefix) =>
      !isWellFormed(prefix)
        ? refused('clear', lone)
        : clearPages(
            timeout,
            async (cursor) => {
              const page = await connection().commands.hScan(hash, cursor, {
                MATCH: beginsWith(prefix),
                COUNT: 1_000
              })
              return {
                cursor: page.cursor,
                found: page.entries.map(({ field }) => field).filter(startsWith(prefix))
              }
            },
            (found) => connection().commands.hDel(hash, found)
          )
  }
  const batched = batchedAs(store, batch)
  return fieldExpiry
    ? batched
    : extend<Store<Uint8Array, Client>, Lifetimeless>(batched, { lifetime: 'none' })
}
