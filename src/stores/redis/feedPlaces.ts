/**
 * Where a feed listens: the nodes behind a client at present, and how a connection to each is made.
 *
 * @internal
 */
import { defect } from '../../base/defect'
import { identityOf, type Seen } from './feedClient'
import type { FeedClient, FeedNode } from './model'

export type Connect = (node: FeedNode | undefined) => FeedClient

export interface Place {
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

/** Asks a server for its identifier, among other things. */
export const infoCommand = ['INFO', 'server']
const infoOf = (asker: Seen, ...before: ReadonlyArray<unknown>): Promise<unknown> =>
  new Promise((resolve) => resolve(asker.sendCommand?.(...before, infoCommand)))

/** The nodes to listen to at present. */
export const placesOf = (client: unknown, connect: Connect | undefined): ReadonlyArray<Place> => {
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
