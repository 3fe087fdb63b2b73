/**
 * A law as data: a name, and a check that resolves if the law is kept and rejects if it is not. It works with every
 * test runner: `for (const law of laws) test(law.name, law.run)`.
 *
 * @since 0.1.0
 */
import type { Task } from 'fp-ts/Task'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * One law of a store, a codec or a key function. `name` begins with its number in `docs/laws.md`. If the law is broken,
 * `run` rejects with the counterexample.
 *
 * @category model
 * @since 0.1.0
 */
export interface Law {
  readonly name: string
  readonly run: Task<void>
}

/**
 * Any number of laws, in an order that reads well.
 *
 * @category model
 * @since 0.1.0
 */
export type Laws = ReadonlyArray<Law>
