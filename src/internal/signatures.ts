/**
 * What the types of functions say of what they fail with and bring.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import type { Arguments } from '../KeyFn'

export type Fn<Args extends Arguments, Err, A> = (...args: Args) => TE.TaskEither<Err, A>
// no TaskEither here: as the context of a lambda it would make `unknown` of an error that is left to inference
export type AnyFn = (...args: never) => () => Promise<unknown>
export type Answer<F extends AnyFn> = Awaited<ReturnType<ReturnType<F>>>
// by `Extract`, as `infer` makes `unknown` of a function that never fails
export type ErrorOf<F extends AnyFn> = Extract<Answer<F>, E.Left<unknown>>['left']
export type ValueOf<F extends AnyFn> = Extract<Answer<F>, E.Right<unknown>>['right']

/** Whether there are the arguments that are asked for; else a property says what is wrong. */
export type Having<
  Args extends Arguments,
  Asked extends Arguments,
  Wrong extends string
> = Args extends readonly [...Asked, ...ReadonlyArray<unknown>] ? unknown : { readonly [K in Wrong]: never }
