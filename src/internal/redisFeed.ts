/**
 * Connections of our own to the nodes behind a client, to hear what the nodes say unasked. Each is watched: a `PING` that
 * is not answered in time ends it, as anything else that goes wrong does, and then a new one is made.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Duration } from '../Duration'
import type { FeedClient, FeedNode } from '../stores/redisInvalidation'
import { settledIn } from './deadline'
import { defect } from './defect'
import { startTimer } from './timer'

/** What client, pool, cluster and sentinel have of their own; nothing else tells them apart. */
interface Seen {
  readonly duplicate?: (overrides: object) => FeedClient
  readonly options?: { readonly socket?: object }
  readonly execute?: (f: (client: Seen) => unknown) => Promise<unknown>
  readonly masters?: ReadonlyArray<{ readonly address: string }>
  readonly nodeClient?: (node: unknown) => Promise<Seen> | Seen
  readonly getMasterNode?: () => FeedNode | undefined
}

export type Connect = (node: FeedNode | undefined) => FeedClient

interface Place {
  readonly id: string
  readonly open: () => Promise<FeedClient>
  /** Whether only a master is right: a client that was told of no other nodes reads where it was sent. */
  readonly master: boolean
}

const duplicateOf = (client: Seen): FeedClient =>
  client.duplicate?.({
    RESP: 3,
    emitInvalidate: true,
    clientSideCache: undefined,
    maintNotifications: 'disabled',
    keyPrefix: undefined,
    readonly: false,
    commandOptions: undefined,
    commandsQueueMaxLength: undefined,
    disableOfflineQueue: false,
    // heartbeats are ours: another one's timeout would end a connection between two of them
    pingInterval: undefined,
    // a broken one is given up, and a new one made
    socket: { ...client.options?.socket, socketTimeout: undefined, reconnectStrategy: false }
  }) ?? defect('a feed needs a client of node-redis')

/** A pool shows one of its clients while it lends it. One loan is enough: it has none to lend while its server is frozen. */
const templates = /*#__PURE__*/ new WeakMap<object, Seen>()
const templateOf = async (pool: Seen & object, execute: NonNullable<Seen['execute']>): Promise<Seen> => {
  const known = templates.get(pool)
  if (known !== undefined) return known
  const made = (await execute.call(pool, duplicateOf)) as FeedClient & Seen // the proof: what the function gives
  made.destroy() // it is never connected
  templates.set(pool, made)
  return made
}

/** The nodes to listen to, as things are now. */
const placesOf = (client: unknown, connect: Connect | undefined): ReadonlyArray<Place> => {
  const seen = client as Seen // the proof: each member is looked at before it is used
  const { execute, getMasterNode, masters, nodeClient } = seen
  if (masters !== undefined && nodeClient !== undefined) {
    return masters.map((master) => ({
      id: master.address,
      master: true,
      open: async () => duplicateOf(await nodeClient.call(seen, master))
    }))
  }
  if (getMasterNode !== undefined) {
    if (connect === undefined)
      return defect('a feed of a sentinel needs `connect`: it makes a client for the node that is the master')
    const node = getMasterNode.call(seen)
    return node === undefined
      ? []
      : [
          {
            id: `${node.host}:${String(node.port)}`,
            master: true,
            open: () => Promise.resolve(connect(node))
          }
        ]
  }
  const open =
    connect !== undefined
      ? () => Promise.resolve(connect(undefined))
      : execute !== undefined && seen.duplicate === undefined
      ? async () => duplicateOf(await templateOf(seen, execute))
      : () => Promise.resolve(duplicateOf(seen))
  return [{ id: '', master: false, open }]
}

// -------------------------------------------------------------------------------------
// what a node says of itself
// -------------------------------------------------------------------------------------

/** A field of a reply that is a map, however the client shows maps. */
const field = (reply: unknown, name: string): string | undefined => {
  const entries: ReadonlyArray<readonly [unknown, unknown]> =
    reply instanceof Map
      ? Array.from(reply)
      : Array.isArray(reply)
      ? reply.flatMap((key: unknown, i) => (i % 2 === 0 ? [[key, reply[i + 1]] as const] : []))
      : Object.entries(Object(reply) as object)
  const found = entries.find(([key]) => String(key) === name)
  return found === undefined ? undefined : String(found[1])
}

/**
 * Asks a node for its role: one that is not what it was does not hear of every change any more. A master that its cluster
 * has left behind still calls itself one, but it knows that the cluster is not whole.
 */
const roleOf = async (client: FeedClient): Promise<string | undefined> => {
  const hello = await client.sendCommand(['HELLO'])
  if (field(hello, 'mode') !== 'cluster') return field(hello, 'role')
  const info = await client.sendCommand(['CLUSTER', 'INFO']).catch(() => '')
  return String(info).includes('cluster_state:fail') ? undefined : field(hello, 'role')
}

// -------------------------------------------------------------------------------------
// feeds
// -------------------------------------------------------------------------------------

export interface FeedParts {
  readonly client: () => unknown
  readonly connect: Connect | undefined
  /** Whether every master is listened to, or one of them. */
  readonly all: boolean
  /** How often a connection is asked whether it is there, and how long it has for the answer. */
  readonly heartbeat: Duration
  /** Makes a connection say what it has to say. */
  readonly setUp: (client: FeedClient) => Promise<unknown>
  /** What was heard until now may not be all: a connection has ended, or one is there that was not. */
  readonly onLost: () => void
}

export interface Feed {
  readonly start: () => void
  readonly stop: () => void
  /** Whether every node that the client knows to listen to is listened to. */
  readonly isUp: () => boolean
}

/** A node that is listened to, or will be. */
interface Listened {
  up: boolean
  /** Ends what is there now. */
  end: () => void
  /** No more of it. */
  over: boolean
}

const firstPause = 50
const longestPause = 1_000
const ignore = (): void => undefined

export const makeFeed = ({ all, client, connect, heartbeat, onLost, setUp }: FeedParts): Feed => {
  const nodes = new Map<string, Listened>()
  let running = false
  let cancel = ignore

  const inTime = async <A>(start: () => Promise<A>): Promise<A> => {
    const answer = await settledIn(heartbeat, start)
    return E.isRight(answer) ? answer.right : Promise.reject(answer.left)
  }
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void startTimer(ms as Duration, resolve)())

  /** Listens to a node until something goes wrong. */
  const listen = async (node: Listened, { master, open }: Place): Promise<void> => {
    const connection = await inTime(open)
    let ended = false
    const isOver = (): boolean => ended // it changes meanwhile
    const end = new Promise<void>((resolve) => {
      node.end = () => {
        if (ended) return
        ended = true
        const wasUp = node.up
        node.up = false
        if (wasUp) onLost()
        resolve()
        try {
          connection.destroy()
        } catch {
          // it was closed already
        }
      }
    })
    for (const event of ['error', 'end', 'reconnecting', 'terminated']) connection.on(event, node.end)
    try {
      if (node.over) return
      connection.unref()
      await inTime(() => connection.connect())
      connection.unref()
      await inTime(() => setUp(connection))
      const role = await inTime(() => roleOf(connection))
      if (isOver() || role === undefined || (master && role !== 'master')) return
      node.up = true
      // what was read before, from this node or another, nobody listened for
      onLost()
      for (;;) {
        await Promise.race([end, sleep(heartbeat)])
        if (isOver() || (await inTime(() => roleOf(connection))) !== role) break
      }
    } finally {
      node.end()
    }
  }

  const leave = (id: string, node: Listened): void => {
    if (nodes.get(id) === node) nodes.delete(id)
    node.over = true
    node.end()
  }
  const isLeft = (node: Listened): boolean => node.over // it changes meanwhile

  const keep = async (node: Listened, place: Place): Promise<void> => {
    let pause = firstPause
    while (!isLeft(node)) {
      const begun = performance.now()
      await listen(node, place).catch(ignore)
      if (!all) return leave(place.id, node) // the next survey takes another one, or this again
      // one that ends as soon as it begins is no success
      pause = performance.now() - begun > 2 * heartbeat ? firstPause : Math.min(pause * 2, longestPause)
      if (!isLeft(node)) await sleep(pause * (0.5 + Math.random() / 2))
    }
  }

  const look = (): ReadonlyArray<Place> => {
    try {
      return placesOf(client(), connect)
    } catch {
      return []
    }
  }

  /** Masters come and go. */
  const survey = (): void => {
    const places = look()
    nodes.forEach((node, id) => {
      if (places.every((place) => place.id !== id)) leave(id, node)
    })
    const anyone = places[Math.floor(Math.random() * places.length)]
    const wanted = all ? places : nodes.size > 0 || anyone === undefined ? [] : [anyone]
    for (const place of wanted) {
      if (nodes.has(place.id)) continue
      const node = { up: false, end: ignore, over: false }
      nodes.set(place.id, node)
      void keep(node, place)
    }
    cancel = startTimer(heartbeat, survey)()
  }

  return {
    start: () => {
      if (running) return
      placesOf(client(), connect) // wrong wiring is a defect
      running = true
      survey()
    },
    stop: () => {
      running = false
      cancel()
      nodes.forEach((node, id) => leave(id, node))
    },
    isUp: () => {
      const ids = all ? look().map(({ id }) => id) : Array.from(nodes.keys())
      return ids.length > 0 && ids.every((id) => nodes.get(id)?.up === true)
    }
  }
}
