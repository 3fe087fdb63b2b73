/**
 * Feeds of changes in Redis, for near tiers: from Redis itself (`tracking`), or from the writers (`pubsub`).
 *
 * @since 0.1.0
 */
import { randomUUID } from 'node:crypto'

import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as TE from 'fp-ts/TaskEither'

import { defect } from '../../base/defect'
import { startIdleTimer } from '../../base/timer'
import { type Duration, milliseconds } from '../../Duration'
import type { Change, Listener } from '../../Invalidation'
import { aPublisher, checkedClient, checkedOptions, ofPubsub, ofTracking } from '../kit/checks'
import { settledIn } from '../kit/deadline'
import { checkedTimeout } from '../kit/options'
import type { RawKeyed } from '../model'
import { type Feed, makeFeed } from './feed'
import type { FeedOptions, RedisFeed, Trackable } from './model'

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const beat = (heartbeat: Duration | undefined): Duration =>
  heartbeat === undefined || heartbeat > 0
    ? heartbeat ?? milliseconds(1_000)
    : defect('a heartbeat is a Duration above zero')

/** The listeners of a feed; the feed runs while there are any. */
const makeListeners = () => {
  const listeners = new Set<Listener>()
  return {
    listen:
      (feed: Feed) =>
      (listener: Listener): IO<() => void> =>
      () => {
        feed.start() // it may throw: then the listener is not added
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

/** The check of the type, for callers in JavaScript. */
const knowsKeys = (store: Partial<RawKeyed> | undefined): boolean =>
  typeof store?.rawKey === 'function' && typeof store.rawPrefix === 'function'

const everything: Change = { _tag: 'Prefix', prefix: '' }

/**
 * Redis reports all changes, by any client: `CLIENT TRACKING` in broadcasting mode, for the keys of a store (Redis 6 or
 * later, RESP 3; also a pool or a cluster, where the feed listens to every master). Messages have no origin, so a tier
 * is also notified of its own writes, and it keeps what it reads, not what it writes. (`NOLOOP`, which leaves out a
 * client's own writes, is not safe: if two clients change a key in the same turn of the server's loop, Redis reports
 * one.)
 *
 * Pass the store whose keys the tier uses, not a store below it with other keys (`Store.prefixed`, `Store.mapKey`).
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
  checkedOptions(ofTracking, options)
  if (!knowsKeys(store)) return defect('tracking needs a store that knows its keys in Redis')
  const { rawKey, rawPrefix } = store
  const prefix = (): string => rawPrefix('') // looks up the client each time
  const listeners = makeListeners()
  const onInvalidate = (raw: unknown): void => {
    const text =
      typeof raw === 'string' ? raw : raw instanceof Uint8Array ? Buffer.from(raw).toString() : undefined
    // no key: the whole database was flushed
    if (text === undefined) return listeners.changed(everything)
    const key = text.slice(prefix().length)
    // a key that this store did not write has no known name here
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
      // the client may have turned it on itself, in the mode without broadcasting
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

/** The limit of keys that wait to be published: beyond it, the message is that everything changed. */
const mostPending = 1_000

const merged = (x: Change | undefined, y: Change): Change =>
  x === undefined
    ? y
    : x._tag === 'Keys' && y._tag === 'Keys' && x.keys.length + y.keys.length <= mostPending
    ? { _tag: 'Keys', keys: [...x.keys, ...y.keys] }
    : everything

/** A message: its sender, and the change. */
const encode = (node: string, change: Change): string =>
  JSON.stringify([1, node, ...(change._tag === 'Keys' ? ['k', ...change.keys] : ['p', change.prefix])])

const isText = (u: unknown): u is string => typeof u === 'string'

/** A change from another process; `undefined` for an own message. An unreadable message counts as "everything". */
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

/** A client that can publish. */
interface Publisher {
  readonly publish: (channel: string, message: string) => Promise<unknown>
}

/**
 * Tiers publish their own changes on a channel of Redis. This works over any far store, if only tiers with this feed
 * change its entries. A tier does not receive its own messages, so what it writes stays near. If a change cannot be
 * published, the write returns a `left`, and the feed retries every second until it succeeds. A message may be lost, so
 * give the tier a `ttl`. `timeout` is for each message (default: 1 second); a value of zero or less throws a
 * `TypeError`.
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
  const { channel } = checkedOptions(ofPubsub, options)
  const timeout = checkedTimeout('a feed', options.timeout)
  const node = randomUUID()
  const lookup = checkedClient('pubsub', aPublisher, client)
  const listeners = makeListeners()
  let pending: Change | undefined
  let again: IO<void> | undefined
  let isClosed = false

  const publish = async (change: Change): Promise<E.Either<Error, void>> => {
    // if several tiers share this feed, the one that publishes is unknown: all are notified
    if (listeners.count() > 1) listeners.changed(change)
    const all = merged(pending, change)
    pending = undefined
    const told = await settledIn(timeout, () => lookup().publish(channel, encode(node, all)))
    if (E.isRight(told)) return E.right(undefined)
    if (isClosed) return told
    pending = merged(pending, all)
    again ??= startIdleTimer(milliseconds(1_000), () => {
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
