/**
 * A program that is about to end, but for one thing that its answer, or nobody's, depends on: which, the first argument says.
 * It prints what it was answered, if it was.
 */
import * as E from 'fp-ts/Either'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, Ring, ring, Store } from '../../../src'
import { memcached, memcachedClient } from '../../../src/stores/memcached'

const ms = Duration.milliseconds
/** The address of a server that takes what it is sent, and says nothing. */
const silent = process.argv[3] ?? ''
const never = <A>(): Promise<A> => new Promise(() => undefined)
const { peek: _, peekEntry: __, ...far } = dict()
const hung: Store.Store<unknown> = {
  ...far,
  get: () => never,
  read: () => never,
  getMany: () => never,
  set: () => never
}
const endless = (_: number): TE.TaskEither<string, number> => never
const load = (n: number): TE.TaskEither<string, number> => TE.right(n)
const tag = (answer: E.Either<unknown, unknown>): string =>
  E.isRight(answer) ? 'right' : String((answer.left as { readonly _tag?: string })._tag ?? answer.left)

const leased = dict()
const waiting = ring(load, {
  store: leased,
  name: 'k',
  policy: Policy.lease({ ttl: Duration.minutes(1), wait: ms(300) })
})

const stale = {
  ...Policy.ttl(ms(1)),
  ...Policy.staleWhileRevalidate(Duration.minutes(1)),
  ...Policy.storeTimeout(Duration.minutes(2))
}

/** What a caller waits for. */
const waits: Readonly<Record<string, () => Promise<string>>> = {
  timeout: () => ring(endless, { store: dict(), name: 'k', policy: Policy.timeout(ms(300)) })(1)().then(tag),
  'timeout of a bulk': () =>
    ring(endless, { store: dict(), name: 'k', policy: Policy.timeout(ms(300)) })
      .getOrUpdateMany([[1], [2]])()
      .then(tag),
  'timeout of a bulk that reads': () =>
    ring(load, {
      store: hung,
      name: 'k',
      policy: { ...Policy.timeout(ms(300)), ...Policy.storeTimeout(Duration.minutes(1)) }
    })
      .getOrUpdateMany([[1], [2]])()
      .then(tag),
  softTimeout: async () => {
    let time = 0
    let loads = 0
    const clock = { now: () => time }
    const user = ring((n: number): TE.TaskEither<string, number> => (loads++ === 0 ? TE.right(n) : never), {
      store: dict({ clock }),
      clock,
      name: 'k',
      policy: {
        ...Policy.ttl(Duration.seconds(1)),
        ...Policy.staleIfError(Duration.minutes(1)),
        ...Policy.softTimeout(ms(300))
      }
    })
    await user(1)()
    time = 2_000
    return tag(await user(1)())
  },
  'deadline of the ring': () =>
    ring(load, { store: hung, name: 'k', policy: Policy.storeTimeout(ms(300)) })(1)().then(tag),
  'deadline of a command': () =>
    ring(load, { store: hung, name: 'k', policy: Policy.storeTimeout(ms(300)) })
      .set(1)(1)()
      .then(tag),
  'deadline of a store': () => Store.timed(ms(300))(hung).get('k')().then(tag),
  'deadline of memcached': () =>
    memcached(memcachedClient({ servers: [silent], timeout: ms(300) }))
      .get('k')()
      .then(tag),
  'wait for a lease': async () => {
    await leased.leases.seize('k:1', 'somebody else', Duration.minutes(1))()
    return tag(await waiting(1)())
  },
  drain: () => {
    const user = ring(endless, { store: dict(), name: 'k' })
    void user(1)()
    return Ring.drainWithin(ms(300))(user)().then(String)
  }
}

/** What nobody waits for, and takes longer than the test. */
const background: Readonly<Record<string, () => Promise<void>>> = {
  'a refresh over a store that hangs': async () => {
    const store = { ...far }
    const user = ring(load, { store, name: 'k', policy: stale })
    await user(1)()
    await new Promise((resolve) => setTimeout(resolve, 10))
    Object.assign(store, { set: () => never })
    const again = ring(load, { store, name: 'k', policy: stale })
    await again(1)()
  },
  'a refresh whose function does not end': async () => {
    let loads = 0
    const user = ring((n: number): TE.TaskEither<string, number> => (loads++ === 0 ? TE.right(n) : never), {
      store: dict(),
      name: 'k',
      policy: { ...stale, ...Policy.lease({ ttl: Duration.minutes(1) }) }
    })
    await user(1)()
    await new Promise((resolve) => setTimeout(resolve, 10))
    await user(1)()
  },
  'a renewal of a lease': () => {
    const user = ring(endless, {
      store: dict(),
      name: 'k',
      policy: Policy.lease({ ttl: Duration.minutes(1) })
    })
    void user(1)()
    return Promise.resolve()
  },
  'a load that a caller has left': async () => {
    const user = ring(endless, { store: dict(), name: 'k', policy: Policy.timeout(ms(10)) })
    await user(1)()
  },
  'a client of memcached with nothing to do': async () => {
    memcachedClient({ servers: [silent], timeout: Duration.minutes(1) })
    return Promise.resolve()
  }
}

const main = async (): Promise<void> => {
  const [, , what = ''] = process.argv
  if (what in waits) console.log('answered', await waits[what]?.())
  else await background[what]?.()
  console.log('end of', what)
}

if (process.argv[2] === undefined) console.log(JSON.stringify([Object.keys(waits), Object.keys(background)]))
else void main()
