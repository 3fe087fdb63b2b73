/** Everything that can go wrong behind a caller's back, in a process that an unhandled rejection would end. */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, ring, RingError } from '../../../src'

const { deadline: _, peek: __, ...far } = dict()
const down = () => TE.left(RingError.storeFailed('set')('down'))
const rejects = () => () => Promise.reject(new Error('rejected'))
const throws = (): never => {
  throw new Error('thrown')
}
const soon = Policy.storeTimeout(Duration.milliseconds(5))
const observers = [
  () => throws,
  throws,
  () => () => undefined,
  () => () => Promise.reject(new Error('an async observer'))
]

const main = async (): Promise<void> => {
  for (const observe of observers) {
    for (const bad of [down, rejects, throws]) {
      const fn = (id: number): TE.TaskEither<string, number> => TE.right(id)
      const cached = ring(fn, { store: { ...far, get: bad, set: bad }, name: 'k', policy: soon, observe })
      for (const id of [1, 2, 3]) void cached(id)()
      await cached(1)()
    }
    const failing = (id: number): TE.TaskEither<string, number> =>
      id === 1 ? () => Promise.reject(new Error('defect')) : TE.left('no')
    const cached = ring(failing, { store: far, name: 'k', observe })
    // joined, updated and deleted meanwhile; only the first caller looks at the rejection
    const first = cached(1)().catch(() => 'caught')
    const updating = cached
      .update(1)()
      .catch(() => 'caught')
    void cached.delete(1)()
    console.log(await first, await updating, E.isLeft(await cached(2)()))
  }
  console.log('end')
}

void main()
