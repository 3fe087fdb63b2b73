/**
 * The load of a ring in memory without leases and tags: nothing is needed before its function, and what follows it is done
 * at once.
 *
 * It makes the choices of `load.ts`, in a text of its own. Closures of one text share what the compiler learns of it, so
 * a text through which leased rings run is slower for all others.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'

import type { Arguments } from '../KeyFn'
import { afterAnswers, type Load, type LoadParts, type Stages, tick } from './load'
import { Thrown } from './run'

export const makeLoadPlain = <Args extends Arguments, Err, A, R>(
  { flights, running, storing, telling, work }: LoadParts<Args, Err, A, R>,
  { begins, chosen, ended, finished }: Stages<Args, Err, A>
): Load<Args, Err, A> => {
  const { emit, now, tellLoad } = telling

  return async (loading, { mode, removes }, led) => {
    const { args, flight, key } = loading
    work.begin()
    try {
      if (mode === 'try') await afterAnswers()
      // a tick later: a function that asks its ring for the same key finds an answer to wait for, and no stack grows
      await tick
      begins(loading, flight.since)
      const since = now()
      let answer: E.Either<Err, A>
      try {
        answer = running.checked(await (led === undefined ? running.start(args) : led.start()))
      } catch (cause) {
        tellLoad(key, since, ended(loading, new Thrown(cause), led), 1)
        throw cause
      }
      tellLoad(key, since, ended(loading, answer, led), 1)
      const choice = chosen(loading, answer)
      if (choice === 'Keep') {
        const kept = storing.keepNow(loading, answer, removes)
        if (kept !== undefined) await kept
      } else if (choice === 'Discard') emit(key, since, { _tag: 'Discard' })
      return finished(loading, answer)
    } finally {
      flights.release(flight)
      work.end()
    }
  }
}
