/** Which laws are broken: for tests of the laws themselves. */
import type { Laws } from '../../src/testing'

/** The names of the laws that are broken, of those whose names have a part. */
export const brokenOf = async (laws: Laws, part = ''): Promise<ReadonlyArray<string>> => {
  const broken: Array<string> = []
  for (const { name, run } of laws.filter(({ name }) => name.includes(part))) {
    await run().catch(() => broken.push(name))
  }
  return broken
}
