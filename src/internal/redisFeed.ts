/**
 * Connections of our own to the nodes behind a client, to hear what the nodes say unasked. Each is watched: a question that
 * is not answered in time ends it, as anything else that goes wrong does, and then a new one is made. So does the client
 * when it has a new connection itself, or none: by then its name, or its balancer, may lead to another server.
 *
 * @internal
 */
import { errorMonitor } from 'node:events'

import * as E from 'fp-ts/Either'

import type { Duration } from '../Duration'
import type { FeedClient, FeedNode } from '../stores/redisInvalidation'
import { settledIn } from './deadline'
import { defect } from './defect'
import { startTimer } from './timer'

const ignore = (): void => undefined

/** What client, pool, cluster and sentinel have of their own; nothing else tells them apart. */
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
  /** Another one for each client, and on a cluster for each address. */
  readonly id: string
  /** Who is asked for entries there, or tells the others: what he does with his connection ends ours. */
  readonly asker: () => Promise<Seen> | Seen
  readonly open: (asker: Seen) => Promise<FeedClient>
  /** Asks the asker what its server says of itself; not where the program connects as it likes. */
  readonly info: ((asker: Seen) => Promise<unknown>) | undefined
  /** Whether only a master is right: a client that was told of no other nodes reads where it was sent. */
  readonly master: boolean
}

/** The client itself, of its views: `withCommandOptions` and its like give another object at every call. */
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

const infoCommand = ['INFO', 'server']
const infoOf = (asker: Seen, ...before: ReadonlyArray<unknown>): Promise<unknown> =>
  new Promise((resolve) => resolve(asker.sendCommand?.(...before, infoCommand)))

/** The nodes to listen to, as things are now. */
const placesOf = (client: unknown, connect: Connect | undefined): ReadonlyArray<Place> => {
  const seen = client as Seen // the proof: each member is looked at before it is used
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
        info: () => infoOf(seen, false) // of the master
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
// what a client does with its connection
// -------------------------------------------------------------------------------------

/** A pool says no more than that one of its connections has failed; who hears of it in this way does not take it. */
const turns: ReadonlyArray<string | symbol> = ['ready', 'reconnecting', 'end']
const turnsOfPool: ReadonlyArray<string | symbol> = [errorMonitor]

const watched = /*#__PURE__*/ new WeakMap<object, Set<() => void>>()

/**
 * Calls `turned` when a client has another connection, or none; gives what ends that. A client gets one listener for each
 * event, however many feeds it has, and keeps it: a client of node-redis is a view of another, and to take a listener from
 * the one may take all from the other.
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
  const ear = (): void => turned() // its own, however often a function is given
  ears.add(ear)
  return () => void ears.delete(ear)
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

/** What a server calls itself from its start to its end; `undefined` where it does not say. */
const runIdOf = (info: unknown): string | undefined => /^run_id:(\w+)/m.exec(String(info))?.[1]

/** Whether both talk to the same server, as far as they say. */
const isSame = async (place: Place, asker: Seen, connection: FeedClient): Promise<boolean> => {
  const { info } = place
  if (info === undefined) return true
  const denied = (): undefined => undefined // some users may not ask
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
  /** Gives up connections of which nothing was heard for longer than two heartbeats: a process may have stood still. */
  readonly check: () => void
}

/** A node that is listened to, or will be. */
interface Listened {
  up: boolean
  /** By the time of day: when that was asked whose answer came last. All that had changed by then is known. */
  heard: number
  /** Ends what is there now. */
  end: () => void
  /** No more of it. */
  over: boolean
}

const firstPause = 50
const longestPause = 1_000

export const makeFeed = ({ all, client, connect, heartbeat, onLost, setUp }: FeedParts): Feed => {
  const nodes = new Map<string, Listened>()
  let running = false
  let cancel = ignore
  /** The earliest `heard` of those that are up. */
  let oldest: number | undefined

  const inTime = async <A>(start: () => Promise<A> | A): Promise<A> => {
    const answer = await settledIn(heartbeat, async () => start())
    return E.isRight(answer) ? answer.right : Promise.reject(answer.left)
  }
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void startTimer(ms as Duration, resolve)())

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
    const now = Date.now() // it goes on while the machine sleeps
    if (isRecent(oldest, now)) return
    nodes.forEach((node) => {
      if (node.up && !isRecent(node.heard, now)) node.end()
    })
  }

  const isLeft = (node: Listened): boolean => node.over // it changes meanwhile

  /** Nothing is read through a client that has no connection; when it has one, it may be to another server. */
  const isReady = async (node: Listened, asker: Seen): Promise<boolean> => {
    const waits = (): boolean => asker.isReady === false && !isLeft(node)
    do {
      if (!waits()) break
      let unwatch = ignore
      const turned = new Promise<void>((resolve) => (unwatch = watch(asker, resolve)))
      await Promise.race([turned, sleep(heartbeat)])
      unwatch()
    } while (all) // else another node will do
    return !waits() && !isLeft(node)
  }

  /** Listens to a node until something goes wrong. */
  const listen = async (node: Listened, place: Place): Promise<void> => {
    const asker = await inTime(place.asker)
    if (!(await isReady(node, asker))) return
    let ended = false
    const isOver = (): boolean => ended // it changes meanwhile
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
        // it was closed already
      }
    }
    /** Until the next heartbeat, or the end. */
    const rest = (ms: number): Promise<void> =>
      new Promise((resolve) => {
        const off = startTimer(ms as Duration, resolve)() // the proof: a timer takes any number
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
      // what was read before, from this node or another, nobody listened for
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

  /** Masters come and go, and so do clients. */
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
    cancel = startTimer(heartbeat, survey)()
  }

  /** Wrong wiring is a defect, as soon as there is a client. */
  const wired = (): void => {
    let there: unknown
    try {
      there = client()
    } catch {
      return // it is not there yet
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
