/**
 * How a feed listens to one node: a connection is made, checked and kept until something goes wrong, and then another
 * one is made.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { ignore } from '../../base/ignore'
import { startIdleTimer } from '../../base/timer'
import type { Duration } from '../../Duration'
import { settledIn } from '../kit/deadline'
import { type Seen, watch } from './feedClient'
import type { Listened, Nodes } from './feedNodes'
import type { Place } from './feedPlaces'
import { isSame, roleOf } from './feedServer'
import type { FeedClient } from './model'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => void startIdleTimer(ms, resolve)())

const isLeft = (node: Listened): boolean => node.over // a function, as the value changes during an `await`

export interface ListenOptions {
  /** Whether the feed listens to every master, or to one of them. */
  readonly all: boolean
  /** The interval of the heartbeats, and the timeout of each. */
  readonly heartbeat: Duration
  /** Subscribes a new connection. */
  readonly setUp: (client: FeedClient) => Promise<unknown>
  /** Called when changes may have been missed: a connection has ended, or a new one begins. */
  readonly onLost: () => void
}

// -------------------------------------------------------------------------------------
// one connection
// -------------------------------------------------------------------------------------

/** The life of a connection: the first thing that goes wrong ends it. */
interface Life {
  readonly isOver: () => boolean
  readonly end: () => void
  /** The connection that `end` destroys. */
  readonly holds: (connection: FeedClient) => void
  /** Until the next heartbeat, or the end. */
  readonly rest: (ms: number) => Promise<void>
}

const makeLife = (onEnd: () => void): Life => {
  let ended = false
  let destroy = ignore
  let wake = ignore
  return {
    isOver: () => ended,
    end: () => {
      if (ended) return
      ended = true
      onEnd()
      wake()
      try {
        destroy()
      } catch {
        // it was already closed
      }
    },
    holds: (connection) => (destroy = () => connection.destroy()),
    rest: (ms) =>
      new Promise((resolve) => {
        const off = startIdleTimer(ms, resolve)() // SAFETY: a timer takes any number
        wake = () => {
          off()
          resolve()
        }
      })
  }
}

/** Listens to a node: `makeListen` until something goes wrong, `makeKeep` until the node is left. */
type Listen = (node: Listened, place: Place) => Promise<void>

const makeListen = ({ all, heartbeat, onLost, setUp }: ListenOptions, nodes: Nodes): Listen => {
  const inTime = async <A>(start: () => Promise<A> | A): Promise<A> => {
    const answer = await settledIn(heartbeat, async () => start(), startIdleTimer)
    return E.isRight(answer) ? answer.right : Promise.reject(answer.left)
  }

  /** Waits for the client's connection, and then lets the caller look again: it may be to another server. */
  const isReady = async (node: Listened, asker: Seen): Promise<boolean> => {
    const waits = (): boolean => asker.isReady === false && !isLeft(node)
    do {
      if (!waits()) break
      let unwatch = ignore
      const turned = new Promise<void>((resolve) => (unwatch = watch(asker, resolve)))
      await Promise.race([turned, sleep(heartbeat)])
      unwatch()
    } while (all) // otherwise another node can be used
    return !waits() && !isLeft(node)
  }

  return async (node: Listened, place: Place): Promise<void> => {
    const asker = await inTime(place.asker)
    if (!(await isReady(node, asker))) return
    const { end, holds, isOver, rest } = makeLife(() => {
      const wasUp = node.up
      node.up = false
      nodes.note(node, 0)
      if (wasUp) onLost()
    })
    node.end = end
    const unwatch = watch(asker, end)
    try {
      const connection = await inTime(() => place.open(asker))
      holds(connection)
      for (const event of ['error', 'end', 'reconnecting', 'terminated']) connection.on(event, end)
      if (isOver()) return connection.destroy()
      connection.unref()
      await inTime(() => connection.connect())
      connection.unref()
      await inTime(() => setUp(connection))
      let asked = Date.now()
      const role = await inTime(() => roleOf(connection))
      if (isOver() || role === undefined || (place.master && role !== 'master')) return
      if (!(await inTime(() => isSame(place, asker, connection))) || isOver()) return
      node.up = true
      nodes.note(node, asked)
      // changes to entries read before this point were not received
      onLost()
      for (;;) {
        await rest(Math.min(asked + heartbeat - Date.now(), heartbeat))
        if (isOver()) break
        asked = Date.now()
        if ((await inTime(() => roleOf(connection))) !== role || isOver()) break
        nodes.note(node, asked)
      }
    } finally {
      unwatch()
      end()
    }
  }
}

// -------------------------------------------------------------------------------------
// one connection after another
// -------------------------------------------------------------------------------------

const firstPause = 50
const longestPause = 1_000

/** A feed that needs only one node leaves it when its connection ends. */
export const makeKeep = (options: ListenOptions, nodes: Nodes): Listen => {
  const { all, heartbeat } = options
  const listen = makeListen(options, nodes)
  return async (node, place) => {
    let pause = firstPause
    while (!isLeft(node)) {
      const begun = performance.now()
      await listen(node, place).catch(ignore)
      if (!all) return nodes.leave(place.id, node) // the next survey picks a node, perhaps the same one
      // a connection that ends at once does not reset the pause
      pause = performance.now() - begun > 2 * heartbeat ? firstPause : Math.min(pause * 2, longestPause)
      if (!isLeft(node)) await sleep(pause * (0.5 + Math.random() / 2))
    }
  }
}
