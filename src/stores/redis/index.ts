/**
 * Entries in Redis: one string per key, whose bytes are the codec's and nothing else, with Redis' own expiry.
 *
 * Laws: those of `Store`, on a single server, a pool, a cluster and behind sentinels. Moreover:
 *
 * - law 12: a bulk operation is one command for up to 1,000 keys, or one per slot on a cluster.
 * - law 26: every round trip ends by the store's own deadline, also when the server is frozen.
 * - law 35: `clear` finds keys with SCAN, page by page, and removes those that begin with its prefix, byte for byte.
 * - law 36: a client gets one listener, however many stores use it.
 *
 * For a key of another type than string, `get` and `read` return an error. `getMany` and `readMany` (and batched reads)
 * return a miss, as `MGET` does.
 *
 * @since 0.1.0
 */
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { isWellFormed } from '../../base/bytes'
import { forever } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { batchedAs } from '../combinators/batched'
import {
  askOnce,
  deal,
  distinct,
  done,
  foldTouches,
  lastOf,
  lone,
  none,
  noneAsked,
  nothing,
  refused
} from '../kit/answers'
import { aRedisClient, checkedClient, checkedOptions } from '../kit/checks'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { Leasing, RawKeyed, Store } from '../model'
import { clearPages, isOne, toEntries, toEntry, toOption, toOptions } from './answers'
import { chunksOf, getAll, most, type OverKeys, runOverKeys } from './bulk'
import { type Connection, connectionOf, runScript } from './connection'
import { beginsWith, startsWith } from './keys'
import { redisLeases } from './leases'
import type { RedisClient, RedisOptions } from './model'
import * as scripts from './scripts'
import { inTime } from './trip'

export * from './hash'
export * from './invalidation'
export * from './model'
export * from './options'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** How long node-redis waits until a command is written, if no other value is configured. */
const clientTimeout = 5_000

const readMany: OverKeys = { script: scripts.readMany, width: 2 }
const hasMany: OverKeys = { script: scripts.hasMany }
const persist: OverKeys = { script: scripts.touchMany, argumentsOf: () => [''] }

/**
 * A store of bytes in Redis, over a client that the program creates, connects and closes: any of node-redis 6's
 * (`createClient`, `createClientPool`, `createCluster`, `createSentinel`), or a function that returns one, which is
 * called at every use. `backend` is that client, in its own type.
 *
 * Returns a `left` with the reason `timeout` after `options.timeout`; `refused` for a key that is not well-formed
 * Unicode and for `clear('')` without a namespace; `failed` for everything else. Throws a `TypeError` for a `timeout`
 * of zero or less.
 *
 * Values are not copied before the client writes them: do not change a value after you passed it.
 *
 * @example
 * import { Duration } from 'fp-ring'
 * import { redis } from 'fp-ring/redis'
 * import { createClient } from 'redis'
 *
 * const store = redis(createClient(), { namespace: 'shop:', timeout: Duration.milliseconds(200) })
 *
 * export const cached = store.get('user:42') // TaskEither<StoreError, Option<Uint8Array>>
 *
 * @category constructors
 * @since 0.1.0
 */
export const redis = <Client extends RedisClient>(
  client: Client | (() => Client),
  options: RedisOptions = {}
): Store<Uint8Array, Client> & Leasing<Uint8Array> & RawKeyed => {
  const { namespace = '', batch = true } = checkedOptions('redis', options)
  const timeout = checkedTimeout('a store', options.timeout)
  const lookup = checkedClient('redis', aRedisClient, client)
  const connection = () => connectionOf(lookup())

  // After a late answer, commands may stay unwritten in the client: then its own timeout must end them.
  let late = false
  const forReads = (): Connection => {
    const patient = connection()
    return late || timeout > clientTimeout ? patient : patient.brisk()
  }

  const trip =
    <X, A>(
      operation: Operation,
      keys: ReadonlyArray<string>,
      start: (connection: Connection) => Promise<X>,
      decode: (x: X) => A,
      connect: () => Connection
    ): TE.TaskEither<StoreError, A> =>
    () =>
      inTime({ operation, timeout, connect, keys, onLate: (is) => (late = is) }, start, decode)

  /** One round trip for one key. */
  const single = <X, A>(
    operation: Operation,
    key: string,
    start: (connection: Connection, key: string) => Promise<X>,
    decode: (x: X) => A,
    from: () => Connection = connection
  ): TE.TaskEither<StoreError, A> => {
    const full = namespace + key
    return isWellFormed(full)
      ? trip(operation, [full], (c) => start(c, full), decode, from)
      : refused(operation, lone)
  }

  /** One round trip for many different keys. */
  const bulk = <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (connection: Connection, keys: Array<string>) => Promise<X>,
    decode: (x: X) => A,
    from: () => Connection = connection
  ): TE.TaskEither<StoreError, A> => {
    const full = keys.map((key) => namespace + key)
    return full.every(isWellFormed)
      ? trip(operation, full, (c) => start(c, full), decode, from)
      : refused(operation, lone)
  }

  const remove = <A>(operation: Operation, key: string, decode: (removed: number) => A) =>
    single(operation, key, ({ commands }, k) => commands.unlink([k]), decode)

  const rawKey = (key: string): string => connection().keyPrefix + namespace + key

  const store: Store<Uint8Array, Client> & Leasing<Uint8Array> & RawKeyed = {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(client), prefix: namespace + prefix }),
    // except `clear`, where it applies to each page
    deadline: timeout,
    rawKey,
    rawPrefix: rawKey,
    get: (key) => single('get', key, ({ commands }, k) => commands.get(k), toOption, forReads),
    read: (key) =>
      single(
        'read',
        key,
        ({ commands }, k) => runScript(commands, scripts.read, { keys: [k], arguments: [] }),
        (answer) => (Array.isArray(answer) ? toEntry(answer[0], answer[1]) : none),
        forReads
      ),
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
    has: (key) => single('has', key, ({ commands }, k) => commands.exists([k]), isOne),
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
    getMany: (keys) => {
      if (keys.length === 0) return noneAsked
      // one command may have a key twice; a search for duplicates would cost more
      const asked: ReturnType<typeof distinct> = keys.length > most ? distinct(keys) : { keys }
      return bulk(
        'getMany',
        asked.keys,
        ({ commands }, ks) => getAll(commands, ks),
        (answers) => deal(toOptions(answers), asked.places),
        forReads
      )
    },
    readMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        bulk(
          'readMany',
          asked,
          (c, ks) => runOverKeys(c, readMany, ks),
          (answers) => dealt(toEntries(answers)),
          forReads
        )
      ),
    setMany: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const what = Array.from(last.values(), ([, value, ttl]) => [toBuffer(value), scripts.expiry(ttl)])
      return bulk(
        'setMany',
        Array.from(last.keys()),
        (c, ks) => runOverKeys(c, { script: scripts.setMany, argumentsOf: (place) => what[place] ?? [] }, ks),
        nothing
      )
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
    hasMany: (keys) =>
      askOnce(keys, (asked, dealt) =>
        bulk(
          'hasMany',
          asked,
          (c, ks) => runOverKeys(c, hasMany, ks),
          (answers) => dealt(answers.map(isOne))
        )
      ),
    touchMany: (entries) => {
      if (entries.length === 0) return noneAsked
      const { dealTouched, last } = foldTouches(entries)
      const ttls = Array.from(last.values(), scripts.expiry)
      return bulk(
        'touchMany',
        Array.from(last.keys()),
        (c, ks) =>
          runOverKeys(c, { script: scripts.touchMany, argumentsOf: (place) => [ttls[place] ?? ''] }, ks),
        (answers) => dealTouched(answers.map(isOne))
      )
    },
    clear: (prefix) => {
      const full = namespace + prefix
      if (full === '') return refused('clear', 'the store has no namespace, so this would remove every key')
      if (!isWellFormed(full)) return refused('clear', lone)
      return clearPages(
        timeout,
        async (cursor) => {
          const { commands, keyPrefix } = connection()
          const start = keyPrefix + full
          const page = await commands.scan(cursor, { MATCH: beginsWith(start), COUNT: 1_000 })
          // the client adds its own prefix again
          const skip = Buffer.byteLength(keyPrefix)
          return {
            cursor: page.cursor,
            found: page.keys.filter(startsWith(start)).map((key) => key.subarray(skip))
          }
        },
        (found) => connection().commands.unlink(found)
      )
    },
    leases: redisLeases({ single, bulk })
  }
  // on a cluster, reads are batched by owner: a frozen one does not delay reads from the others
  return batchedAs(store, batch, () => {
    const { isCluster, ownerOf } = connection()
    return isCluster ? (key) => ownerOf(namespace + key) : () => undefined
  })
}
