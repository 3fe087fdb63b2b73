/** What feeds keep of tiers. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, test } from '@jest/globals'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import * as D from '../../../src/Duration'
import type { Invalidation, Listener } from '../../../src/Invalidation'
import * as Store from '../../../src/Store'
import { dict } from '../../../src/stores/memory/dict'
import { right } from '../answers'

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
// SAFETY: the flag makes it a global of new contexts
const collect = runInNewContext('gc') as () => void

/** A job ends before each collection: what a `WeakRef` was asked for stays until then. */
const collected = async (): Promise<void> => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5))
    collect()
  }
}

describe('a near store that promises no time', () => {
  /** One whose operations settle when they are told to. */
  const slow = () => {
    const held = new Set<() => void>()
    let hangs = false
    const inner = dict<string>()
    const {
      peek: _peek,
      peekEntry: _entry,
      leases: _leases,
      ...near
    } = Store.around((_, task) => async () => {
      if (hangs) await new Promise<void>((resolve) => held.add(resolve))
      return task()
    })(inner)
    return {
      near,
      inner,
      hang: () => void (hangs = true),
      wake: async () => {
        hangs = false
        held.forEach((resolve) => resolve())
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    }
  }
  const value = async (store: Store.Store<string>): Promise<string | undefined> =>
    O.toUndefined(right(await store.get('k')()))

  test('is waited for once while it hangs, and a write that ends late is not served', async () => {
    const { hang, inner, near, wake } = slow()
    const far = dict<string>()
    const store = Store.tiered({ near, far })
    hang()
    const begun = performance.now()
    const took = (): number => performance.now() - begun
    right(await store.set('k', '1', D.minutes(1))())
    const first = took()
    expect(first).toBeGreaterThan(900)
    expect(first).toBeLessThan(3_000)
    for (const n of ['2', '3', '4']) right(await store.set('k', n, D.minutes(1))())
    right(await store.delete('l')())
    right(await store.clear('m')())
    expect(took() - first).toBeLessThan(500)
    expect(await value(store)).toBe('4') // it is not asked for a key that is being written
    expect(took() - first).toBeLessThan(500)
    await wake()
    expect(inner.peek?.('k')).not.toBe('1')
    expect(await value(store)).toBe('4')
    await new Promise((resolve) => setTimeout(resolve, 20))
    right(await far.set('k', 'behind its back', D.minutes(1))())
    expect(await value(store)).toBe('4') // it is kept again
    right(await store.set('k', '5', D.minutes(1))())
    expect(inner.peek?.('k')).toBe('5')
  })

  test('is asked in vain for a second, and then the far one is', async () => {
    const { hang, near, wake } = slow()
    const store = Store.tiered({ near, far: dict<string>() })
    right(await store.set('k', 'v', D.minutes(1))())
    hang()
    const begun = performance.now()
    expect(await value(store)).toBe('v')
    expect(right(await store.getMany(['k'])())).toEqual([O.some('v')])
    expect(right(await store.has('k')())).toBe(true)
    expect(performance.now() - begun).toBeLessThan(6_000)
    await wake()
  }, 15_000)
})

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

  test('is asked before anything is served, whether it has heard all there was', async () => {
    for (const fault of ['it tells of a loss', 'it throws'] as const) {
      const invalidation = feed()
      let stale = false
      const check = (): void => {
        if (!stale) return
        if (fault === 'it throws') throw new Error(fault)
        invalidation.listeners.forEach((listener) => listener.lost())
      }
      const far = dict<string>()
      const store = Store.tiered({ near: dict<string>(), far, invalidation: { ...invalidation, check } })
      const serves: Readonly<Record<string, () => unknown>> = {
        get: async () => O.toUndefined(right(await store.get('k')())),
        read: async () => O.toUndefined(right(await store.read('k')()))?.value,
        has: async () => (right(await store.has('k')()) ? 'old' : 'new'),
        getMany: async () => right(await store.getMany(['k'])()).map(O.toUndefined)[0],
        readMany: async () => right(await store.readMany(['k'])()).map(O.toUndefined)[0]?.value,
        hasMany: async () => (right(await store.hasMany(['k'])())[0] === true ? 'old' : 'new'),
        peek: () => store.peek?.('k') ?? 'new',
        peekEntry: () => store.peekEntry?.('k')?.value ?? 'new'
      }
      for (const [operation, ask] of Object.entries(serves)) {
        stale = false
        await new Promise(setImmediate) // it was emptied
        right(await store.set('k', 'old', D.minutes(1))())
        expect([operation, await ask()]).toEqual([operation, 'old'])
        // nobody hears of it
        right(await (operation.startsWith('has') ? far.delete('k') : far.set('k', 'new', D.minutes(1)))())
        expect([operation, await ask()]).toEqual([operation, 'old'])
        stale = true
        expect([fault, operation, await ask()]).toEqual([fault, operation, 'new'])
      }
    }
  })
})
