/**
 * What the store writes without a lease: the trips of its writing operations. A lifetime of zero or less removes the
 * entry.
 *
 * @internal
 */
import { type Duration, zero } from '../../Duration'
import type { Operation } from '../../RingError'
import { askAll, askEach, askOne, isDone, unexpected } from './asks'
import {
  deleteRequest,
  hasRequest,
  setRequest,
  toHas,
  toTouched,
  touchRequest,
  withExpiries
} from './entries'
import type { MemcachedReply, MemcachedServer } from './model'
import type { BulkTrip, Trip } from './trips'

const identity = <A>(a: A): A => a

/** Accepts that an item was stored or removed, or that there was none to remove. */
const toNothing = (reply: MemcachedReply): void => void isDone(reply, 'NF')

/** A write that is refused does not stop the others. */
const allToNothing = (replies: ReadonlyArray<MemcachedReply>): void => replies.forEach(toNothing)

/** Whether there was an entry. It takes one round trip, also if it removes the entry. */
const touch = async (
  server: MemcachedServer,
  key: string,
  ttl: Duration,
  expiry: number = unexpected()
): Promise<boolean> => {
  if (ttl > 0) return toTouched(server, key, await askOne(server, touchRequest(key, expiry)))
  const [seen, removed] = await server.ask([hasRequest(key), deleteRequest(key)])
  if (seen === undefined || removed === undefined) return unexpected()
  toNothing(removed)
  return toHas(seen)
}

// -------------------------------------------------------------------------------------
// one key
// -------------------------------------------------------------------------------------

const removalAs = (operation: Operation): Trip<MemcachedReply, void> => ({
  operation,
  start: (server, itemKey) => askOne(server, deleteRequest(itemKey)),
  decode: toNothing
})

export const deleteTrip = /*#__PURE__*/ removalAs('delete')

const removalBySet = /*#__PURE__*/ removalAs('set')

export const setTrip = (value: Uint8Array, ttl: Duration): Trip<MemcachedReply, void> =>
  ttl > 0
    ? {
        operation: 'set',
        start: (server, itemKey, go) =>
          withExpiries(server, [ttl], go, ([expiry = unexpected()]) =>
            askOne(server, setRequest(itemKey, value, expiry))
          ),
        decode: toNothing
      }
    : removalBySet

export const touchTrip = (ttl: Duration): Trip<boolean, boolean> => ({
  operation: 'touch',
  start: (server, itemKey, go) =>
    withExpiries(server, [ttl], go, ([expiry]) => touch(server, itemKey, ttl, expiry)),
  decode: identity
})

// -------------------------------------------------------------------------------------
// many keys
// -------------------------------------------------------------------------------------

/** `writes` are those of the keys, in their order. */
export const setManyTrip = (
  writes: ReadonlyArray<{ readonly value: Uint8Array; readonly ttl: Duration }>
): BulkTrip<ReadonlyArray<MemcachedReply>, void> => ({
  operation: 'setMany',
  start: (client, itemKeys, go) =>
    askEach(client, itemKeys, (server, places) => {
      const mine = places.map((place) => writes[place] ?? unexpected())
      return withExpiries(
        server,
        mine.map(({ ttl }) => ttl),
        go,
        (expiries) =>
          server.ask(
            mine.map(({ ttl, value }, i) => {
              const itemKey = itemKeys[places[i] ?? -1] ?? unexpected()
              return ttl > 0
                ? setRequest(itemKey, value, expiries[i] ?? unexpected())
                : deleteRequest(itemKey)
            })
          )
      )
    }),
  decode: allToNothing
})

export const deleteManyTrip: BulkTrip<ReadonlyArray<MemcachedReply>, void> = {
  operation: 'deleteMany',
  start: (client, itemKeys) => askAll(client, itemKeys, itemKeys.map(deleteRequest)),
  decode: allToNothing
}

/** `ttls` are those of the keys, in their order. A key may be repeated: a touch after a removal finds nothing. */
export const touchManyTrip = (
  ttls: ReadonlyArray<Duration>
): BulkTrip<ReadonlyArray<boolean>, ReadonlyArray<boolean>> => ({
  operation: 'touchMany',
  start: (client, itemKeys, go) =>
    askEach(client, itemKeys, (server, places) => {
      const mine = places.map((place) => ttls[place] ?? zero)
      return withExpiries(server, mine, go, (expiries) =>
        Promise.all(
          places.map((place, i) => touch(server, itemKeys[place] ?? '', mine[i] ?? zero, expiries[i]))
        )
      )
    }),
  decode: identity
})
