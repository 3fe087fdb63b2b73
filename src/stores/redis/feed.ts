/**
 * Separate connections to the nodes behind a client, which receive the messages that nodes push. A heartbeat checks
 * each connection: an answer that is late ends it, as any other failure does, and a new one is made. A connection also
 * ends when the client reconnects or disconnects: its name, or its balancer, may then lead to another server.
 *
 * @internal
 */
import { errorMonitor } from 'node:events'

import * as E from 'fp-ts/Either'

import { defect, isDefect } from '../../base/defect'
import { startIdleTimer } from '../../base/timer'
import type { Duration } from '../../Duration'
import { settledIn } from '../kit/deadline'
import type { FeedClient, FeedNode } from './model'

const ignore = (): void => undefined

/** Members that differ between client, pool, cluster and sentinel; nothing else distinguishes them. */
interface Seen {
  readonly _self?: Seen
  readonly isReady?: unknown
  readonly on?: (event: string | symbol, listener: () => void) => unknown
  readonly sendCommand?: (...args: ReadonlyArray<unknown>) => Promise<unknown>
  readonly duplicate?: (overrides: object) => FeedClient
  readonly options?: { readonly socket?: object }
  readonly execute?: (f: (client: Seen) => unknown) => Promise<unknown>
  readonly masters?: ReadonlyArray<{ readonly address: string }>
  readonly nodeClient?: (node: unknown) => Promise<Seen> | Seen
  readonly getMasterNode?: () => FeedNode | undefined
}

export type Connect = (node: FeedNode | undefined) => FeedClient

interface Place {
  /** Unique for each client, and on a cluster for each address. */
  readonly id: string
  /** The client that reads entries there, or publishes changes. When its connection ends, the feed's one ends too. */
  readonly asker: () => Promise<Seen> | Seen
  readonly open: (asker: Seen) => Promise<FeedClient>
  /** Asks the asker for `INFO` of its server; absent if the program makes the connections (`connect`). */
  readonly info: ((asker: Seen) => Promise<unknown>) | undefined
  /** Whether the node must be a master: a client that knows no other nodes reads where it is connected. */
  readonly master: boolean
}

/** The client behind a view: `withCommandOptions` and similar methods return a new object at every call. */
const itselfOf = (client: Seen): Seen => client._self ?? client

const identities = /*#__PURE__*/ new WeakMap<object, string>()
let identified = 0
const identityOf = (client: Seen): string => {
  const itself = itselfOf(client)
  const known = identities.get(itself)
  if (known !== undefined) return known
  const made = String(++identified)
  identities.set(itself, made)
  return made
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
    // the feed sends heartbeats: a shorter timeout would end the connection between two of them
    pingInterval: undefined,
    // a broken connection is replaced by a new one
    socket: { ...client.options?.socket, socketTimeout: undefined, reconnectStrategy: false }
  }) ?? defect('a feed needs a client of node-redis')

/** A pool shows one of its clients while it lends it. It is borrowed once only: a frozen server leaves none to lend. */
const templates = /*#__PURE__*/ new WeakMap<object, Seen>()
const templateOf = async (pool: Seen & object, execute: NonNullable<Seen['execute']>): Promise<Seen> => {
  const known = templates.get(pool)
  if (known !== undefined) return known
  const made = (await execute.call(pool, duplicateOf)) as FeedClient & Seen // SAFETY: it is the result of `duplicateOf`
  made.destroy() // it is never connected
  templates.set(pool, made)
  return made
}

const infoCommand = ['INFO', 'server']
const infoOf = (asker: Seen, ...before: ReadonlyArray<unknown>): Promise<unknown> =>
  new Promise((resolve) => resolve(asker.sendCommand?.(...before, infoCommand)))

/** The nodes to listen to at present. */
const placesOf = (client: unknown, connect: Connect | undefined): ReadonlyArray<Place> => {
  const seen = client as Seen // SAFETY: each member is checked before it is used
  const { execute, getMasterNode, masters, nodeClient } = seen
  const id = identityOf(seen)
  if (masters !== undefined && nodeClient !== undefined) {
    return masters.map((master) => ({
      id: `${id} ${master.address}`,
      master: true,
      asker: () => nodeClient.call(seen, master),
      open: (asker) => Promise.resolve(duplicateOf(asker)),
      info: infoOf
    }))
  }
  const asker = (): Seen => seen
  if (getMasterNode !== undefined) {
    if (connect === undefined)
      return defect('a feed of a sentinel needs `connect`: it makes a client for the node that is the master')
    const node = getMasterNode.call(seen)
    if (node === undefined) return []
    return [
      {
        id: `${id} ${node.host}:${String(node.port)}`,
        master: true,
        asker,
        open: () => Promise.resolve(connect(node)),
        info: () => infoOf(seen, false) // `INFO` of the master
      }
    ]
  }
  if (connect !== undefined)
    return [{ id, master: false, asker, open: () => Promise.resolve(connect(undefined)), info: undefined }]
  if (seen.duplicate !== undefined)
    return [{ id, master: false, asker, open: () => Promise.resolve(duplicateOf(seen)), info: infoOf }]
  if (execute === undefined) return defect('a feed needs a client of node-redis, or `connect`')
  const open = async (): Promise<FeedClient> => duplicateOf(await templateOf(seen, execute))
  return [{ id, master: false, asker, open, info: infoOf }]
}

// -------------------------------------------------------------------------------------
// connection events of a client
// -------------------------------------------------------------------------------------

/** The events of a new or lost connection. A pool emits none of them: it only reports failures. */
const turns: ReadonlyArray<string | symbol> = ['ready', 'reconnecting', 'end']
const turnsOfPool: ReadonlyArray<string | symbol> = [errorMonitor]

const watched = /*#__PURE__*/ new WeakMap<object, Set<() => void>>()

/**
 * Calls `turned` when a client reconnects or disconnects; returns a function that stops it. A client gets one listener
 * for each event, however many feeds it has, and keeps it: a client of node-redis is a view of another, and removing a
 * listener from one may remove all listeners from the other.
 */
const watch = (client: Seen, turned: () => void): (() => void) => {
  const itself = itselfOf(client)
  const { duplicate, execute, on } = itself
  if (on === undefined) return ignore
  const make = (): Set<() => void> => {
    const made = new Set<() => void>()
    watched.set(itself, made)
    const events = execute !== undefined && duplicate === undefined ? turnsOfPool : turns
    events.forEach((event) => on.call(itself, event, () => Array.from(made).forEach((ear) => ear())))
    return made
  }
  const ears = watched.get(itself) ?? make()
  const ear = (): void => turned() // a new function, as `turned` may be passed more than once
  ears.add(ear)
  return () => void ears.delete(ear)
}

// -------------------------------------------------------------------------------------
// the role and identity of a node
// -------------------------------------------------------------------------------------

/** A field of a reply that is a map, in any of the client's representations of maps. */
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
 * Asks a node for its role: after a change of role it no longer receives every change. A master that its cluster
 * replaced still calls itself a master, but it knows that the cluster is not healthy.
 */
const roleOf = async (client: FeedClient): Promise<string | undefined> => {
  const hello = await client.sendCommand(['HELLO'])
  if (field(hello, 'mode') !== 'cluster') return field(hello, 'role')
  const info = await client.sendCommand(['CLUSTER', 'INFO']).catch(() => '')
  return String(info).includes('cluster_state:fail') ? undefined : field(hello, 'role')
}

/** A server's identifier, which lasts until it restarts; `undefined` if it does not tell one. */
const runIdOf = (info: unknown): string | undefined => /^run_id:(\w+)/m.exec(String(info))?.[1]

/** Whether both connections lead to the same server, as far as the servers tell. */
const isSame = async (place: Place, asker: Seen, connection: FeedClient): Promise<boolean> => {
  const { info } = place
  if (info === undefined) return true
  const denied = (): undefined => undefined // some users may not run `INFO`
  const [theirs, ours] = await Promise.all([
    info(asker).then(runIdOf, denied),
    connection.sendCommand(infoCommand).then(runIdOf, denied)
  ])
  return theirs === undefined || ours === undefined || theirs === ours
}

// -------------------------------------------------------------------------------------
// feeds
// -------------------------------------------------------------------------------------

export interface FeedParts {
  readonly client: () => unknown
  readonly connect: Connect | undefined
  /** Whether the feed listens to every master, or to one of them. */
  readonly all: boolean
  /** The interval of the heartbeats, and the timeout of each. */
  readonly heartbeat: Duration
  /** Subscribes a new connection. */
  readonly setUp: (client: FeedClient) => Promise<unknown>
  /** Called when changes may have been missed: a connection has ended, or a new one begins. */
  readonly onLost: () => void
}

export interface Feed {
  readonly start: () => void
  readonly stop: () => void
  /** Whether the feed listens to every node that the client knows. */
  readonly isUp: () => boolean
  /** Ends connections whose last answer is older than two heartbeats: the process may have been suspended. */
  readonly check: () => void
}

/** A node that the feed listens to, or connects to. */
interface Listened {
  up: boolean
  /** When the request of the last answer was sent, by the system clock. All earlier changes have arrived. */
  heard: number
  /** Ends the present connection. */
  end: () => void
  /** Whether the feed no longer listens to this node. */
  over: boolean
}

const firstPause = 50
const longestPause = 1_000

export const makeFeed = ({ all, client, connect, heartbeat, onLost, setUp }: FeedParts): Feed => {
  const nodes = new Map<string, Listened>()
  let running = false
  let cancel = ignore
  /** The earliest `heard` of the nodes that are up. */
  let oldest: number | undefined

  const inTime = async <A>(start: () => Promise<A> | A): Promise<A> => {
    const answer = await settledIn(heartbeat, async () => start(), startIdleTimer)
    return E.isRight(answer) ? answer.right : Promise.reject(answer.left)
  }
  const sleep = (ms: number): Promise<void> => new Promise((resolve) => void startIdleTimer(ms, resolve)())

  const limit = 2 * heartbeat
  const isRecent = (heard: number, now: number): boolean => now - heard <= limit && now >= heard
  const note = (node: Listened, heard: number): void => {
    node.heard = heard
    oldest = undefined
    nodes.forEach((one) => {
      if (one.up) oldest = Math.min(oldest ?? one.heard, one.heard)
    })
  }
  const check = (): void => {
    if (oldest === undefined) return
    const now = Date.now() // this clock also runs while the machine sleeps
    if (isRecent(oldest, now)) return
    nodes.forEach((node) => {
      if (node.up && !isRecent(node.heard, now)) node.end()
    })
  }

  const isLeft = (node: Listened): boolean => node.over // a function, as the value changes during an `await`

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

  /** Listens to a node until something goes wrong. */
  const listen = async (node: Listened, place: Place): Promise<void> => {
    const asker = await inTime(place.asker)
    if (!(await isReady(node, asker))) return
    let ended = false
    const isOver = (): boolean => ended // a function, as the value changes during an `await`
    let destroy = ignore
    let wake = ignore
    node.end = () => {
      if (ended) return
      ended = true
      const wasUp = node.up
      node.up = false
      note(node, 0)
      if (wasUp) onLost()
      wake()
      try {
        destroy()
      } catch {
        // it was already closed
      }
    }
    /** Until the next heartbeat, or the end. */
    const rest = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const off = startIdleTimer(ms, resolve)() // SAFETY: a timer takes any number
        wake = () => {
          off()
          resolve()
        }
      })
    const unwatch = watch(asker, node.end)
    try {
      const connection = await inTime(() => place.open(asker))
      destroy = () => connection.destroy()
      for (const event of ['error', 'end', 'reconnecting', 'terminated']) connection.on(event, node.end)
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
      note(node, asked)
      // changes to entries read before this point were not received
      onLost()
      for (;;) {
        await rest(Math.min(asked + heartbeat - Date.now(), heartbeat))
        if (isOver()) break
        asked = Date.now()
        if ((await inTime(() => roleOf(connection))) !== role || isOver()) break
        note(node, asked)
      }
    } finally {
      unwatch()
      node.end()
    }
  }

  const leave = (id: string, node: Listened): void => {
    if (nodes.get(id) === node) nodes.delete(id)
    node.over = true
    node.end()
  }

  const keep = async (node: Listened, place: Place): Promise<void> => {
    let pause = firstPause
    while (!isLeft(node)) {
      const begun = performance.now()
      await listen(node, place).catch(ignore)
      if (!all) return leave(place.id, node) // the next survey picks a node, perhaps the same one
      // a connection that ends at once does not reset the pause
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

  /** Looks for nodes again at intervals, as masters and clients change. */
  const survey = (): void => {
    const places = look()
    nodes.forEach((node, id) => {
      if (places.every((place) => place.id !== id)) leave(id, node)
    })
    const anyone = places[Math.floor(Math.random() * places.length)]
    const wanted = all ? places : nodes.size > 0 || anyone === undefined ? [] : [anyone]
    for (const place of wanted) {
      if (nodes.has(place.id)) continue
      const node = { up: false, heard: 0, end: ignore, over: false }
      nodes.set(place.id, node)
      void keep(node, place)
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
      nodes.forEach((node, id) => leave(id, node))
    },
    isUp: () => {
      const now = Date.now()
      const hears = ({ id }: Place): boolean => {
        const node = nodes.get(id)
        return node?.up === true && isRecent(node.heard, now)
      }
      const places = look()
      return places.length > 0 && (all ? places.every(hears) : places.some(hears))
    },
    check
  }
}
