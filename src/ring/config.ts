/**
 * Checks the config of a ring before the ring is built: its options, its name, and the owner of its entries.
 *
 * @internal
 */
import type * as E from 'fp-ts/Either'
import type * as T from 'fp-ts/Task'
import type * as TE from 'fp-ts/TaskEither'

import { defect } from '../base/defect'
import { hasMembers } from '../base/kinds'
import type * as Clock from '../Clock'
import type { Codec } from '../codecs/model'
import type { Commands, Rope } from '../Command'
import * as KeyFn from '../KeyFn'
import { leases } from '../policies/model'
import type * as Policy from '../Policy'
import type { Observer } from '../RingEvent'
import { placeIn } from '../stores/kit/place'
import type * as Store from '../stores/model'
import { aCodec, aPolicy, aStore, checkOptions, must, variant } from '../wiring/check'
import { calledWhat, isStore } from '../wiring/recognize'
import { commonOptions, elsewhere, notCommon, policyFields, readerOptions, ringOptions } from './options'
import { unreserved } from './reserved'
import { claimName, isTrusted, type Owner } from './sharedNames'

type Arguments = KeyFn.Arguments

/** `Options` and `Settings`, without the types that only the user needs. */
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
  readonly waitUntil?: (work: Promise<unknown>) => void
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
  readonly sharesEntries?: boolean
  readonly warnings?: boolean
  /** The owner of the entries, if that is not the function; `nobody` if the keys themselves identify the owner. */
  readonly [owner]?: Owner
}

/** Instead of an owner: the keys themselves identify it. */
export const nobody = 'nobody'

/** The owner property, for a ring that the library makes around a user's function. */
export const owner: unique symbol = /*#__PURE__*/ Symbol('owner')

/**
 * Checks what several rings share, before any function is known; `instead` says where the options of a single ring
 * belong.
 */
export const checkedCommon = (whose: string, config: unknown, instead: string): void => {
  checkOptions(whose, config, commonOptions, notCommon(instead))
  // SAFETY: it has been checked, and is an object if present
  checkOptions('a policy', (config as { readonly policy?: unknown } | undefined)?.policy, policyFields)
}

/** Whether an argument is meant as a codec. An io-ts type counts, so that it is refused with its own message. */
export const isCodec = (u: unknown): u is Codec<unknown, unknown> =>
  hasMembers(u) && 'encode' in u && 'decode' in u

/** Checks the config of a ring before its function is known. */
export const checkedConfig = <C>(config: C): C => {
  checkOptions('a ring', config, ringOptions, elsewhere)
  // SAFETY: it has been checked, and is an object if present
  checkOptions('a policy', (config as { readonly policy?: unknown } | undefined)?.policy, policyFields)
  return config
}

/** Whether this is the form whose first argument is the function; a store may be a function, too. */
export const isDataFirst = (first: unknown): boolean => typeof first === 'function' && !isStore(first)

/**
 * The forms without a function: `(store, codec, options)` and `(store, options)`, where options may be a policy.
 * Further arguments are refused, because they would be ignored silently.
 */
export const configOf = (
  whose: 'ring' | 'ringReader',
  [store, second, third, ...rest]: ReadonlyArray<unknown>
): Readonly<Record<string, unknown>> => {
  must(`the first argument of ${whose}`, aStoreOrFunction, store)
  const more = rest.length
  if (third !== undefined || more > 0) must(`the second argument of ${whose}`, aCodec, second)
  if (more > 0) noMore(whose, more)
  const [codec, options] = isCodec(second)
    ? [must(`the second argument of ${whose}`, aCodec, second), third]
    : [undefined, second]
  const given = aPolicy.is(options) ? { policy: options } : options
  checkOptions(whose, given, whose === 'ring' ? ringOptions : readerOptions, elsewhere)
  // SAFETY: it has been checked, and is an object if present
  return { ...(given as object | undefined), store, ...(codec === undefined ? {} : { codec }) }
}

/** Refuses an argument after the last one. */
export const noMore = (whose: string, more: unknown): void => {
  if (more !== undefined)
    defect(`${whose} takes all its options in one object; several policies are one: Policy.policy(a, b)`)
}

const aStoreOrFunction = /*#__PURE__*/ variant(aStore, { what: 'a store, or a function' })

/** What the types require, checked for untyped callers when the ring is built (decision: wrong wiring throws). */
export const checked = (fn: unknown, config: Partial<Config> | undefined): void => {
  if (typeof fn !== 'function') defect(`a ring is made of a function, not of ${calledWhat(fn)}`)
  checkedConfig(config)
  const { batch, batchEach, policy, store }: Partial<Config> = config ?? {}
  if (store === undefined) defect('a ring needs a store: write { store: dict() }, for example')
  // a caller without types may have written it
  if (policy?.lease !== undefined && (policy.lease as Partial<Policy.Lease>)[leases] === undefined)
    defect('a policy with a lease is made by Policy.lease: write Policy.lease({ ttl, wait })')
  if (policy?.lease !== undefined && store?.leases === undefined)
    defect('a policy with a lease needs a store with leases')
  if (store?.encodes === true && policy?.negative !== undefined)
    defect('stored errors need the codec in the ring, not in the store')
  if (batch !== undefined && batchEach !== undefined) defect('a ring has batch or batchEach, not both')
}

/** The name of a function; empty if it is not a string. */
const ownName = (fn: { readonly name: unknown }): string => (typeof fn.name === 'string' ? fn.name : '')

/**
 * The name of a ring: the given one, or that of its function. If other programs see the entries, a name that a build
 * may change, or that many functions have, is refused: the ring could serve another function's entries.
 */
export const nameOf = (fn: { readonly name: unknown }, { key, name, store }: NamedBy): string => {
  if (name !== undefined) return name
  const own = ownName(fn)
  return own === '' || key !== undefined || store.reach === 'process' || isTrusted(own)
    ? own
    : defect(
        `a ring over a store that others can see needs a name: its function is called '${shown(own)}', ` +
          'which a minifier may have made, or which others are called as well. Give `name` (or `key`)'
      )
}

type NamedBy = Pick<Config, 'key' | 'name' | 'store'>

/** The name of a function may be private; only as much is shown as is needed to find the function. */
const shown = (name: string): string => (name.length > 40 ? `${name.slice(0, 40)}…` : name)

/** Registers the owner of the ring's prefix, if the ring has one. */
export const claim = (key: KeyFn.KeyFn<Arguments>, fn: object, config: Config): void => {
  const { prefix } = key
  const by = config[owner] ?? fn
  if (prefix === undefined || by === nobody || config.store.keeps === 'nothing') return
  claimName({
    place: placeIn(config.store, prefix),
    version: String(config.version ?? ''),
    owner: by,
    prefix,
    isMeant: config.sharesEntries === true
  })
}

export const defaultKey = (name: string): KeyFn.KeyFn<Arguments> =>
  name === ''
    ? defect('a ring needs a name for its keys: name the function, or give `name` or `key`')
    : KeyFn.structural(name)

/** The key function of a ring. */
export const keyOf = (name: string, { key, version }: Config): KeyFn.KeyFn<Arguments> =>
  KeyFn.versioned(version ?? '')(key === undefined ? defaultKey(name) : unreserved(key))
