/**
 * Rings for callers without fp-ts.
 *
 * @since 0.1.0
 */
import type * as TE from 'fp-ts/TaskEither'

import type { Codec } from '../codecs/model'
import type { Commands, SingleCommand } from '../Command'
import type * as KeyFn from '../KeyFn'
import type * as Store from '../stores/model'
import type { Dissectible, Types } from './model'
import type { AnyRing } from './over'
import type { AnyFn, ArgumentsIn, ErrorOf, ValueOf } from './signatures'
import { asPromises } from './views'

type Arguments = KeyFn.Arguments

/** No user commands. */
type None = Record<never, never>

/** The result of a task, as a promise; for other functions, what they return. */
type Promised<C> = C extends TE.TaskEither<unknown, infer W>
  ? Promise<W>
  : C extends (...args: infer P) => infer W
  ? (...args: P) => Promised<W>
  : C

type Pure = 'key' | 'keyMany' | 'encode' | 'decode'

/**
 * What `toPromiseFunction` makes from a ring.
 *
 * @category model
 * @since 0.1.0
 */
export type PromiseFunction<Args extends Arguments, E, A, R, B, X, Cmd, D> = (D extends keyof Cmd
  ? Cmd[D]
  : D extends Pure
  ? Commands<Args, E, A, R, X>[D]
  : D extends SingleCommand
  ? Promised<Commands<Args, E, A, R, X>[D]>
  : never) & {
  readonly store: Store.Store<R, B>
  readonly codec: Codec<A, R>
} & {
  readonly [K in Exclude<keyof Commands<Args, E, A, R, X>, keyof Cmd>]: K extends Pure
    ? Commands<Args, E, A, R, X>[K]
    : Promised<Commands<Args, E, A, R, X>[K]>
} & Cmd &
  Dissectible

/**
 * What `toPromiseFunction` makes from a ring, by the type of the cached function; its store and codec do not matter.
 *
 * @category model
 * @since 0.1.0
 */
export type PromiseOf<F extends AnyFn> = ((...args: ArgumentsIn<F>) => Promise<ValueOf<F>>) &
  Omit<
    PromiseFunction<ArgumentsIn<F>, ErrorOf<F>, ValueOf<F>, never, unknown, never, None, 'getOrUpdate'>,
    'store' | 'codec' | 'encode' | 'decode'
  >

/**
 * A ring for callers without fp-ts: every command runs when it is called, and returns a promise. A `Left` becomes a
 * rejection with its value. Your own commands stay as they are.
 *
 * @example
 * import * as O from 'fp-ts/Option'
 * import * as TE from 'fp-ts/TaskEither'
 * import { dict, Ring, ring } from 'fp-ring'
 *
 * const user = Ring.toPromiseFunction(ring((id: number) => TE.right({ id }), { store: dict(), name: 'user' }))
 * const test = async () => {
 *   assert.deepStrictEqual(await user(1), { id: 1 })
 *   await user.delete(1)
 *   assert.deepStrictEqual(await user.get(1), O.none)
 * }
 * test()
 *
 * @category destructors
 * @since 0.1.0
 */
export const toPromiseFunction = <Args extends Arguments, E, A, R, B, X, Cmd, D extends PropertyKey>(
  ring: Dissectible<Types<Args, E, A, R, B, X, Cmd, D>>
): PromiseFunction<Args, E, A, R, B, X, Cmd, D> => asPromises(ring as unknown as AnyRing) as never // SAFETY: only rings are dissectible
