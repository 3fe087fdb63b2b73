/**
 * Entries in memcached, over memjs, which uses the binary protocol, with SASL. The binary protocol in memjs does less
 * than the meta protocol: the store has no leases, `clear` is refused, and a bulk operation is many commands. The
 * remaining lifetime of an entry is unknown, so `read` of an entry is refused (`lifetime` is `'hidden'`).
 *
 * Keys, bytes and lifetimes are those of `memcached`, the store over the meta protocol: both can use the same servers.
 *
 * @since 0.1.0
 */
import type * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { isWellFormed } from '../../base/bytes'
import { type Duration, forever } from '../../Duration'
import { type Operation, type StoreError, storeFailed } from '../../RingError'
import { distinct, done, lastOf, lone, none, noneAsked, nothing, refused } from '../kit/answers'
import { aMemjsClient, checkedClient, checkedOptions } from '../kit/checks'
import { withDeadlineMap } from '../kit/deadline'
import { storeError } from '../kit/errors'
import { checkedTimeout } from '../kit/options'
import { clientIn } from '../kit/place'
import type { HiddenLifetime, Store } from '../model'
import { placeholder } from './entries'
import { itemKeyOf } from './keys'
import { mended, sentOnce } from './memjsServers'
import { absolute, relative } from './time'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * What the store needs of a client of memjs 1.3.
 *
 * @category model
 * @since 0.1.0
 */
export interface MemjsClient {
  readonly get: (key: string) => Promise<Found>
  readonly set: (key: string, value: Buffer, options: { expires?: number }) => Promise<unknown>
  readonly delete: (key: string) => Promise<unknown>
  readonly touch: (key: string, expires: number) => Promise<unknown>
}

/**
 * How a store uses its client. `namespace` is put before every key (default: nothing). `timeout` is for every operation
 * (default: 1 second).
 *
 * @category model
 * @since 0.1.0
 */
export interface MemjsOptions {
  readonly namespace?: string
  readonly timeout?: Duration
}

/** An item, with its client flags: four bytes. */
interface Found {
  readonly value: Uint8Array | null
  readonly flags?: Uint8Array | null
}

/** The placeholder that `memcached` stores while it commits under a lease is not an entry. */
const isOthers = ({ flags }: Found): boolean =>
  flags instanceof Uint8Array &&
  flags.length === 4 &&
  new DataView(flags.buffer, flags.byteOffset).getUint32(0) === Number(placeholder)

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const untold = 'memjs does not tell what is left of a lifetime'

const messageOf = (cause: unknown): string =>
  // SAFETY: `message` is read as `unknown`
  String((cause as { readonly message?: unknown } | undefined)?.message)

/** The message of a client whose own timeout is shorter than that of the store. */
const unanswered = 'timed out waiting on response.'

const failedAs =
  (operation: Operation) =>
  (cause: unknown): StoreError => {
    const said = messageOf(cause)
    if (said.endsWith('too large'))
      return storeError(operation, 'refused', 'the value is larger than the server takes', cause)
    return said.endsWith(unanswered)
      ? storeError(operation, 'timeout', 'the backend did not answer in time', cause)
      : storeFailed(operation)(cause)
  }

/** A lifetime as memjs takes it: above 30 days it is a Unix time, by the clock of this host. */
const expiryOf = (ttl: Duration): number => relative(ttl) ?? absolute(ttl, Math.floor(Date.now() / 1_000))

const isTrue = (answer: unknown): boolean => answer === true

/**
 * A store of bytes in memcached, over a client of memjs that the program creates and closes, or a function that returns
 * one.
 *
 * A ring over it supports no stale windows and no early refresh, as the age of an entry is unknown: its constructor
 * throws. Operations return a `left` with the reason `refused` for `clear`, for `read` of an entry that exists, and for
 * `Duration.forever` if the client has its own `expires`.
 *
 * The store's writes are sent once, whatever the client's `retries` and `failover`: a write that is sent again would
 * overwrite later writes. And each connection of the client's servers starts without state of the one before.
 *
 * @example
 * import { memjs } from 'fp-ring/memjs'
 * import { Client } from 'memjs'
 *
 * const client = Client.create('localhost:11211', { username: 'app', password: 'secret' })
 * const store = memjs(client, { namespace: 'shop:' })
 * client.close()
 *
 * export const cached = store.get('user:42') // TaskEither<StoreError, Option<Uint8Array>>
 *
 * @category constructors
 * @since 0.1.0
 */
export const memjs = <Client extends MemjsClient>(
  given: Client | (() => Client),
  options: MemjsOptions = {}
): Store<Uint8Array, Client> & HiddenLifetime => {
  const { namespace = '' } = checkedOptions('memjs', options)
  const timeout = checkedTimeout('a store', options.timeout)
  const lookup = checkedClient('memjs', aMemjsClient, given)

  const inTime = <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (client: Client, itemKeys: ReadonlyArray<string>) => Promise<X>,
    decode: (x: X) => A
  ): TE.TaskEither<StoreError, A> => {
    const full = keys.map((key) => namespace + key)
    if (!full.every(isWellFormed)) return refused(operation, lone)
    const failed = failedAs(operation)
    return () =>
      withDeadlineMap(operation, timeout, {
        start: () => start(mended(lookup()), full.map(itemKeyOf)),
        decode,
        failed
      })
  }
  const each = <X, A>(
    operation: Operation,
    keys: ReadonlyArray<string>,
    start: (client: Client, itemKey: string, place: number) => Promise<X>,
    decode: (answers: ReadonlyArray<X>) => A
  ): TE.TaskEither<StoreError, A> =>
    inTime(operation, keys, (client, ks) => Promise.all(ks.map((k, i) => start(client, k, i))), decode)
  const one = <X, A>(
    operation: Operation,
    key: string,
    start: (client: Client, itemKey: string) => Promise<X>,
    decode: (x: X) => A
  ): TE.TaskEither<StoreError, A> => inTime(operation, [key], (client, [k = '']) => start(client, k), decode)

  /** Whether the client replaces a zero by its own `expires`. */
  const cannotKeep = (): boolean => {
    // SAFETY: a property outside of the declared shape is read as `unknown`
    const { options: own } = lookup() as { readonly options?: { readonly expires?: unknown } }
    return typeof own?.expires === 'number' && own.expires > 0
  }
  /** Runs a write, unless the client would give a lifetime to an entry that must not end. */
  const keeping =
    <A>(
      operation: Operation,
      ttls: ReadonlyArray<Duration>,
      task: TE.TaskEither<StoreError, A>
    ): TE.TaskEither<StoreError, A> =>
    (): Promise<E.Either<StoreError, A>> => {
      try {
        return ttls.includes(forever) && cannotKeep()
          ? refused(operation, 'the client has an `expires` of its own, so nothing stays')()
          : task()
      } catch (cause) {
        return Promise.resolve({ _tag: 'Left', left: storeFailed(operation)(cause) })
      }
    }

  const put = (client: Client, k: string, value: Uint8Array, ttl: Duration): Promise<unknown> =>
    ttl > 0
      ? sentOnce(client, () => client.set(k, toBuffer(value), { expires: expiryOf(ttl) }))
      : client.delete(k)
  const touch = (client: Client, k: string, ttl: Duration): Promise<unknown> =>
    ttl > 0 ? sentOnce(client, () => client.touch(k, expiryOf(ttl))) : client.delete(k)
  const toOption = (found: Found) =>
    found.value === null || isOthers(found)
      ? none
      : ({ _tag: 'Some', value: new Uint8Array(found.value) } as const)
  const isThere = (found: Found): boolean => found.value !== null && !isOthers(found)
  const toMiss = (operation: Operation) => (found: Found) => {
    if (isThere(found)) throw Object.assign(new Error(untold), { operation })
    return none
  }
  /** An entry that exists cannot be read with its lifetime; a missing one is a miss. */
  const untoldAs =
    <A>(operation: Operation, task: TE.TaskEither<StoreError, A>): TE.TaskEither<StoreError, A> =>
    () =>
      task().then((answer) =>
        answer._tag === 'Left' && messageOf(answer.left.cause) === untold
          ? { _tag: 'Left', left: storeError(operation, 'refused', untold) }
          : answer
      )
  return {
    get backend() {
      return lookup()
    },
    placeOf: (prefix) => ({ backend: clientIn(given), prefix: namespace + prefix }),
    deadline: timeout,
    lifetime: 'hidden',
    get: (key) => one('get', key, (client, k) => client.get(k), toOption),
    read: (key) =>
      untoldAs(
        'read',
        one('read', key, (client, k) => client.get(k), toMiss('read'))
      ),
    has: (key) => one('has', key, (client, k) => client.get(k), isThere),
    set: (key, value, ttl) =>
      keeping(
        'set',
        [ttl],
        one('set', key, (client, k) => put(client, k, value, ttl), nothing)
      ),
    delete: (key) => one('delete', key, (client, k) => client.delete(k), nothing),
    touch: (key, ttl) =>
      keeping(
        'touch',
        [ttl],
        one('touch', key, (client, k) => touch(client, k, ttl), isTrue)
      ),
    getMany: (keys) =>
      keys.length === 0
        ? noneAsked
        : each(
            'getMany',
            keys,
            (client, k) => client.get(k),
            (found) => found.map(toOption)
          ),
    readMany: (keys) =>
      keys.length === 0
        ? noneAsked
        : untoldAs(
            'readMany',
            each(
              'readMany',
              keys,
              (client, k) => client.get(k),
              (found) => found.map(toMiss('readMany'))
            )
          ),
    hasMany: (keys) =>
      keys.length === 0
        ? noneAsked
        : each(
            'hasMany',
            keys,
            (client, k) => client.get(k),
            (found) => found.map(isThere)
          ),
    setMany: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const what = Array.from(last.values(), ([, value, ttl]) => [value, ttl] as const)
      const write = each(
        'setMany',
        Array.from(last.keys()),
        // SAFETY: there is a value and a lifetime for every key
        (client, k, i) => put(client, k, ...(what[i] as (typeof what)[number])),
        nothing
      )
      return keeping(
        'setMany',
        what.map(([, ttl]) => ttl),
        write
      )
    },
    deleteMany: (keys) =>
      keys.length === 0
        ? done
        : each('deleteMany', distinct(keys).keys, (client, k) => client.delete(k), nothing),
    // memjs writes them in this order, and one key has one server
    touchMany: (entries) =>
      entries.length === 0
        ? noneAsked
        : keeping(
            'touchMany',
            entries.map(([, ttl]) => ttl),
            each(
              'touchMany',
              entries.map(([key]) => key),
              (client, k, i) => touch(client, k, entries[i]?.[1] ?? forever),
              (answers) => answers.map(isTrue)
            )
          ),
    clear: () => refused('clear', 'memjs finds no keys by their prefix')
  }
}
