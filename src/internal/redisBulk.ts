/**
 * Many keys in one round trip, on one server and on a cluster.
 *
 * @internal
 */
import { defect } from './defect'
import { type Connection, type RedisCommands, runScript, type Script } from './redisClient'
import { slotOf } from './redisKeys'

/**
 * What one command may hold: more would keep a server from its other clients, and Lua's stack ends at 8,000.
 *
 * @internal
 */
export const most = 1_000

/**
 * Cuts a list into commands' worth.
 *
 * @internal
 */
export const chunksOf = <A>(all: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> =>
  all.length <= most
    ? [all]
    : Array.from({ length: Math.ceil(all.length / most) }, (_, i) => all.slice(i * most, (i + 1) * most))

/**
 * The values of keys, in one command for up to 1,000.
 *
 * @internal
 */
export const getAll = async (
  commands: RedisCommands,
  keys: Array<string>
): Promise<ReadonlyArray<Uint8Array | null>> =>
  keys.length <= most
    ? commands.mGet(keys)
    : (await Promise.all(chunksOf(keys).map((chunk) => commands.mGet([...chunk])))).flat()

/** Which keys go together: all of them, or those of one slot, for a script may not touch two. */
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

/**
 * Runs a script that answers with `width` values for each of its keys: one command for up to 1,000 keys, or one
 * per slot on a cluster, which the client writes in one go to each owner. `argument` gives each key's arguments,
 * by its place. Answers in the order of the keys, flat.
 *
 * @internal
 */
export const runOverKeys = async (
  connection: Connection,
  script: Script,
  width: number,
  keys: ReadonlyArray<string>,
  argumentsOf: (place: number) => ReadonlyArray<string | Buffer> = () => []
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
      return defect('a script of ours was answered by something else')
    }
    part.forEach((place, j) => {
      for (let k = 0; k < width; k++) all[place * width + k] = answer[j * width + k]
    })
  })
  return all
}
