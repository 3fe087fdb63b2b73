/**
 * The interpreter: combines a function, a key, a codec, a store and a policy into a cached function with its commands.
 * This is the only place where all parts meet; `Ring.ts` has the types.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'
import * as Random from 'fp-ts/Random'
import type * as TE from 'fp-ts/TaskEither'

import { defect } from '../base/defect'
import * as Clock from '../Clock'
import type { Codec } from '../codecs/model'
import { guardedCodec } from '../codecs/total'
import * as Duration from '../Duration'
import { getOrUpdate, table } from '../engine/commands'
import type { Engine, Parts } from '../engine/engine'
import { makeEngine } from '../engine/engine'
import { makeLookup } from '../engine/getOrUpdate'
import { resolve } from '../engine/policy'
import { eachOf } from '../engine/run'
import { makeTended } from '../engine/timers'
import { totalStore } from '../engine/total'
import { makeWork } from '../engine/work'
import type * as KeyFn from '../KeyFn'
import * as Policy from '../Policy'
import { atOnceOf } from '../stores/kit/prompt'
import type * as Store from '../stores/model'
import { checked, claim, type Config, keyOf, nameOf } from './config'
import { withMembers } from './members'
import { makeLasting, safeClock, safeRandom } from './safe'

type Arguments = KeyFn.Arguments
type AnyFunction = (...args: Arguments) => TE.TaskEither<unknown, unknown>

type AnyEngine = Engine<Arguments, unknown, unknown, unknown, unknown>

/** Builds a ring from its function and its config; returns its engine, too. */
export const assemble = (
  fn: AnyFunction,
  config: Config
): { readonly engine: AnyEngine; readonly ring: object } => {
  checked(fn, config)
  const name = nameOf(fn, config)
  const random = safeRandom(config.random ?? Random.random)
  const clock = safeClock(config.clock ?? Clock.system)
  const tended = makeTended(clock)
  const lasting = makeLasting(config.waitUntil, name, config.warnings !== false)
  const work = makeWork()
  const { budget, store } = total(withLifetime(config.store, config.policy), config.policy, {
    after: tended.after,
    lasting,
    work
  })
  const key = keyOf(name, config)
  claim(key, fn, config)
  const parts: Parts<Arguments, unknown, unknown, unknown, unknown> = {
    name,
    key,
    codec: config.codec === undefined ? byReference : guardedCodec(config.codec),
    store,
    execute: fn,
    batch: config.batchEach ?? (config.batch === undefined ? undefined : eachOf(config.batch)),
    policy: resolve(config.policy ?? Policy.policy(), random),
    tags: config.tags,
    holding: config.codec === undefined ? 'references' : config.store.peek === undefined ? 'bytes' : 'memory',
    observe: config.observe,
    warnings: config.warnings !== false,
    clock,
    random,
    budget,
    tended,
    work,
    lasting,
    atOnce: atOnceOf(config.store)
  }
  const engine = makeEngine(parts)
  const lookup = makeLookup(engine)
  const base = table(engine, fn, lookup)
  const own = config.commands?.(parts, base) ?? {}
  const reserved = ['store', 'codec', '__proto__'].find((member) => Object.hasOwn(own, member))
  if (reserved !== undefined) return defect(`a command cannot be called '${reserved}'`)
  const commands: Record<string, unknown> = { ...base, ...own }
  const called = Object.hasOwn(commands, config.default ?? 'getOrUpdate')
    ? commands[config.default ?? 'getOrUpdate']
    : undefined
  if (typeof called !== 'function')
    return defect(`there is no command '${config.default ?? ''}' to be the default`)
  // a new function, because the commands become its properties; hot path: it does not call another one
  const cached =
    called === base.getOrUpdate
      ? getOrUpdate(lookup)
      : (...args: Arguments): unknown => Reflect.apply(called, undefined, args)
  const members = { ...commands, store: parts.store, codec: parts.codec }
  const ring = withMembers(cached, name, members, {
    called: config.default ?? 'getOrUpdate',
    own: Object.keys(own),
    identity: { name, work: { idle: work.idle, isIdle: work.isIdle, give: engine.releaseAll, clock } },
    links: []
  })
  return { engine, ring }
}

/** Builds a ring from its function and its config. */
export const interpret = (fn: AnyFunction, config: Config): object => assemble(fn, config).ring

const byReference: Codec<unknown, unknown> = { encode: E.right, decode: E.right }

/** Refuses a store that supports no lifetimes for a ring that has one: the store would refuse every write. */
const withLifetime = (store: Store.Store<unknown>, policy: Config['policy']): Store.Store<unknown> =>
  store.lifetime === 'none' &&
  ((policy?.ttl !== Duration.forever && typeof policy?.ttl !== 'function') || policy.negative !== undefined)
    ? defect('this store keeps no lifetimes: its rings need Policy.forever, and store no errors')
    : store

/** The store as the engine sees it (law 26), and how long all steps of one call together may wait for it. */
const total = (
  store: Store.Store<unknown>,
  policy: Config['policy'],
  ends: Pick<Parameters<typeof totalStore>[1], 'after' | 'lasting' | 'work'>
): { readonly store: Store.Store<unknown>; readonly budget: Duration.Duration } => {
  if (atOnceOf(store) !== undefined) {
    const budget = Duration.forever
    return { store: totalStore(store, { ...ends, deadline: budget, clearing: budget }), budget }
  }
  const own = store.deadline ?? Duration.forever
  const asked =
    policy?.storeTimeout ?? (store.deadline === undefined ? Policy.defaultStoreTimeout : Duration.forever)
  // a store with its own deadline ends its calls itself, and clears page by page
  const deadline = asked < own ? asked : Duration.forever
  const clearing = store.deadline === undefined ? deadline : Duration.forever
  return { store: totalStore(store, { ...ends, deadline, clearing }), budget: asked < own ? asked : own }
}
