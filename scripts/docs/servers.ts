/** The servers that some of the documentation talks to. */
import { anyRedis } from '../../__tests__/integration/servers'
import type { Unit } from './blocks'

const needsRedis = (units: ReadonlyArray<Unit>): boolean =>
  units.some((unit) => unit.blocks.some((block) => block.run && /\bREDIS_URL\b/.test(block.lines.join('\n'))))

/** With the servers that the units ask for, and no others: a block finds Redis at `process.env.REDIS_URL`. */
export const withServers = async <A>(
  units: ReadonlyArray<Unit>,
  use: (env: NodeJS.ProcessEnv) => Promise<A>
): Promise<A> => {
  if (!needsRedis(units)) return use({})
  const { url, stop } = await anyRedis()
  try {
    return await use({ REDIS_URL: url })
  } finally {
    await stop()
  }
}
