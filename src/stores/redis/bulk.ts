/**
 * Many keys in one round trip, on one server and on a cluster.
 *
 * @internal
 */
import { defect } from '../../base/defect'
import type { RedisCommands } from './commands'
import { type Connection, runScript, type Script } from './connection'
import { slotOf } from './keys'

/**
 * How many keys one command may have: more would block the server for other clients, and Lua's stack ends at 8,000.
 */
export const most = 1_000

/** Cuts a list into parts that fit into one command each. */
export const chunksOf = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.length <= most
    ? [all]
    : Array.from({ length: Math.ceil(all.length / most) }, (_, i) => all.slice(i * most, (i + 1) * most))

/** The values of keys, in one command for up to 1,000. */
export const getAll = async (
  commands: RedisCommands,
  keys: Array<string>
): Promise<ReadonlyArray<Uint8Array | null>> =>
  keys.length <= most
    ? commands.mGet(keys)
    : (await Promise.all(chunksOf(keys).map((chunk) => commands.mGet([...chunk])))).flat()

/** The keys that one script may touch: all keys, or on a cluster those of one slot. */
const groups = (
  connection: Connection,
  keys: ReadonlyArray<string>
): ReadonlyArray<ReadonlyArray<number>> => {
  const places = Array.from(keys.keys())
  if (!connection.isCluster) return chunksOf(places)
  const slots = new Map<number, Array<number>>()
  for (const place of places) {
    const slot = slotOf(connection.keyPrefix + (keys[place] ?? ''))
    const group = slots.get(slot)
    if (group === undefined) slots.set(slot, [place])
    else group.push(place)
  }
  return Array.from(slots.values()).flatMap(chunksOf)
}

/** A script that runs once for many keys. */
export interface OverKeys {
  readonly script: Script
  /** How many values the script returns for each key (default: one). */
  readonly width?: number
  /** The script's arguments for the key at an index (default: none). */
  readonly argumentsOf?: (place: number) => ReadonlyArray<string | Buffer>
}

const noArguments = (): ReadonlyArray<string> => []

/**
 * Runs a script over keys. It takes one command for up to 1,000 keys, or on a cluster one per slot, which the client
 * sends to each owner together. Returns a flat list in the order of the keys.
 */
export const runOverKeys = async (
  connection: Connection,
  { argumentsOf = noArguments, script, width = 1 }: OverKeys,
  keys: ReadonlyArray<string>
): Promise<ReadonlyArray<unknown>> => {
  const parts = groups(connection, keys)
  const answers = await Promise.all(
    parts.map((part) =>
      runScript(connection.commands, script, {
        keys: part.map((place) => keys[place] ?? ''),
        arguments: part.flatMap(argumentsOf)
      })
    )
  )
  const all = new Array<unknown>(keys.length * width)
  parts.forEach((part, i) => {
    const answer = answers[i]
    if (!Array.isArray(answer) || answer.length !== part.length * width) {
      return defect('a script of the store was answered in another shape: is the client one of node-redis?')
    }
    part.forEach((place, j) => {
      for (let k = 0; k < width; k++) all[place * width + k] = answer[j * width + k]
    })
  })
  return all
}
