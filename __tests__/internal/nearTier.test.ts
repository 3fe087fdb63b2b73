/** What feeds keep of tiers. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, test } from '@jest/globals'
import * as TE from 'fp-ts/TaskEither'

import * as D from '../../src/Duration'
import type { Invalidation, Listener } from '../../src/Invalidation'
import * as Store from '../../src/Store'
import { dict } from '../../src/stores/dict'
import { right } from '../stores/answers'

/** A feed that is told by hand. */
const feed = (): Invalidation & { readonly listeners: Set<Listener> } => {
  const listeners = new Set<Listener>()
  return {
    listeners,
    listen: (listener) => () => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    covers: () => true,
    tell: () => TE.right(undefined),
    echoes: false
  }
}

setFlagsFromString('--expose-gc')
// the proof: the flag makes it a global of new contexts
const collect = runInNewContext('gc') as () => void

/** A job ends before each collection: what a `WeakRef` was asked for stays until then. */
const collected = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    collect()
  }
}

describe('a feed', () => {
  test('lets go the tiers that nobody uses, at the next change, and keeps those that somebody does', async () => {
    const invalidation = feed()
    const tierOf = (): Store.Store<string> =>
      Store.tiered({ near: dict<string>(), far: dict<string>(), invalidation })
    const used = tierOf()
    right(await used.get('k')()) // it begins to listen
    right(await used.set('k', 'v', D.minutes(1))())
    for (let i = 0; i < 100; i++) right(await tierOf().set('k', 'v', D.minutes(1))())
    expect(invalidation.listeners.size).toBe(101)
    await collected()
    invalidation.listeners.forEach((listener) => listener.changed({ _tag: 'Keys', keys: ['other'] }))
    expect(invalidation.listeners.size).toBeLessThanOrEqual(2) // what a register still holds
    expect(invalidation.listeners.size).toBeGreaterThanOrEqual(1)
    expect(used.peek?.('k')).toBe('v')
    invalidation.listeners.forEach((listener) => listener.changed({ _tag: 'Keys', keys: ['k'] }))
    expect(used.peek?.('k')).toBeUndefined()
  })
})
