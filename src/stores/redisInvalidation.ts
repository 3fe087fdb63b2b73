/**
 * What changes in Redis, told to near tiers: by Redis itself (`tracking`), or by those who change it (`pubsub`).
 *
 * @since 0.1.0
 */
import { randomUUID } from 'node:crypto'

import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as TE from 'fp-ts/TaskEither'

import { type Duration, milliseconds } from '../Duration'
import { settledIn } from '../internal/deadline'
import { defect } from '../internal/defect'
import { checkedTimeout, lookupOf } from '../internal/options'
import { type Feed, makeFeed } from '../internal/redisFeed'
import { startTimer } from '../internal/timer'
import type { Change, Invalidation, Listener } from '../Invalidation'
import type { RawKeyed } from '../Store'
import type { RedisClient } from './redis'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A feed with connections of its own, made when somebody first listens. `close` ends them, and what it would still do; they
 * keep no process alive.
 *
 * @category model
 * @since 0.1.0
 */
export interface RedisFeed extends Invalidation {
  readonly close: IO<void>
}

/**
 * How a feed listens. `heartbeat` (default: 1 second): how often a connection is asked whether it is still there, and how
 * long it has to answer, so one that is dead is noticed within two of them. `connect` makes the connection to listen with,
 * where a duplicate of the client will not do, as behind sentinels, where it is told who is the master; it must speak
 * RESP 3, with `emitInvalidate` for `tracking`.
 *
 * @category model
 * @since 0.1.0
 */
export interface FeedOptions {
  readonly heartbeat?: Duration
  readonly connect?: (node: FeedNode | undefined) => FeedClient
}

/**
 * A connection to listen with, by shape: what `createClient` of node-redis 6 makes.
 *
 * @category model
 * @since 0.1.0
 */
export interface FeedClient {
  readonly on: (event: string, listener: (what: unknown) => void) => unknown
  readonly connect: () => Promise<unknown>
  readonly destroy: () => void
  readonly unref: () => void
  readonly sendCommand: (args: Array<string>) => Promise<unknown>
  readonly subscribe: (channel: string, listener: (message: string) => void) => Promise<unknown>
}

/**
 * Where a master is.
 *
 * @category model
 * @since 0.1.0
 */
export interface FeedNode {
  readonly host: string
  readonly port: number
}

/**
 * What a near tier's far store must show: its client, and its keys as they are in the backend. `redis` does, and so does what
 * combinators make of it.
 *
 * @category model
 * @since 0.1.0
 */
export interface Trackable extends RawKeyed {
  readonly backend: RedisClient
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const beat = (heartbeat: Duration | undefined): Duration =>
  heartbeat === undefined || heartbeat > 0
    ? heartbeat ?? milliseconds(1_000)
    : defect('a heartbeat is a Duration above zero')

/** Those who listen to a feed; it runs while there are any. */
const makeListeners = () => {
  const listeners = new Set<Listener>()
  return {
    listen:
      (feed: Feed) =>
      (listener: Listener): IO<() => void> =>
      () => {
        feed.start() // it may throw: then nobody listens
        listeners.add(listener)
        return () => {
          listeners.delete(listener)
          if (listeners.size === 0) feed.stop()
        }
      },
    count: (): number => listeners.size,
    changed: (change: Change): void => listeners.forEach((listener) => listener.changed(change)),
    lost: (): void => listeners.forEach((listener) => listener.lost())
  }
}

/** What the types say, for those who have none. */
const knowsKeys = (store: Partial<RawKeyed>): boolean =>
  store.rawKey !== undefined && store.rawPrefix !== undefined

const everything: Change = { _tag: 'Prefix', prefix: '' }

/**
 * Redis tells what has changed, whoever changed it: `CLIENT TRACKING` in broadcasting mode, for the keys of a store
 * (Redis 6 or later, RESP 3; also a pool or a cluster, where every master is listened to). It knows no origin, so a tier
 * hears of its own writes too, and keeps what it reads, not what it writes. (To leave out one's own, `NOLOOP`, is not safe:
 * where two clients change a key in the same turn of the server's loop, Redis tells only of one.)
 *
 * Give it the store whose keys the tier has, and not one below it that has others (`Store.prefixed`, `Store.mapKey`).
 * Throws a `TypeError` for a store that does not know its keys in the backend.
 *
 * @example
 * import { pipe } from 'fp-ts/function'
 * import { Codec, dict, Duration, Store } from 'fp-ring'
 * import { redis, tracking } from 'fp-ring/redis'
 * import * as t from 'io-ts'
 * import { createClient } from 'redis'
 *
 * const far = redis(createClient(), { namespace: 'shop:' })
 * export const store = Store.tiered({
 *   near: dict<number>(),
 *   far: pipe(far, Store.encoded(Codec.json(t.number))),
 *   ttl: Duration.minutes(5),
 *   invalidation: tracking(far)
 * })
 *
 * @category constructors
 * @since 0.1.0
 */
export const tracking = (store: Trackable, options: FeedOptions = {}): RedisFeed => {
  if (!knowsKeys(store)) return defect('tracking needs a store that knows its keys in Redis')
  const { rawKey, rawPrefix } = store
  const prefix = (): string => rawPrefix('') // the client is looked up anew
  const listeners = makeListeners()
  const onInvalidate = (raw: unknown): void => {
    const text =
      typeof raw === 'string' ? raw : raw instanceof Uint8Array ? Buffer.from(raw).toString() : undefined
    // nothing in particular: all of it was flushed
    if (text === undefined) return listeners.changed(everything)
    const key = text.slice(prefix().length)
    // of a key that is not of this store's making nobody knows what it is called here
    listeners.changed(rawKey(key) === text ? { _tag: 'Keys', keys: [key] } : everything)
  }
  const feed = makeFeed({
    client: () => store.backend,
    connect: options.connect,
    all: true,
    heartbeat: beat(options.heartbeat),
    setUp: async (client) => {
      client.on('invalidate', onInvalidate)
      const start = prefix()
      // the client may have turned it on by itself, in the mode that must be told of every key
      await client.sendCommand(['CLIENT', 'TRACKING', 'OFF'])
      await client.sendCommand([
        'CLIENT',
        'TRACKING',
        'ON',
        'BCAST',
        ...(start === '' ? [] : ['PREFIX', start])
      ])
    },
    onLost: listeners.lost
  })
  return {
    listen: listeners.listen(feed),
    covers: feed.isUp,
    check: feed.check,
    tell: () => TE.right(undefined),
    echoes: true,
    close: feed.stop
  }
}

/** What could not be told yet: beyond this many keys it is everything. */
const mostPending = 1_000

const merged = (x: Change | undefined, y: Change): Change =>
  x === undefined
    ? y
    : x._tag === 'Keys' && y._tag === 'Keys' && x.keys.length + y.keys.length <= mostPending
    ? { _tag: 'Keys', keys: [...x.keys, ...y.keys] }
    : everything

/** A message: who tells it, and what has changed. */
const encode = (node: string, change: Change): string =>
  JSON.stringify([1, node, ...(change._tag === 'Keys' ? ['k', ...change.keys] : ['p', change.prefix])])

const isText = (u: unknown): u is string => typeof u === 'string'

/** What somebody else tells; `undefined` for one's own. What cannot be read may mean anything. */
const decode = (node: string, message: string): Change | undefined => {
  try {
    const parts: unknown = JSON.parse(message)
    if (!Array.isArray(parts)) return everything
    const [version, from, kind, ...rest] = parts as ReadonlyArray<unknown>
    if (version !== 1 || !rest.every(isText)) return everything
    if (from === node) return undefined
    const [prefix] = rest
    return kind === 'k' ? { _tag: 'Keys', keys: rest } : { _tag: 'Prefix', prefix: prefix ?? '' }
  } catch {
    return everything
  }
}

/** What a client can do to tell the others. */
interface Publisher {
  readonly publish: (channel: string, message: string) => Promise<unknown>
}

/**
 * Tiers tell each other what they change, over a channel of Redis: for any far store, of which only tiers with this feed
 * change entries. One does not hear oneself, so what one writes stays near. A change that could not be published is a
 * `left` of the write, and is published again every second until it could; a message that is lost is lost, so give the
 * tier a `ttl`. `timeout` is for each message (default: 1 second); one of zero or less throws a `TypeError`.
 *
 * @example
 * import { Duration, Store } from 'fp-ring'
 * import { lru } from 'fp-ring/lru'
 * import { pubsub, redis } from 'fp-ring/redis'
 * import { createClient } from 'redis'
 *
 * const client = createClient()
 * export const store = Store.tiered({
 *   near: lru<Uint8Array>({ max: 10_000 }),
 *   far: redis(client),
 *   ttl: Duration.minutes(1),
 *   invalidation: pubsub(client, { channel: 'shop:changes' })
 * })
 *
 * @category constructors
 * @since 0.1.0
 */
export const pubsub = (
  client: Publisher | (() => Publisher),
  options: FeedOptions & { readonly channel: string; readonly timeout?: Duration }
): RedisFeed => {
  const { channel } = options
  const timeout = checkedTimeout('a feed', options.timeout)
  const node = randomUUID()
  const lookup = lookupOf(client)
  const listeners = makeListeners()
  let pending: Change | undefined
  let again: IO<void> | undefined
  let isClosed = false

  const publish = async (change: Change): Promise<E.Either<Error, void>> => {
    // of several tiers that share this feed nobody knows which one tells: all of them hear it
    if (listeners.count() > 1) listeners.changed(change)
    const all = merged(pending, change)
    pending = undefined
    const told = await settledIn(timeout, () => lookup().publish(channel, encode(node, all)))
    if (E.isRight(told)) return E.right(undefined)
    if (isClosed) return told
    pending = merged(pending, all)
    again ??= startTimer(milliseconds(1_000), () => {
      again = undefined
      const all = pending
      pending = undefined
      if (all !== undefined) void publish(all)
    })()
    return told
  }
  const feed = makeFeed({
    client: lookup,
    connect: options.connect,
    all: false,
    heartbeat: beat(options.heartbeat),
    setUp: (connection) =>
      connection.subscribe(channel, (message) => {
        const change = decode(node, message)
        if (change !== undefined) listeners.changed(change)
      }),
    onLost: listeners.lost
  })
  const listen = listeners.listen(feed)
  return {
    listen: (listener) => () => {
      const end = listen(listener)()
      isClosed = false
      return end
    },
    covers: feed.isUp,
    check: feed.check,
    tell: (change) => () => publish(change),
    echoes: false,
    deadline: timeout,
    close: () => {
      isClosed = true
      again?.()
      again = undefined
      pending = undefined
      feed.stop()
    }
  }
}
