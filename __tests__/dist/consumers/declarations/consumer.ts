// What a program sees of a library that is made with fp-ring, by its declarations alone.
import { option, type readerTaskEither, type taskEither } from 'fp-ts'
import { type Codec, Duration, type Policy, Ring, type RingError, type Store } from 'fp-ring'
import * as library from './producer.js'

interface User {
  readonly id: number
  readonly name: string
}
type Same<A, B> = 0 extends 1 & A ? false : [A, B] extends [B, A] ? true : false
type Expect<T extends true> = T

type Fault = RingError.RingError

export type Checks = [
  Expect<Same<ReturnType<typeof library.user>, taskEither.TaskEither<{ readonly _tag: 'Missing' }, User>>>,
  Expect<Same<Parameters<typeof library.user>, [id: number]>>,
  Expect<Same<typeof library.duration, Duration.Duration>>,
  Expect<Same<Parameters<typeof library.key>, [email: string]>>,
  // @ts-expect-error a control
  Expect<Same<Parameters<typeof library.user>, [id: string]>>
]

export const checks = () => {
  const found: taskEither.TaskEither<Fault, option.Option<User>> = library.get(1)
  const read: taskEither.TaskEither<Fault, option.Option<User>> = library.withCommands(1)
  const page: taskEither.TaskEither<Error, string> = library.ofSeveral('/', { size: 1 })
  const twice: taskEither.TaskEither<Fault, option.Option<User>> = library.withCommands.twice(1)
  const bound: Parameters<typeof library.bound> = []
  const text: Parameters<typeof library.byText> = ['1']
  const name: taskEither.TaskEither<unknown, string> = library.names(1)
  const promised: Promise<User> = library.promisedUser(1)
  const tenant: readerTaskEither.ReaderTaskEither<{ readonly tenant: string }, Error, number> =
    library.tenant(1)
  const store: Store.Store<Uint8Array, typeof library.inRedis.store.backend> = library.inRedis.store
  const codec: Codec.Codec<User, Uint8Array> = library.codec
  const policy: Policy.Policy = library.strict.store === undefined ? { _tag: 'Policy' } : { _tag: 'Policy' }
  const longer: Duration.Duration =
    Duration.Ord.compare(library.duration, Duration.seconds(1)) > 0 ? library.duration : Duration.zero
  const cached = library.strategy(
    (id: number): taskEither.TaskEither<Error, User> => library.lifted(id) as never
  )
  const of: Ring.Of<typeof library.lifted> = library.liftedRing
  const saved: taskEither.TaskEither<unknown, User> = library.save(1)
  const own: taskEither.TaskEither<unknown, option.Option<User>> = new library.Users().find(1)
  const answered: Promise<Response> = library.site(new Request('http://localhost/'))
  return [
    found,
    read,
    page,
    twice,
    bound,
    text,
    name,
    promised,
    tenant,
    store,
    codec,
    policy,
    longer,
    cached,
    of,
    saved,
    own,
    answered
  ]
}

// @ts-expect-error the ring takes a number
library.user('1')
// @ts-expect-error of a view there is no way back
library.names.set('a')(1)
// @ts-expect-error the strategy is for users
library.strategy((id: number): taskEither.TaskEither<Error, string> => library.names(id) as never)
