/**
 * Connections of our own to the nodes behind a client, to hear what the nodes say unasked. Each is watched: a `PING` that
 * is not answered in time ends it, as anything else that goes wrong does, and then a new one is made.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import type { Duration } from '../Duration'
import { withDeadline } from './deadline'
import { defect } from './defect'
import { startTimer } from './timer'

/** A connection of node-redis, by shape. */
export interface FeedClient {
  readonly on: (event: string, listener: (what: never) => void) => unknown
  readonly connect: () => Promise<unknown>
  readonly destroy: () => void
  readonly unref: () => void
  readonly sendCommand: (args: Array<string>) => Promise<unknown>
  readonly subscribe: (channel: string, listener: (message: string) => void) => Promise<unknown>
}

/** Where a master is. */
export interface FeedNode {
  readonly host: string
  readonly port: number
}

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
}

const duplicateOf = (client: Seen): FeedClient =>
  client.duplicate?.({
    RESP: 3,
    emitInvalidate: true,
    clientSideCache: undefined,
    maintNotifications: 'disabled',
    keyPrefix: undefined,
    readonly: false,
    pingInterval: undefined,
    // a broken one is given up, and a new one made
    disableOfflineQueue: false,
    socket: { ...client.options?.socket, reconnectStrategy: false }
  }) ?? defect('a feed needs a client of node-redis')

/** The nodes to listen to, as things are now. */
const placesOf = (client: unknown, connect: Connect | undefined, all: boolean): ReadonlyArray<Place> => {
  const seen = client as Seen // the proof: each member is looked at before it is used
  const { execute, masters, nodeClient } = seen
  if (masters !== undefined && nodeClient !== undefined) {
    const places = masters.map((master) => ({
      id: master.address,
      open: async () => duplicateOf(await nodeClient.call(seen, master))
    }))
    return all ? places : places.slice(0, 1)
  }
  if (connect !== undefined) {
    const node = seen.getMasterNode?.()
    return [
      {
        id: node === undefined ? '' : `${node.host}:${String(node.port)}`,
        open: () => Promise.resolve(connect(node))
      }
    ]
  }
  if (seen.getMasterNode !== undefined)
    return defect('a feed of a sentinel needs `connect`: it makes a client for the node that is the master')
  return execute !== undefined && seen.duplicate === undefined
    ? // the proof: what the function gives
      [{ id: '', open: () => execute.call(seen, duplicateOf) as Promise<FeedClient> }]
    : [{ id: '', open: () => Promise.resolve(duplicateOf(seen)) }]
}

export interface FeedOptions {
  readonly client: () => unknown
  readonly connect: Connect | undefined
  /** Whether every master is listened to, or one of them. */
  readonly all: boolean
  /** How often a connection is asked whether it is there, and how long it has for the answer. */
  readonly heartbeat: Duration
  /** Makes a connection say what it has to say. */
  readonly setUp: (client: FeedClient) => Promise<unknown>
  /** One that was up is not any more. */
  readonly onLost: () => void
}

export interface Feed {
  readonly start: () => void
  readonly stop: () => void
  /** Whether the connection to a node is up; any, where it is not named. */
  readonly isUp: (id?: string) => boolean
}

const firstPause = 50
const longestPause = 1_000

export const makeFeed = ({ all, client, connect, heartbeat, onLost, setUp }: FeedOptions): Feed => {
  /** The nodes that are listened to, or will be; true while they are. */
  const places = new Map<string, boolean>()
  let running = false
  let cancel = (): void => undefined
  const ends = new Set<() => void>()

  const inTime = async <A>(start: () => Promise<A>): Promise<A> => {
    const answer = await withDeadline('get', heartbeat, start)
    return E.isRight(answer) ? answer.right : Promise.reject(answer.left)
  }
  const sleep = (ms: number): Promise<void> =>
    new Promise((resolve) => void startTimer(ms as Duration, resolve)())

  /** Listens to a node until something goes wrong. */
  const listen = async ({ id, open }: Place): Promise<boolean> => {
    const connection = await inTime(open)
    let wasUp = false
    let end = (): void => undefined
    const ended = new Promise<void>((resolve) => {
      end = () => {
        if (places.get(id) === true) {
          places.set(id, false)
          onLost()
        }
        resolve()
      }
    })
    ends.add(end)
    for (const event of ['error', 'end', 'reconnecting', 'terminated']) connection.on(event, end)
    try {
      connection.unref()
      await inTime(() => connection.connect())
      connection.unref()
      await inTime(() => setUp(connection))
      if (running && places.has(id)) {
        places.set(id, true)
        wasUp = true
      }
      while (running && places.get(id) === true) {
        await Promise.race([ended, sleep(heartbeat)])
        if (places.get(id) === true) await inTime(() => connection.sendCommand(['PING']))
      }
    } finally {
      end()
      ends.delete(end)
      try {
        connection.destroy()
      } catch {
        // it was closed already
      }
    }
    return wasUp
  }

  const isWanted = (id: string): boolean => running && places.has(id)
  const keep = async (place: Place): Promise<void> => {
    let pause = firstPause
    while (isWanted(place.id)) {
      const wasUp = await listen(place).catch(() => false)
      if (isWanted(place.id)) await sleep(pause)
      pause = wasUp ? firstPause : Math.min(pause * 2, longestPause)
      // a sentinel names another node by now, or a cluster has another master
      if (look().every(({ id }) => id !== place.id)) places.delete(place.id)
    }
  }

  const look = (): ReadonlyArray<Place> => {
    try {
      return placesOf(client(), connect, all)
    } catch {
      return []
    }
  }
  /** Nodes come and go. */
  const survey = (): void => {
    for (const place of look()) {
      if (places.has(place.id) || (!all && places.size > 0)) continue
      places.set(place.id, false)
      void keep(place)
    }
    cancel = startTimer(heartbeat, survey)()
  }

  return {
    start: () => {
      if (running) return
      placesOf(client(), connect, all) // wrong wiring is a defect
      running = true
      survey()
    },
    stop: () => {
      if (!running) return
      running = false
      cancel()
      for (const end of Array.from(ends)) end()
      places.clear()
    },
    isUp: (id) => (id === undefined ? Array.from(places.values()).includes(true) : places.get(id) === true)
  }
}
