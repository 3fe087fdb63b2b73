/**
 * Programs that use one key at once: loads and updates under leases, and overrides; and what must be so in the end.
 */
import { none, some } from 'fp-ts/Option'

import * as D from '../../../src/Duration'
import { memcached } from '../../../src/stores/memcached'
import type { View } from './model'

/** What was overridden, when that ended, in the order of commands. */
export interface History {
  readonly overrides: Array<number>
  loads: number
}

const key = 'key'
const life = D.minutes(1)

type Answer<A> =
  | { readonly _tag: 'Left'; readonly left: Error }
  | { readonly _tag: 'Right'; readonly right: A }

export const right = <A>(answer: Answer<A>): A => {
  if (answer._tag === 'Left') throw answer.left
  return answer.right
}

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))

const storeOver = (view: View) =>
  memcached({ servers: [view], serverOf: () => view }, { timeout: D.forever, batch: false })

let tokens = 0

/** Loads where there is no entry, if nobody else does. What it stores says when its lease was taken. */
export const loader = async (
  view: View,
  history: History,
  pause: () => Promise<unknown>
): Promise<boolean> => {
  const { leases } = storeOver(view)
  const token = `loader ${String(tokens++)}`
  const acquired = right(await leases.acquire(key, token, life, D.zero)())
  if (acquired._tag !== 'Won') return false
  history.loads++
  const loaded = `L${String(view.took())}`
  await pause()
  return right(await leases.commit(key, token, some(bytes(loaded)), D.forever)())
}

/** Loads whoever else does. */
export const updater = async (view: View, pause: () => Promise<unknown>): Promise<boolean> => {
  const { leases } = storeOver(view)
  const token = `updater ${String(tokens++)}`
  right(await leases.seize(key, token, life)())
  const loaded = `L${String(view.took())}`
  await pause()
  return right(await leases.commit(key, token, some(bytes(loaded)), D.forever)())
}

/** Removes the entry, or writes one that says which override it is. */
export const overrider = async (view: View, history: History, removes: boolean): Promise<void> => {
  const value = removes ? none : some(bytes(`O${String(history.overrides.length)}`))
  right(await storeOver(view).leases.override([[key, value, D.forever]])())
  history.overrides.push(view.last())
}

/** Whether what is there was loaded after all overrides, or written by the last of them. */
export const isCurrent = async (view: View, { overrides }: History): Promise<boolean> => {
  const found = right(await storeOver(view).get(key)())
  if (found._tag === 'None') return true
  const text = Buffer.from(found.value).toString()
  const stamp = Number(text.slice(1))
  return text.startsWith('O') ? stamp === overrides.length - 1 : overrides.every((ended) => ended < stamp)
}
