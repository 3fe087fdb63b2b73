/**
 * What a feed asks a server: its role, and its identity.
 *
 * @internal
 */
import type { Seen } from './feedClient'
import { infoCommand, type Place } from './feedPlaces'
import type { FeedClient } from './model'

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
export const roleOf = async (client: FeedClient): Promise<string | undefined> => {
  const hello = await client.sendCommand(['HELLO'])
  if (field(hello, 'mode') !== 'cluster') return field(hello, 'role')
  const info = await client.sendCommand(['CLUSTER', 'INFO']).catch(() => '')
  return String(info).includes('cluster_state:fail') ? undefined : field(hello, 'role')
}

/** A server's identifier, which lasts until it restarts; `undefined` if it does not tell one. */
const runIdOf = (info: unknown): string | undefined => /^run_id:(\w+)/m.exec(String(info))?.[1]

/** Whether both connections lead to the same server, as far as the servers tell. */
export const isSame = async (place: Place, asker: Seen, connection: FeedClient): Promise<boolean> => {
  const { info } = place
  if (info === undefined) return true
  const denied = (): undefined => undefined // some users may not run `INFO`
  const [theirs, ours] = await Promise.all([
    info(asker).then(runIdOf, denied),
    connection.sendCommand(infoCommand).then(runIdOf, denied)
  ])
  return theirs === undefined || ours === undefined || theirs === ours
}
