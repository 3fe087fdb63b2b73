/**
 * A client as a feed sees it: which kind it is, which client is behind it, and when its connection changes.
 *
 * @internal
 */
import { errorMonitor } from 'node:events'

import { ignore } from '../../base/ignore'
import type { FeedClient, FeedNode } from './model'

/** Members that differ between client, pool, cluster and sentinel; nothing else distinguishes them. */
export interface Seen {
  readonly _self?: Seen
  readonly isReady?: unknown
  readonly on?: (event: string | symbol, listener: () => void) => unknown
  readonly sendCommand?: (...args: ReadonlyArray<unknown>) => Promise<unknown>
  readonly duplicate?: (overrides: object) => FeedClient
  readonly options?: { readonly socket?: object }
  readonly execute?: (f: (client: Seen) => unknown) => Promise<unknown>
  readonly masters?: ReadonlyArray<{ readonly address: string }>
  readonly nodeClient?: (node: unknown) => Promise<Seen> | Seen
  readonly getMasterNode?: () => FeedNode | undefined
}

/** The client behind a view: `withCommandOptions` and similar methods return a new object at every call. */
const itselfOf = (client: Seen): Seen => client._self ?? client

const identities = /*#__PURE__*/ new WeakMap<object, string>()
let identified = 0

/** A text that differs for each client, and is the same for all its views. */
export const identityOf = (client: Seen): string => {
  const itself = itselfOf(client)
  const known = identities.get(itself)
  if (known !== undefined) return known
  const made = String(++identified)
  identities.set(itself, made)
  return made
}

// -------------------------------------------------------------------------------------
// connection events
// -------------------------------------------------------------------------------------

/** The events of a new or lost connection. A pool emits none of them: it only reports failures. */
const turns: ReadonlyArray<string | symbol> = ['ready', 'reconnecting', 'end']
const turnsOfPool: ReadonlyArray<string | symbol> = [errorMonitor]

const watched = /*#__PURE__*/ new WeakMap<object, Set<() => void>>()

/**
 * Calls `turned` when a client reconnects or disconnects; returns a function that stops it. A client gets one listener
 * for each event, however many feeds it has, and keeps it: a client of node-redis is a view of another, and removing a
 * listener from one may remove all listeners from the other.
 */
export const watch = (client: Seen, turned: () => void): (() => void) => {
  const itself = itselfOf(client)
  const { duplicate, execute, on } = itself
  if (on === undefined) return ignore
  const make = (): Set<() => void> => {
    const made = new Set<() => void>()
    watched.set(itself, made)
    const events = execute !== undefined && duplicate === undefined ? turnsOfPool : turns
    events.forEach((event) => on.call(itself, event, () => Array.from(made).forEach((ear) => ear())))
    return made
  }
  const ears = watched.get(itself) ?? make()
  const ear = (): void => turned() // a new function, as `turned` may be passed more than once
  ears.add(ear)
  return () => void ears.delete(ear)
}
