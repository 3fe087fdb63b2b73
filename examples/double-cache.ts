/**
 * The double cache of the original's tests, as commands of one's own: beside every entry lies a copy, under the same key
 * and `:back`, that lives longer, and is served when the function fails.
 *
 * A copy is made of what the ring has stored, so that a value which was deleted while it was loaded leaves none. Still
 * these are two keys, written one after the other, everybody who shares a load writes the copy, and the bulk commands
 * know nothing of it. `Policy.staleIfError` does this with one entry, and without these gaps.
 */
import type { Command, Duration, KeyFn } from 'fp-ring'
import { Store } from 'fp-ring'
import { constant, constUndefined, pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

export const doubleCache =
  (kept: Duration.Duration) =>
  <Args extends KeyFn.Arguments, Err, A, R, B, X>(
    { codec, key, store }: Command.Rope<Args, Err, A, R, B>,
    base: Command.Commands<Args, Err, A, R, X>
  ) => {
    const copies = Store.encoded(codec)(Store.mapKey((at) => `${at}:back`)(store))
    const copyOf = (args: Args) => () => copies.get(key(...args))
    const forget = (args: Args) => () => copies.delete(key(...args))
    const keep = (args: Args) => (value: A) => copies.set(key(...args), value, kept)
    const copy = (args: Args) => () =>
      pipe(base.get(...args), TE.chainW(O.traverse(TE.ApplicativeSeq)(keep(args))))

    const hit = (args: Args) => pipe(base.get(...args), TE.chainW(TE.fromOption(constUndefined)))
    const rescue = (args: Args) => (e: Err | X) =>
      pipe(copyOf(args)(), TE.chainW(TE.fromOption(constant(e))), TE.mapLeft(constant(e)))
    const load = (args: Args) => () =>
      pipe(base.getOrUpdate(...args), TE.chainFirstTaskK(copy(args)), TE.orElse(rescue(args)))
    return {
      getOrUpdate: (...args: Args) => pipe(hit(args), TE.orElse(load(args))),
      get: (...args: Args) => pipe(hit(args), TE.map(O.some), TE.orElse(copyOf(args))),
      update: (...args: Args) => pipe(base.update(...args), TE.chainFirstW(copy(args))),
      delete: (...args: Args) => pipe(base.delete(...args), TE.chainW(forget(args)))
    }
  }
