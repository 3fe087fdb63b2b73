/** The laws of the kit, under jest. */
import { describe, test } from '@jest/globals'

import type { Store } from '../../src/Store'
import { type Laws, storeLaws as allStoreLaws, type StoreLawsOptions } from '../../src/testing'
import { runs, share } from '../runs'

/** One test for each; a minute is for real servers. */
export const obeys = (name: string, laws: Laws): void =>
  describe(name, () => {
    for (const law of laws) test(law.name, law.run, 60_000)
  })

/** With less than a tenth of the random cases a bulk is smaller, too: more than one request of a backend still. */
const smallBulk = 700

/** The laws that wait for a life to be over. */
const waits = /its lifetime is over|outlives its first lifetime|as time passes|a lease ends by itself/

/** By a real clock they wait side by side: the first that is run begins all of them. Their keys are their own. */
const waitingTogether = (laws: Laws): Laws => {
  const waiting = laws.filter(({ name }) => waits.test(name))
  let all: Promise<ReadonlyArray<PromiseSettledResult<void>>> | undefined
  const together = () => (all ??= Promise.allSettled(waiting.map(({ run }) => run())))
  return laws.map((law) => {
    const place = waiting.indexOf(law)
    if (place === -1) return law
    const run = async (): Promise<void> => {
      const outcome = (await together())[place]
      if (outcome?.status !== 'fulfilled') throw outcome?.reason
    }
    return { ...law, run }
  })
}

/** The laws of a store, for as many random programs as `RUNS` says: with `RUNS=1` twice as many as users have by default. */
export const storeLaws = <R, B>(
  make: () => Store<R, B> | Promise<Store<R, B>>,
  options: StoreLawsOptions<R, B>
): Laws => {
  const laws = allStoreLaws(make, {
    numRuns: runs(options.clock === undefined ? 60 : 400),
    ...(share < 0.1 ? { max: smallBulk } : {}),
    ...options
  })
  // a clock that is moved by hand is moved for all; a small store has no room for all
  return options.clock === undefined && options.max === undefined ? waitingTogether(laws) : laws
}
