/**
 * The nodes that a feed listens to, and when each was heard.
 *
 * @internal
 */
import { ignore } from '../../base/ignore'
import type { Duration } from '../../Duration'

/** A node that the feed listens to, or connects to. */
export interface Listened {
  up: boolean
  /** When the request of the last answer was sent, by the system clock. All earlier changes have arrived. */
  heard: number
  /** Ends the present connection. */
  end: () => void
  /** Whether the feed no longer listens to this node. */
  over: boolean
}

export interface Nodes {
  readonly has: (id: string) => boolean
  readonly isEmpty: () => boolean
  /** Adds a node, which is not up yet. */
  readonly add: (id: string) => Listened
  /** Ends a node, and removes it. */
  readonly leave: (id: string, node: Listened) => void
  /** Leaves the nodes whose id is not wanted. */
  readonly leaveUnless: (isWanted: (id: string) => boolean) => void
  /** Sets when a node was heard. Call it also after a change of `up`. */
  readonly note: (node: Listened, heard: number) => void
  /** Whether a node is up, and its last answer is recent. */
  readonly isHeard: (id: string, now: number) => boolean
  /** Ends the connections whose last answer is not recent. */
  readonly check: () => void
}

/** An answer is recent for two heartbeats. */
export const makeNodes = (heartbeat: Duration): Nodes => {
  const nodes = new Map<string, Listened>()
  /** The earliest `heard` of the nodes that are up. */
  let oldest: number | undefined

  const limit = 2 * heartbeat
  const isRecent = (heard: number, now: number): boolean => now - heard <= limit && now >= heard
  const leave = (id: string, node: Listened): void => {
    if (nodes.get(id) === node) nodes.delete(id)
    node.over = true
    node.end()
  }

  return {
    has: (id) => nodes.has(id),
    isEmpty: () => nodes.size === 0,
    add: (id) => {
      const node: Listened = { up: false, heard: 0, end: ignore, over: false }
      nodes.set(id, node)
      return node
    },
    leave,
    leaveUnless: (isWanted) =>
      nodes.forEach((node, id) => {
        if (!isWanted(id)) leave(id, node)
      }),
    note: (node, heard) => {
      node.heard = heard
      oldest = undefined
      nodes.forEach((one) => {
        if (one.up) oldest = Math.min(oldest ?? one.heard, one.heard)
      })
    },
    isHeard: (id, now) => {
      const node = nodes.get(id)
      return node?.up === true && isRecent(node.heard, now)
    },
    // hot path: a near tier calls it before it answers, so it looks at one number
    check: () => {
      if (oldest === undefined) return
      const now = Date.now() // this clock also runs while the machine sleeps
      if (isRecent(oldest, now)) return
      nodes.forEach((node) => {
        if (node.up && !isRecent(node.heard, now)) node.end()
      })
    }
  }
}
