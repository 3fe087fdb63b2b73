/**
 * Tracks servers that owe a late answer. While one does, it gets no further requests, except a trial at intervals.
 *
 * This spares callers a useless wait, and a request that is not sent cannot run late. It also lets a client detect that
 * its connection is dead: node-redis' `socketTimeout` ends a connection on which nothing was read *or written* for that
 * time, so a client that keeps writing to a frozen server keeps the connection.
 *
 * @internal
 */

/** Owners are objects, or `undefined` if there is only one. The function is called only while an answer is owed. */
type Owners = () => Iterable<unknown>

export interface Silence {
  /** A logical time, for `late`. */
  readonly now: () => number
  /**
   * Whether one of the owners must not get a request whose caller would wait for `patience` milliseconds. If it returns
   * `false` although an owner has owed an answer for longer, that request is the only trial until the next pause ends.
   */
  readonly refuses: (owners: Owners, patience: number) => boolean
  /** An answer did not arrive in `patience` milliseconds. The owners that sent nothing since the request owe it. */
  readonly late: (owners: Owners, since: number, patience: number) => void
  /** An owner sent something: an answer, however late, or the end of a connection. */
  readonly heard: (owner: unknown) => void
  /** The same for many owners; recorded only while an answer is owed. */
  readonly heardAll: (owners: Owners) => void
}

interface Owner {
  heard: number
  /** When the request was sent whose answer is owed. */
  asked: number
  /** No requests before this time; 0 if no answer is owed. */
  until: number
  pause: number
}

// longer than any recommended `socketTimeout`; the pause grows, and so exceeds a longer one, too
const firstPause = 1_000
const longestPause = 10_000

export const makeSilence = (time: () => number): Silence => {
  const only = {}
  const known = new WeakMap<object, Owner>()
  let tick = 0
  // usually no answer is owed: that case must cost nothing
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

/** For clients that send every command on an idle connection, such as a pool: no answer is ever owed. */
export const noSilence: Silence = {
  now: () => 0,
  refuses: () => false,
  late: () => undefined,
  heard: () => undefined,
  heardAll: () => undefined
}
