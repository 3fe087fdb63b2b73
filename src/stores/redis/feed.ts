/**
 * Separate connections to the nodes behind a client, which receive the messages that nodes push. A heartbeat checks
 * each connection: an answer that is late ends it, as any other failure does, and a new one is made. A connection also
 * ends when the client reconnects or disconnects: its name, or its balancer, may then lead to another server.
 *
 * @internal
 */
import { isDefect } from '../../base/defect'
import { ignore } from '../../base/ignore'
import { startIdleTimer } from '../../base/timer'
import { type ListenOptions, makeKeep } from './feedListen'
import { makeNodes } from './feedNodes'
import { type Connect, type Place, placesOf } from './feedPlaces'

export interface FeedParts extends ListenOptions {
  readonly client: () => unknown
  readonly connect: Connect | undefined
}

export interface Feed {
  readonly start: () => void
  readonly stop: () => void
  /** Whether the feed listens to every node that the client knows. */
  readonly isUp: () => boolean
  /** Ends connections whose last answer is older than two heartbeats: the process may have been suspended. */
  readonly check: () => void
}

export const makeFeed = (parts: FeedParts): Feed => {
  const { all, client, connect, heartbeat } = parts
  const nodes = makeNodes(heartbeat)
  const keep = makeKeep(parts, nodes)
  let running = false
  let cancel = ignore

  const look = (): ReadonlyArray<Place> => {
    try {
      return placesOf(client(), connect)
    } catch {
      return []
    }
  }

  /** Looks for nodes again at intervals, as masters and clients change. */
  const survey = (): void => {
    const places = look()
    nodes.leaveUnless((id) => places.some((place) => place.id === id))
    const anyone = places[Math.floor(Math.random() * places.length)]
    const wanted = all ? places : !nodes.isEmpty() || anyone === undefined ? [] : [anyone]
    for (const place of wanted) {
      if (!nodes.has(place.id)) void keep(nodes.add(place.id), place)
    }
    cancel = startIdleTimer(heartbeat, survey)()
  }

  /** Throws a defect for a wrong configuration, as soon as there is a client. */
  const wired = (): void => {
    let there: unknown
    try {
      there = client()
    } catch (cause) {
      if (isDefect(cause)) throw cause
      return // there is no client yet
    }
    if (typeof there === 'object' && there !== null) placesOf(there, connect)
  }
  wired()

  return {
    start: () => {
      if (running) return
      wired()
      running = true
      survey()
    },
    stop: () => {
      running = false
      cancel()
      nodes.leaveUnless(() => false)
    },
    isUp: () => {
      const now = Date.now()
      const hears = ({ id }: Place): boolean => nodes.isHeard(id, now)
      const places = look()
      return places.length > 0 && (all ? places.every(hears) : places.some(hears))
    },
    check: nodes.check
  }
}
