/**
 * How the store over memjs writes entries with lifetimes. A lifetime of zero or less removes the entry.
 *
 * @internal
 */
import type * as TE from 'fp-ts/TaskEither'

import { toBuffer } from '../../base/buffer'
import { type Duration, forever } from '../../Duration'
import { type Operation, type StoreError, storeFailed } from '../../RingError'
import { refused } from '../kit/answers'
import { sentOnce } from './memjsServers'
import { absolute, relative } from './time'

// -------------------------------------------------------------------------------------
// commands
// -------------------------------------------------------------------------------------

/** The part of a client that writes. */
interface Writer {
  readonly set: (key: string, value: Buffer, options: { expires?: number }) => Promise<unknown>
  readonly delete: (key: string) => Promise<unknown>
  readonly touch: (key: string, expires: number) => Promise<unknown>
}

/** A lifetime as memjs takes it: above 30 days it is a Unix time, by the clock of this host. */
const expiryOf = (ttl: Duration): number => relative(ttl) ?? absolute(ttl, Math.floor(Date.now() / 1_000))

export const put = (client: Writer, itemKey: string, value: Uint8Array, ttl: Duration): Promise<unknown> =>
  ttl > 0
    ? sentOnce(client, () => client.set(itemKey, toBuffer(value), { expires: expiryOf(ttl) }))
    : client.delete(itemKey)

export const touch = (client: Writer, itemKey: string, ttl: Duration): Promise<unknown> =>
  ttl > 0 ? sentOnce(client, () => client.touch(itemKey, expiryOf(ttl))) : client.delete(itemKey)

// -------------------------------------------------------------------------------------
// entries that must not end
// -------------------------------------------------------------------------------------

/** Whether the client replaces a zero by its own `expires`. */
const cannotKeep = (client: object): boolean => {
  // SAFETY: a property outside of the declared shape is read as `unknown`
  const { options: own } = client as { readonly options?: { readonly expires?: unknown } }
  return typeof own?.expires === 'number' && own.expires > 0
}

/** Runs a write, unless the client would give a lifetime to an entry that must not end. */
export const makeKeeping =
  (lookup: () => object) =>
  <A>(
    operation: Operation,
    ttls: ReadonlyArray<Duration>,
    task: TE.TaskEither<StoreError, A>
  ): TE.TaskEither<StoreError, A> =>
  () => {
    try {
      return ttls.includes(forever) && cannotKeep(lookup())
        ? refused(operation, 'the client has an `expires` of its own, so nothing stays')()
        : task()
    } catch (cause) {
      return Promise.resolve({ _tag: 'Left', left: storeFailed(operation)(cause) })
    }
  }
