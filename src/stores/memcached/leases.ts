/**
 * Leases in memcached, for the rings of all processes that share its servers.
 *
 * A lease is an item beside its entry, on the same server; its value is the requested lifetime and the holder's token.
 * memcached has no command for two items, so operations on both follow this protocol. `c` is the unique number of an
 * item, which every write changes, and `C` makes a write conditional on it. The commands of one line are sent together,
 * and run in that order.
 *
 *     acquire   1  add lease (c)    2  get lease    3  get entry           3 is there: release the lease (C of 1)
 *     commit    1  add placeholder  2  get entry's c  3  get lease         3 is not ours: remove the placeholder
 *               4  write entry, C of 2     EX or NF: repeat from 1         5  remove lease, C of 3
 *     override  1  set lease to a block (c)    2  write or remove entry    3  remove lease, C of 1; EX or NF: from 1
 *
 * - If step 4 of a commit succeeds, it had the lease (3) after it saw the entry (2), and the entry has not changed
 *   since. An override that ended before 4 changed the entry after it had blocked the lease. So either 3 does not find
 *   the lease, or 4 fails. If there is no entry, the override changes the placeholder. Readers do not treat it as an
 *   entry.
 * - Between 1 and 3 of an override, `acquire` fails. If another process seizes the lease then, it changes the lease. So
 *   3 fails, and the override starts again: at its end, no older lease is left.
 * - After an eviction or expiry, a lease is lost, a missing placeholder makes 4 fail, and a missing block restarts the
 *   override.
 * - All conditions of one operation use one connection: a restarted server counts `c` from 1 again.
 *
 * @internal
 */
import * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import { pause } from '../../base/timer'
import { type Duration, forever, milliseconds } from '../../Duration'
import type { Operation, StoreError } from '../../RingError'
import { done, lastOf, nothing } from '../kit/answers'
import type { Acquired, Leases } from '../model'
import { askOne, groupBy, isDone, unexpected } from './asks'
import {
  deleteRequest,
  expiryOn,
  placeholder,
  readRequest,
  setRequest,
  toEntry,
  withExpiries
} from './entries'
import type { MemcachedReply, MemcachedRequest, MemcachedServer, MemcachedSession } from './model'
import { flagOf } from './protocol'
import { atLeastASecond } from './time'
import type { Go, InSteps, Place } from './trips'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** One attempt; `none` means that another process interfered: try again. */
type Step<A> = () => Promise<O.Option<A>>

/** The limit of attempts: more show that something is wrong. */
const mostAttempts = 1_000
const longestPause = 50

/**
 * Repeats a step until it returns a result; each time, another process interfered. From the second attempt on, a random
 * pause prevents that two overrides undo each other's blocks forever.
 */
const repeated = async <A>(go: Go, step: Step<A>): Promise<A> => {
  for (let attempt = 0; go() && attempt < mostAttempts; attempt++) {
    if (attempt > 1) await pause(Math.random() * Math.min(2 ** attempt, longestPause))
    const answer = await step()
    if (answer._tag === 'Some') return answer.value
  }
  throw new Error('others change the lease all the time')
}

// -------------------------------------------------------------------------------------
// items
// -------------------------------------------------------------------------------------

const valueOf = (token: string, ttl: Duration): Buffer => Buffer.from(`${String(ttl)}:${token}`)

/** The value of a lease that is blocked by an override: it has no token. */
const block = /*#__PURE__*/ Buffer.from('block')

interface Held {
  readonly token: string | undefined
  readonly unique: string
  readonly remaining: Duration
}

/**
 * A lease's remaining time is never more than its requested lifetime, though the server's clock ticks once a second.
 */
const toHeld = (reply: MemcachedReply): Held | undefined => {
  if (reply.status === 'EN') return undefined
  const text = Buffer.from(reply.value ?? unexpected()).toString()
  const colon = text.indexOf(':')
  const asked = colon < 0 ? 50 : Number(text.slice(0, colon))
  const seconds = Number(flagOf(reply, 't'))
  return {
    token: colon < 0 ? undefined : text.slice(colon + 1),
    unique: flagOf(reply, 'c') ?? unexpected(),
    remaining:
      seconds < 0
        ? forever
        : milliseconds(Math.max(1, Math.min(asked, seconds > 1 ? (seconds - 1) * 1_000 : 500)))
  }
}

const leaseRequest = (key: string): MemcachedRequest => ({ command: 'mg', key, flags: 'v t c' })

const removeRequest = (key: string, unique: string): MemcachedRequest => ({
  command: 'md',
  key,
  flags: `C${unique}`
})

const uniqueOf = (reply: MemcachedReply | undefined): string =>
  (reply === undefined ? undefined : flagOf(reply, 'c')) ?? unexpected()

const ask = async (
  session: MemcachedSession,
  ...requests: ReadonlyArray<MemcachedRequest>
): Promise<ReadonlyArray<MemcachedReply>> => {
  const replies = await session.ask(requests)
  return replies.length === requests.length ? replies : unexpected()
}

// -------------------------------------------------------------------------------------
// leases
// -------------------------------------------------------------------------------------

/** A request for a lease: it is not granted if the entry lives longer than `beyond`. */
interface Bid {
  readonly token: string
  readonly ttl: Duration
  readonly beyond: Duration
}

const acquire = async (
  { entry, lease, server }: Place,
  go: Go,
  { beyond, token, ttl }: Bid
): Promise<Acquired<Uint8Array>> => {
  const expiry = await expiryOn(server, atLeastASecond(ttl))
  const session = await server.session()
  const add: MemcachedRequest = {
    command: 'ms',
    key: lease,
    value: valueOf(token, ttl),
    flags: `ME c T${String(expiry)}`
  }
  return repeated<Acquired<Uint8Array>>(go, async () => {
    const [added = unexpected(), held = unexpected(), seen] = await ask(
      session,
      add,
      leaseRequest(lease),
      ...(beyond === forever ? [] : [readRequest(entry)])
    )
    const isWon = isDone(added, 'NS')
    const found = seen === undefined ? O.none : toEntry(seen)
    if (found._tag === 'Some' && found.value.remaining > beyond) {
      if (isWon) await ask(session, removeRequest(lease, uniqueOf(added)))
      return O.some({ _tag: 'Found', entry: found.value })
    }
    if (isWon) return O.some({ _tag: 'Won' })
    const other = toHeld(held)
    return other === undefined ? O.none : O.some({ _tag: 'Busy', remaining: other.remaining })
  })
}

/** A change of a lease by its holder, if the lease has not changed since it was read. */
const ofHolder = async (
  { lease, server }: Place,
  go: Go,
  token: string,
  change: (unique: string) => MemcachedRequest
): Promise<boolean> => {
  const session = await server.session()
  return repeated(go, async () => {
    const held = toHeld(await askOne(session, leaseRequest(lease)))
    if (held?.token !== token) return O.some(false)
    const changed = await askOne(session, change(held.unique))
    return isDone(changed, 'EX', 'NF') ? O.some(true) : O.none
  })
}

/** What the holder of a lease commits. Without `write` it removes the entry; the placeholder lives for `seconds`. */
interface Commit {
  readonly token: string
  readonly write: { readonly value: Uint8Array; readonly expiry: number } | undefined
  readonly seconds: number
}

const commit = async (
  { entry, lease, server }: Place,
  go: Go,
  { seconds, token, write }: Commit
): Promise<boolean> => {
  const session = await server.session()
  const add: MemcachedRequest = {
    command: 'ms',
    key: entry,
    flags: `ME c F${placeholder} T${String(seconds)}`
  }
  return repeated(go, async () => {
    const [added = unexpected(), seen = unexpected(), leased = unexpected()] = await ask(
      session,
      add,
      { command: 'mg', key: entry, flags: 'c' },
      leaseRequest(lease)
    )
    const isAdded = isDone(added, 'NS')
    const held = toHeld(leased)
    if (held?.token !== token) {
      if (isAdded) await ask(session, removeRequest(entry, uniqueOf(added)))
      return O.some(false)
    }
    if (!isDone(seen, 'EN')) return O.none
    const written = await askOne(
      session,
      write === undefined
        ? removeRequest(entry, uniqueOf(seen))
        : {
            command: 'ms',
            key: entry,
            value: write.value,
            flags: `C${uniqueOf(seen)} T${String(write.expiry)}`
          }
    )
    if (!isDone(written, 'EX', 'NF')) return O.none
    await ask(session, removeRequest(lease, held.unique)).catch(nothing) // the entry is stored; a lease expires
    return O.some(true)
  })
}

interface Write {
  readonly place: Place
  readonly value: O.Option<Uint8Array>
  readonly ttl: Duration
}

/** The overrides of one server. */
const override = async (
  server: MemcachedServer,
  writes: ReadonlyArray<Write>,
  go: Go,
  seconds: number
): Promise<void> => {
  const requests = await Promise.all(
    writes.map(async ({ place: { entry }, ttl, value }) =>
      O.isSome(value) && ttl > 0
        ? setRequest(entry, value.value, await expiryOn(server, ttl))
        : deleteRequest(entry)
    )
  )
  const session = await server.session()
  let left = Array.from(writes.keys())
  let refusal: MemcachedReply | undefined
  await repeated(go, async () => {
    const leases = left.map((i) => writes[i]?.place.lease ?? '')
    const replies = await ask(
      session,
      ...left.flatMap((i, j): ReadonlyArray<MemcachedRequest> => {
        const request = requests[i] ?? unexpected()
        return [
          { command: 'ms', key: leases[j] ?? '', value: block, flags: `c T${String(seconds)}` },
          request
        ]
      })
    )
    const blocks = leases.map((_, j) => replies[2 * j] ?? unexpected())
    // an entry is not overridden if its lease could not be blocked
    for (const blocked of blocks) isDone(blocked)
    refusal ??= replies.find(({ status }) => status === 'SERVER_ERROR')
    const freed = await ask(
      session,
      ...blocks.map((blocked, j) => removeRequest(leases[j] ?? '', uniqueOf(blocked)))
    )
    left = left.filter((_, j) => !isDone(freed[j] ?? unexpected(), 'EX', 'NF'))
    return left.length === 0 ? O.some(undefined) : O.none
  })
  if (refusal !== undefined) isDone(refusal)
}

export const memcachedLeases = (inSteps: InSteps, timeout: Duration): Leases<Uint8Array> => {
  // items that only one operation needs live as long as it may take
  const seconds = timeout === forever ? 60 : Math.floor(atLeastASecond(timeout) / 1_000) + 2
  const single = <A>(
    operation: Operation,
    key: string,
    start: (place: Place, go: Go) => Promise<A>
  ): TE.TaskEither<StoreError, A> =>
    inSteps(operation, [key], ([place = unexpected()], go) => start(place, go))
  return {
    acquire: (key, token, ttl, beyond) =>
      single('acquire', key, (place, go) => acquire(place, go, { token, ttl, beyond })),
    seize: (key, token, ttl) =>
      single('seize', key, async ({ lease, server }, go) => {
        isDone(
          await withExpiries(server, [atLeastASecond(ttl)], go, ([expiry = unexpected()]) =>
            askOne(server, setRequest(lease, valueOf(token, ttl), expiry))
          )
        )
      }),
    renew: (key, token, ttl) =>
      single('renew', key, async (place, go) => {
        const expiry = await expiryOn(place.server, atLeastASecond(ttl))
        return ofHolder(place, go, token, (unique) => ({
          command: 'ms',
          key: place.lease,
          value: valueOf(token, ttl),
          flags: `C${unique} T${String(expiry)}`
        }))
      }),
    release: (key, token) =>
      single('release', key, async (place, go) => {
        await ofHolder(place, go, token, (unique) => removeRequest(place.lease, unique))
      }),
    commit: (key, token, value, ttl) =>
      single('commit', key, async (place, go) =>
        commit(place, go, {
          token,
          write:
            O.isSome(value) && ttl > 0
              ? { value: value.value, expiry: await expiryOn(place.server, ttl) }
              : undefined,
          seconds
        })
      ),
    override: (entries) => {
      if (entries.length === 0) return done
      const last = lastOf(entries)
      const what = Array.from(last.values(), ([, value, ttl]) => ({ value, ttl }))
      return inSteps('override', Array.from(last.keys()), async (places, go) => {
        // SAFETY: there is a place for every key
        const writes = places.map((place, i): Write => ({ place, ...(what[i] as (typeof what)[number]) }))
        await Promise.all(
          Array.from(
            groupBy(writes, ({ place }) => place.server),
            ([server, group]) => override(server, group, go, seconds)
          )
        )
      })
    }
  }
}
