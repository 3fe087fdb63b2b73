/** The servers that some of the documentation talks to. */
import { anyMemcached, anyRedis } from '../../__tests__/integration/servers'
import type { Unit } from './blocks'

/** Where a block finds each server, and how it is started. */
const servers = { REDIS_URL: anyRedis, MEMCACHED_URL: anyMemcached }

const mentions = (units: ReadonlyArray<Unit>, name: string): boolean =>
  units.some((unit) => unit.blocks.some((block) => block.run && block.lines.join('\n').includes(name)))

/** With the servers that the units ask for, and no others: a block finds Redis at `process.env.REDIS_URL`. */
export const withServers = async <A>(
  units: ReadonlyArray<Unit>,
  use: (env: NodeJS.ProcessEnv) => Promise<A>
): Promise<A> => {
  const asked = Object.entries(servers).filter(([name]) => mentions(units, name))
  const started = await Promise.all(asked.map(async ([name, start]) => [name, await start()] as const))
  try {
    return await use(Object.fromEntries(started.map(([name, { url }]) => [name, url])))
  } finally {
    await Promise.all(started.map(([, { stop }]) => stop()))
  }
}
