/**
 * An answer that is there now, or later. What a store in memory answers is there now, so no promise is made for it and
 * nothing waits a tick.
 *
 * @internal
 */
export type Soon<A> = A | Promise<A>

/** The promises of `async` functions, also where a library has replaced the global `Promise` (zone.js does). */
// eslint-disable-next-line @typescript-eslint/require-await -- only its class is asked for
const Native: unknown = /*#__PURE__*/ (() => (async () => undefined)().constructor)()

/** Whether an answer is there later. */
export const isLater = <A>(soon: Soon<A>): soon is Promise<A> =>
  soon instanceof Promise || soon instanceof (Native as typeof Promise)

export const andThen = <A, B>(soon: Soon<A>, f: (a: A) => Soon<B>): Soon<B> =>
  isLater(soon) ? soon.then(f) : f(soon)

/** All answers; there now if each of them is. */
export const allSoon = <A>(list: ReadonlyArray<Soon<A>>): Soon<ReadonlyArray<A>> =>
  list.some(isLater) ? Promise.all(list) : (list as ReadonlyArray<A>) // SAFETY: none of them is a promise

/** The same of two, of different types. */
export const bothSoon = <A, B>(a: Soon<A>, b: Soon<B>): Soon<readonly [A, B]> =>
  isLater(a) || isLater(b) ? Promise.all([a, b]) : [a, b]

export const asPromise = <A>(soon: Soon<A>): Promise<A> => (isLater(soon) ? soon : Promise.resolve(soon))
