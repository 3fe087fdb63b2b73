/**
 * Types about functions: their errors, their values, and what a ring would lose of them.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as TE from 'fp-ts/TaskEither'

import type { Arguments } from '../KeyFn'
import type { Types } from './model'

export type Fn<Args extends Arguments, Err, A> = (...args: Args) => TE.TaskEither<Err, A>
// no TaskEither here: as the contextual type of a lambda, it would make an inferred error `unknown`
export type AnyFn = (...args: never) => unknown
/** A function that returns tasks: as precise as inference allows. */
export type TaskFn = (...args: never) => () => Promise<unknown>
/** What a task resolves to. */
export type Answer<T> = Awaited<ReturnType<Extract<T, () => unknown>>>
// by `Extract`, because `infer` yields `unknown` for a function that never fails
export type ErrorIn<T> = Extract<Answer<T>, E.Left<unknown>>['left']
export type ValueIn<T> = Extract<Answer<T>, E.Right<unknown>>['right']
export type ErrorOf<F extends AnyFn> = ErrorIn<ReturnType<F>>
export type ValueOf<F extends AnyFn> = ValueIn<ReturnType<F>>

/**
 * Any result. In a lambda it is the contextual type for the values of the codec, so that literals stay literals. Errors
 * are only `object`: anything more precise would make inferred errors `unknown`.
 */
export type Bringing<A> = NonNullable<unknown> | null | undefined | (() => Promise<object | E.Right<A>>)

/** A type inside an object, so that a conditional type over type parameters is resolved if they are the same. */
export interface Box<out T> {
  readonly is: T
}

export type IsAny<T> = 0 extends 1 & T ? true : false

/** The properties and the construct signature of a function, without its call signatures. */
type Beside<F> = { readonly [K in keyof F]: F[K] } & (F extends abstract new (...args: infer P) => infer T
  ? new (...args: P) => T
  : unknown)

type Whole =
  'this function is generic or overloaded, which its ring could not be: give a function with one signature, as (id: number) => f(id)'
type NoThis =
  'this function declares `this`, which its ring could not pass on: take the object as the first argument, and see Ring.bind'
type WholeMutation =
  'this function is generic or overloaded, and would lose that here: give a function with one signature, as (id: number) => f(id)'
type NoThisMutation =
  'this function declares `this`, which is not passed on here: give a function that does not, as (id: number) => object.f(id)'
// `any` is assignable to every sentence, and to everything except `never`: so the sentence is reported at the next
// argument, if there is one
export type AnyFunction =
  'this function is of type any, so nothing is known of it: give it a type, as (id: number) => TaskEither<E, A>'
type AnyReaderFunction =
  'this function is of type any, so nothing is known of it: give it a type, as (id: number) => ReaderTaskEither<Env, E, A>'

/** What is lost if only the arguments and the result of a function are kept: a sentence, or `never`. */
type Lost<
  F,
  Args extends Arguments,
  T,
  W extends string = Whole,
  N extends string = NoThis
> = Box<void> extends Box<ThisParameterType<F>>
  ? [((...args: Args) => T) & Beside<F>] extends [F]
    ? never
    : W
  : N

/** The same, if the arguments are not inferred with the function: `Parameters` of readonly arguments is `never`. */
type LostOf<F extends AnyFn, W extends string = Whole, N extends string = NoThis> = Box<void> extends Box<
  ThisParameterType<F>
>
  ? // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the one list of parameters that fits those of every function
    [((...args: any) => ReturnType<F>) & Beside<F>] extends [F]
    ? never
    : W
  : N

/** The arguments of a function, also if they are readonly. */
export type ArgumentsIn<F extends AnyFn> = F extends (...args: infer Args extends Arguments) => unknown
  ? Args
  : never

/** Why a result is not a TaskEither: a sentence, or `never`. */
type WrongResult<T> = IsAny<T> extends true
  ? 'this function returns any: a cached function returns a TaskEither'
  : T extends PromiseLike<unknown>
  ? 'this function returns a Promise: use fromPromiseFunction(f, onRejected)'
  : T extends () => PromiseLike<infer A>
  ? IsAny<A> extends true
    ? 'this function returns a Task of any: a cached function returns a TaskEither'
    : A extends E.Either<unknown, unknown>
    ? never
    : 'this function returns a Task that is no TaskEither: use fromTaskFunction(f)'
  : T extends () => E.Either<unknown, unknown>
  ? 'this function returns an IOEither: use fromIOEitherFunction(f)'
  : T extends (env: never) => () => PromiseLike<unknown>
  ? 'this function returns a ReaderTaskEither: use ringReader'
  : 'a cached function returns a TaskEither'

/** For the argument beside a function of type any: a sentence, or `unknown`. */
export type NotAnyReader<F> = IsAny<F> extends true ? AnyReaderFunction : unknown

/** Why a function from `Args` to `T` cannot be cached: a sentence, or `never`. */
export type Unfit<F, Args extends Arguments, T> = [F] extends [never]
  ? never
  : [WrongResult<T>] extends [never]
  ? Lost<F, Args, T>
  : WrongResult<T>

/** A function that can be cached; else a sentence that says why not, or `More`, another reason. */
export type Fit<F, Args extends Arguments, T, More = never> = IsAny<F> extends true
  ? never
  : [Unfit<F, Args, T>] extends [never]
  ? [More] extends [never]
    ? F & ((...args: Args) => T)
    : More
  : Unfit<F, Args, T>

/** As `Fit`, for a function whose arguments are not inferred with it. */
export type FitOf<F extends AnyFn, More = never> = IsAny<F> extends true
  ? never
  : [WrongResult<ReturnType<F>>] extends [never]
  ? [LostOf<F>] extends [never]
    ? [More] extends [never]
      ? F
      : More
    : LostOf<F>
  : WrongResult<ReturnType<F>>

/** Why a result is not a ReaderTaskEither: a sentence, or `never`. */
type WrongReader<T> = IsAny<T> extends true
  ? 'this function returns any: a cached function of an environment returns a ReaderTaskEither'
  : T extends (env: never) => () => PromiseLike<infer A>
  ? A extends E.Either<unknown, unknown>
    ? never
    : 'this function returns a ReaderTask that is no ReaderTaskEither'
  : 'a cached function of an environment returns a ReaderTaskEither'

/** A function of an environment that can be cached; else a sentence that says why not. */
export type FitReader<F, Args extends Arguments, T> = IsAny<F> extends true
  ? F
  : [WrongReader<T>] extends [never]
  ? [Lost<F, Args, T>] extends [never]
    ? F & ((...args: Args) => T)
    : Lost<F, Args, T>
  : WrongReader<T>

/**
 * What a function, also a generic one, loses if only its arguments and its result are kept: `unknown`, or a sentence.
 */
export type Kept<F extends AnyFn> = IsAny<F> extends true
  ? never
  : [LostOf<F, WholeMutation, NoThisMutation>] extends [never]
  ? unknown
  : LostOf<F, WholeMutation, NoThisMutation>

/** As `Kept`, for a function of an environment; `More` is another reason. */
export type KeptReader<F extends AnyReader, More = never> = IsAny<F> extends true
  ? never
  : [LostOf<F>] extends [never]
  ? [More] extends [never]
    ? unknown
    : More
  : LostOf<F>

// the same for functions of an environment
export type AnyReader = (...args: never) => (env: never) => () => Promise<unknown>
type ReaderAnswer<F extends AnyReader> = Awaited<ReturnType<ReturnType<ReturnType<F>>>>
export type ReaderEnv<F extends AnyReader> = Parameters<ReturnType<F>>['length'] extends 0
  ? unknown
  : Parameters<ReturnType<F>>[0]
export type ReaderFailure<F extends AnyReader> = Extract<ReaderAnswer<F>, E.Left<unknown>>['left']
export type ReaderValue<F extends AnyReader> = Extract<ReaderAnswer<F>, E.Right<unknown>>['right']

/** Checks that the required arguments are present; else a property says what is wrong. */
export type Having<
  Args extends Arguments,
  Asked extends Arguments,
  Wrong extends string
> = Args extends readonly [...Asked, ...ReadonlyArray<unknown>] ? unknown : { readonly [K in Wrong]: never }

/** The types of any ring with these arguments. */
export type TypesOf<Args extends Arguments> = Types<
  Args,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  unknown,
  PropertyKey
>

export type AnyTypes = TypesOf<never>
