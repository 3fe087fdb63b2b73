/**
 * Entries as the fields of one Redis hash.
 *
 * A field has a lifetime of its own from Redis 7.4 on (`HPEXPIRE`). Without `fieldExpiry` the store keeps no
 * lifetime and says so: `lifetime` is `'none'`, and a write that asks for one is refused (law 18), rather than
 * stored without the expiry that it asked for.
 *
 * @since 0.1.0
 */
import type * as TE from 'fp-ts/TaskEither'

import { type Duration, forever } from '../Duration'
import {
  askOnce,
  batchedAs,
  distinct,
  done,
  foldTouches,
  lastOf,
  lone,
  noneAsked,
  nothing,
  refused
} from '../internal/answers'
import { isWellFormed, toBuffer } from '../internal/bytes'
import { defect } from '../internal/defect'
import { extend } from '../internal/extend'
import { checkedTimeout, lookupOf } from '../internal/options'
import { clearPages, isOne, toEntries, toEntry, toOption } from '../internal/redisAnswers'
import { chunksOf } from '../internal/redisBulk'
import { type Connection, connectionOf, runScript } from '../internal/redisClient'
import { beginsWith, startsWith } from '../internal/redisKeys'
import * as scripts from '../internal/redisScripts'
import { inTime } from '../internal/redisTrips'
import type { StoreError } from '../RingError'
import type { Operation, Store } from '../Store'
import type { RedisClient } from './redis'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A store that keeps no lifetime: it holds what was stored for `Duration.forever` until it is removed, refuses
 * every lifetime that ends, and a remaining lifetime is always `Duration.forever`.
 *
 * @category model
 * @since 0.1.0
 */
export interface Lifetimeless {
  readonly lifetime: 'none'
}

/**
 * How a hash store uses its client. `key` is the key of the hash. `timeout` is for every round trip (default: 1
 * second). `batch` makes one bulk read of the single reads of one tick (default: on, 1,000 keys). `fieldExpiry`
 * says that the server is Redis 7.4 or later, and gives every field its own lifetime; an older server answers
 * such a store with `left`s.
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
 * A store of bytes in one Redis hash, over a client of node-redis 6 or a function that gives one. Errors are those
 * of `redis`; without `fieldExpiry`, `set` and `touch` with a lifetime that ends are `left` with the reason
 * `refused`. `clear('')` removes all of the hash.
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
  const { key: hash, batch = true, fieldExpiry = false } = options
  const timeout = checkedTimeout('a store', options.timeout)
  if (!isWellFormed(hash)) return defect(lone)
  const lookup = lookupOf(client)
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

  /** One script for up to 1,000 fields: all of a hash lies in one slot. */
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

  /** Whether a lifetime is one that the store cannot keep. */
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
    // but for `clear`, which has it for each page
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
