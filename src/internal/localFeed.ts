/**
 * A feed of changes within one process.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Invalidation, Listener } from '../Invalidation'

export const makeLocalFeed = (): (() => Invalidation) => {
  const everybody = new Set<{ readonly of: object; readonly listener: Listener }>()
  return () => {
    const me = {}
    let listens = 0
    return {
      listen: (listener) => () => {
        const one = { of: me, listener }
        everybody.add(one)
        listens++
        return () => {
          if (everybody.delete(one)) listens--
        }
      },
      covers: () => listens > 0,
      tell: (change) => () => {
        // of several that share a feed nobody knows who tells: all of them hear it
        for (const { listener, of } of everybody) if (of !== me || listens > 1) listener.changed(change)
        return Promise.resolve(E.right(undefined))
      },
      echoes: false
    }
  }
}
