/**
 * Programs that use one key at once, and what must be true of it in the end: a source that is read and changed, loads
 * of it under leases, and overrides after its changes.
 */
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import type { Leasing, Store } from '../../../src/Store'

type Leased = Store<Uint8Array> & Leasing<Uint8Array>

export interface Source {
  version: number
  loads: number
}

const key = 'key'
const ever = D.forever

const right = <A>(
  answer: { readonly _tag: 'Left'; readonly left: Error } | { readonly _tag: 'Right'; readonly right: A }
): A => {
  if (answer._tag === 'Left') throw answer.left
  return answer.right
}

const bytes = (n: number): Uint8Array => new Uint8Array(Buffer.from(String(n)))

let tokens = 0

/** Loads the source where there is no entry, if nobody else does. */
export const loader = async (
  store: Leased,
  source: Source,
  pause: () => Promise<unknown>
): Promise<boolean> => {
  const token = `loader ${String(tokens++)}`
  const acquired = right(await store.leases.acquire(key, token, D.minutes(1), D.zero)())
  if (acquired._tag !== 'Won') return false
  source.loads++
  const seen = source.version
  await pause()
  return right(await store.leases.commit(key, token, bytes(seen), ever)())
}

/** Loads the source whoever else does. */
export const updater = async (
  store: Leased,
  source: Source,
  pause: () => Promise<unknown>
): Promise<void> => {
  const token = `updater ${String(tokens++)}`
  right(await store.leases.seize(key, token, D.minutes(1))())
  const seen = source.version
  await pause()
  right(await store.leases.commit(key, token, bytes(seen), ever)())
}

/** Changes the source, and then removes what is cached of it, or writes it anew. */
export const writer = async (store: Leased, source: Source, removes: boolean): Promise<void> => {
  const version = ++source.version
  right(await store.leases.override([[key, removes ? none : some(bytes(version)), ever]])())
}

/** What the store has is what the source has, or nothing. */
export const isCurrent = async (store: Leased, source: Source): Promise<boolean> => {
  const found = right(await store.get(key)())
  return found._tag === 'None' || Buffer.from(found.value).toString() === String(source.version)
}
