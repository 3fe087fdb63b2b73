/**
 * An answer that is there now, or later. What a store in memory answers is there now, so no promise is made for it and
 * nothing waits a tick.
 *
 * @internal
 */
export type Soon<A> = A | Promise<A>

export const andThen = <A, B>(soon: Soon<A>, f: (a: A) => Soon<B>): Soon<B> =>
  soon instanceof Promise ? soon.then(f) : f(soon)

/** All answers; there now if each of them is. */
export const allSoon = <A>(list: ReadonlyArray<Soon<A>>): Soon<ReadonlyArray<A>> =>
  list.some((one) => one instanceof Promise) ? Promise.all(list) : (list as ReadonlyArray<A>) // SAFETY: none of them is a promise

/** The same of two, of different types. */
export const bothSoon = <A, B>(a: Soon<A>, b: Soon<B>): Soon<readonly [A, B]> =>
  a instanceof Promise || b instanceof Promise ? Promise.all([a, b]) : [a, b]

export const asPromise = <A>(soon: Soon<A>): Promise<A> =>
  soon instanceof Promise ? soon : Promise.resolve(soon)
