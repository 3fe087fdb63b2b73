/**
 * The one place where the library throws: for a mistake in how a program is put together, found when the program
 * starts. Every failure that can happen later is a value.
 *
 * @internal
 */
import { inOwnWords, isInOwnWords } from './ownWords'

export const defect = (message: string): never => {
  throw inOwnWords(new TypeError(`fp-ring: ${message}`))
}

/** Whether a thrown value was made by `defect`. */
export const isDefect = (cause: unknown): cause is TypeError =>
  cause instanceof TypeError && isInOwnWords(cause)
