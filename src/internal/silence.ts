/**
 * Who owes an answer that is late, and what is done about it: while somebody does, nothing more is asked of him, but now
 * and then, to see.
 *
 * It spares callers a wait that is in vain, and what is not sent cannot be done late. And it lets a client notice that its
 * connection is dead: node-redis' `socketTimeout` ends a connection on which nothing was read *or written* for so long, so
 * whoever keeps writing to a server that is frozen keeps the connection to it.
 *
 * @internal
 */

/** Owners are objects, or `undefined` where there is one only; they are looked for only where something is owed. */
type Owners = () => Iterable<unknown>

/** @internal */
export interface Silence {
  /** A moment, for `late`. */
  readonly now: () => number
  /**
   * Whether nothing is to be asked of one of them by who would wait for so many milliseconds. One who may ask, although an
   * answer is owed for longer, is alone in it.
   */
  readonly refuses: (owners: Owners, patience: number) => boolean
  /** An answer did not come in so many milliseconds. It is owed by those of whom nothing was heard since the question. */
  readonly late: (owners: Owners, since: number, patience: number) => void
  /** Something came of one: an answer, however late, or the end of a connection. */
  readonly heard: (owner: unknown) => void
  /** The same of many; noted only where something is owed. */
  readonly heardAll: (owners: Owners) => void
}

interface Owner {
  heard: number
  /** When the question was asked whose answer is owed. */
  asked: number
  /** Before this nobody asks; 0 where nothing is owed. */
  until: number
  pause: number
}

// longer than any `socketTimeout` that we recommend; where one is longer, some time the pause is, too
const firstPause = 1_000
const longestPause = 10_000

/** @internal */
export const makeSilence = (time: () => number): Silence => {
  const only = {}
  const known = new WeakMap<object, Owner>()
  let tick = 0
  // mostly nobody owes anything: that is to cost nothing
  let owing = 0
  const ownerOf = (u: unknown): Owner => {
    const key = typeof u === 'object' && u !== null ? u : only
    const there = known.get(key)
    if (there !== undefined) return there
    const made: Owner = { heard: 0, asked: 0, until: 0, pause: 0 }
    known.set(key, made)
    return made
  }
  const heard = (one: unknown): void => {
    const owner = ownerOf(one)
    owner.heard = ++tick
    if (owner.until > 0) {
      owner.until = 0
      owing--
    }
  }
  return {
    now: () => tick,
    refuses: (owners, patience) => {
      if (owing === 0) return false
      const now = time()
      const owed = Array.from(new Set(owners()), ownerOf).filter(
        ({ asked, until }) => until > 0 && now - asked >= patience
      )
      if (owed.some(({ until }) => now < until)) return true
      for (const owner of owed) {
        owner.pause = Math.min(owner.pause * 2, longestPause)
        owner.until = now + owner.pause
      }
      return false
    },
    late: (owners, since, patience) => {
      for (const one of new Set(owners())) {
        const owner = ownerOf(one)
        if (owner.heard > since || owner.until > 0) continue
        owner.asked = time() - patience
        owner.pause = firstPause
        owner.until = time() + firstPause
        owing++
      }
    },
    heard,
    heardAll: (owners) => {
      if (owing > 0) new Set(owners()).forEach(heard)
    }
  }
}

/** Where every command has a connection on which nothing waits, as in a pool, nobody owes anything. */
export const noSilence: Silence = {
  now: () => 0,
  refuses: () => false,
  late: () => undefined,
  heard: () => undefined,
  heardAll: () => undefined
}
