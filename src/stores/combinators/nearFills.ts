/**
 * The fills of a near tier: reads and writes of the far tier whose outcome may be kept.
 *
 * @internal
 */
import type { Clock } from '../../Clock'
import type { Key } from '../../KeyFn'
import type { Fill } from './model'

export interface Fills {
  readonly open: (key: Key, alive: boolean) => Fill
  readonly close: (key: Key, fill: Fill) => void
  /** Ends the fills of a key; returns their running writes to the near tier. */
  readonly end: (key: Key) => ReadonlyArray<Promise<unknown>>
  /** The same for all keys that begin with a prefix. */
  readonly endAll: (prefix: string) => ReadonlyArray<Promise<unknown>>
}

export const makeFills = (clock: Clock): Fills => {
  const fills = new Map<Key, Set<Fill>>()
  const end: Fills['end'] = (key) =>
    Array.from(fills.get(key) ?? [], (fill) => {
      fill.alive = false
      return fill.keeping
    }).flatMap((keeping) => (keeping === undefined ? [] : [keeping]))
  return {
    open: (key, alive) => {
      const fill: Fill = { alive, since: clock.now(), keeping: undefined }
      // a fill that is not kept needs no changes
      if (alive) {
        const others = fills.get(key)
        if (others === undefined) fills.set(key, new Set([fill]))
        else others.add(fill)
      }
      return fill
    },
    close: (key, fill) => {
      const others = fills.get(key)
      if (others?.delete(fill) === true && others.size === 0) fills.delete(key)
    },
    end,
    endAll: (prefix) =>
      Array.from(fills.keys())
        .filter((key) => key.startsWith(prefix))
        .flatMap(end)
  }
}
