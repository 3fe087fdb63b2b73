/**
 * Runs the effects that follow from a function: all at the same time, each to its end, even if others fail. A value
 * that is not an effect is reported as a failure, and does not stop the others.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { hushed, isEither, isThenable, kindOf } from '../base/kinds'
import { inOwnWords } from '../base/ownWords'

type Answer = E.Either<unknown, unknown>

const wrong = (message: string): TypeError => inOwnWords(new TypeError(`fp-ring: ${message}`))

/**
 * Checks what the function of `invalidates` returned. It must be a list: from anything else, the intended effects
 * cannot be known.
 */
export const effectsIn = <Fx>(whose: string, given: ReadonlyArray<Fx>): ReadonlyArray<Fx> => {
  const seen: unknown = given
  // a hole in a list is treated as a value that is not an effect
  if (Array.isArray(seen)) return Array.from(given)
  throw wrong(
    `the function of ${whose} returned ${kindOf(
      seen
    )}, not a list of effects, so nothing has followed; write ` + '(value, id) => [user.delete(id)]'
  )
}

const answerOf = async (place: string, promise: unknown): Promise<Answer> => {
  if (!isThenable(promise))
    return E.left(wrong(`${place} answered with ${kindOf(promise)}, not with a Promise`))
  const answer: unknown = await promise
  return isEither(answer)
    ? answer
    : E.left(wrong(`${place} answered with ${kindOf(answer)}, not with an Either`))
}

const run = async (
  whose: string,
  effect: unknown,
  i: number,
  env: ReadonlyArray<unknown>
): Promise<Answer> => {
  const place = `effect ${String(i + 1)} of ${whose}`
  try {
    if (typeof effect !== 'function')
      return E.left(
        wrong(
          `${place} is ${kindOf(hushed(effect))}, not a TaskEither; write user.delete(id), and do not run it`
        )
      )
    const given: unknown = Reflect.apply(effect, undefined, env)
    // an effect that takes an environment returns a task; a plain task has been run already
    return await answerOf(
      place,
      env.length > 0 && typeof given === 'function' ? (given as () => unknown)() : given
    )
  } catch (cause) {
    return E.left(cause) // an effect should not throw or reject, but may
  }
}

/** Runs effects, in an environment if they take one; returns the failures. */
export const failuresOf = async (
  whose: string,
  effects: ReadonlyArray<unknown>,
  env: ReadonlyArray<unknown>
): Promise<ReadonlyArray<unknown>> => {
  const answers = await Promise.all(effects.map((effect, i) => run(whose, effect, i, env)))
  return answers.flatMap((answer) => (E.isLeft(answer) ? [answer.left] : []))
}
