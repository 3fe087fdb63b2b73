/**
 * The interpreter: ties a function, a key, a codec, a store and a policy into a cached function that carries its
 * commands. This is the one place where everything meets; `Ring.ts` has the types.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as Random from 'fp-ts/Random'
import * as RA from 'fp-ts/ReadonlyArray'
import type * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import * as Clock from '../Clock'
import type { Codec } from '../Codec'
import type { Commands, Rope } from '../Command'
import { getOrUpdate, table } from '../Command'
import * as Duration from '../Duration'
import * as KeyFn from '../KeyFn'
import * as Policy from '../Policy'
import type { Observer } from '../RingEvent'
import * as Store from '../Store'
import { withMembers } from './anatomy'
import { defect } from './defect'
import type { Parts } from './engine'
import { makeEngine } from './engine'
import { guardedCodec } from './guarded'
import { unreserved } from './reserved'
import { resolve } from './resolved'

type Arguments = KeyFn.Arguments
type AnyFunction = (...args: Arguments) => TE.TaskEither<unknown, unknown>

/** What `Options` and `Settings` say, without the types that only the user needs. */
export interface Config {
  readonly store: Store.Store<unknown>
  readonly codec?: Codec<unknown, unknown>
  readonly name?: string
  readonly version?: string | number
  readonly policy?: Policy.Policy
  readonly default?: string
  readonly observe?: Observer
  readonly clock?: Clock.Clock
  readonly random?: () => number
  readonly key?: KeyFn.KeyFn<Arguments>
  readonly commands?: (
    rope: Rope<Arguments, unknown, unknown, unknown, unknown>,
    base: Commands<Arguments, unknown, unknown, unknown, unknown>
  ) => Readonly<Record<string, unknown>>
  readonly batch?: (argsList: ReadonlyArray<Arguments>) => TE.TaskEither<unknown, ReadonlyArray<unknown>>
  readonly batchEach?: (
    argsList: ReadonlyArray<Arguments>
  ) => T.Task<ReadonlyArray<E.Either<unknown, unknown>>>
  readonly tags?: (...args: Arguments) => ReadonlyArray<string>
}

/** @internal */
export const isCodec = (u: unknown): u is Codec<unknown, unknown> =>
  typeof u === 'object' && u !== null && 'encode' in u && 'decode' in u

/** What the types say, for those who have none: found when the ring is built (decision: wrong wiring throws). */
const checked = (fn: unknown, config: Partial<Config> | undefined): void => {
  const { batch, batchEach, codec, policy, store }: Partial<Config> = config ?? {}
  if (typeof fn !== 'function') defect('a ring is made of a function')
  if (typeof store?.get !== 'function') defect('a ring needs a store')
  if (codec !== undefined && !isCodec(codec)) defect('a codec has encode and decode')
  if (policy?.lease !== undefined && store?.leases === undefined)
    defect('a policy with a lease needs a store with leases')
  if (store?.encodes === true && policy?.negative !== undefined)
    defect('stored errors need the codec in the ring, not in the store')
  if (batch !== undefined && batchEach !== undefined) defect('a ring has batch or batchEach, not both')
}

/**
 * Ties everything together.
 *
 * @internal
 */
export const interpret = (fn: AnyFunction, config: Config): object => {
  checked(fn, config)
  const name = config.name ?? fn.name
  const random = config.random ?? Random.random
  const parts: Parts<Arguments, unknown, unknown, unknown, unknown> = {
    name,
    key: keyOf(name, config),
    codec: config.codec === undefined ? byReference : guardedCodec(config.codec),
    store: total(withLifetime(config.store, config.policy), config.policy),
    execute: fn,
    batch: config.batchEach ?? (config.batch === undefined ? undefined : eachOf(config.batch)),
    policy: resolve(config.policy ?? Policy.policy(), random),
    tags: config.tags,
    holding: config.codec === undefined ? 'references' : config.store.peek === undefined ? 'bytes' : 'memory',
    observe: config.observe,
    clock: config.clock ?? Clock.system,
    random
  }
  const engine = makeEngine(parts)
  const base = table(engine, fn)
  const own = config.commands?.(parts, base) ?? {}
  const reserved = ['store', 'codec', '__proto__'].find((member) => Object.hasOwn(own, member))
  if (reserved !== undefined) return defect(`a command cannot be called '${reserved}'`)
  const commands: Record<string, unknown> = { ...base, ...own }
  const called = Object.hasOwn(commands, config.default ?? 'getOrUpdate')
    ? commands[config.default ?? 'getOrUpdate']
    : undefined
  if (typeof called !== 'function')
    return defect(`there is no command '${config.default ?? ''}' to be the default`)
  // a function of its own, to carry the commands; on the hot path not one that calls another
  const cached =
    called === base.getOrUpdate
      ? getOrUpdate(engine)
      : (...args: Arguments): unknown => Reflect.apply(called, undefined, args)
  const members = { ...commands, store: parts.store, codec: parts.codec }
  return withMembers(cached, name, members, {
    called: config.default ?? 'getOrUpdate',
    own: Object.keys(own),
    identity: { name },
    links: []
  })
}

/** A batch that fails fails everyone in it. */
const eachOf =
  <Args, Err, A>(batch: (argsList: ReadonlyArray<Args>) => TE.TaskEither<Err, ReadonlyArray<A>>) =>
  (argsList: ReadonlyArray<Args>): T.Task<ReadonlyArray<E.Either<Err, A>>> =>
    pipe(
      batch(argsList),
      TE.matchW((e) => argsList.map(() => E.left(e)), RA.map(E.right))
    )

/** @internal */
export const defaultKey = (name: string): KeyFn.KeyFn<Arguments> =>
  name === ''
    ? defect('a ring needs a name for its keys: name the function, or give `name` or `key`')
    : KeyFn.structural(name)

const keyOf = (name: string, { key, version }: Config): KeyFn.KeyFn<Arguments> =>
  KeyFn.versioned(version ?? '')(key === undefined ? defaultKey(name) : unreserved(key))

const byReference: Codec<unknown, unknown> = { encode: E.right, decode: E.right }

/** A store that keeps no lifetimes would refuse every write of a ring that has one. */
const withLifetime = (store: Store.Store<unknown>, policy: Config['policy']): Store.Store<unknown> =>
  store.lifetime === 'none' &&
  ((policy?.ttl !== Duration.forever && typeof policy?.ttl !== 'function') || policy.negative !== undefined)
    ? defect('this store keeps no lifetimes: its rings need Policy.forever, and store no errors')
    : store

/**
 * Every call of a store ends, by its own deadline or by the ring's (law 26), and with a value: a store of somebody
 * else's may throw. `get` is on the path of every hit; the engine sees to it.
 */
const total = (store: Store.Store<unknown>, policy: Config['policy']): Store.Store<unknown> => {
  const asked =
    policy?.storeTimeout ?? (store.deadline === undefined ? Policy.defaultStoreTimeout : Duration.forever)
  return asked < (store.deadline ?? Duration.forever)
    ? Store.timed(asked)(store)
    : Object.assign(Store.timed(Duration.forever)(store), { get: store.get })
}
