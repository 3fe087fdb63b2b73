/** The laws of the kit, under jest. */
import { describe, test } from '@jest/globals'

import type { Laws } from '../../src/testing'

/** One test for each; a minute is for real servers. */
export const obeys = (name: string, laws: Laws): void =>
  describe(name, () => {
    for (const law of laws) test(law.name, law.run, 60_000)
  })
