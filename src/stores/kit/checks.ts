/**
 * Checks of the arguments of stores and their combinators, when they are built.
 *
 * @internal
 */
import { defect } from '../../base/defect'
import { isObject } from '../../base/kinds'
import {
  aBatch,
  aBoolean,
  aClock,
  aDuration,
  aFunction,
  anObject,
  aNumber,
  anything,
  aStore,
  aText,
  checkOptions,
  type Kind,
  must,
  type Table,
  variant
} from '../../wiring/check'
import { isMapLike, lacksAsStore } from '../../wiring/recognize'

// SAFETY: a member is read as `unknown`
const does = (u: unknown, name: string): boolean =>
  isObject(u) && typeof (u as Readonly<Record<string, unknown>>)[name] === 'function'

// -------------------------------------------------------------------------------------
// clients
// -------------------------------------------------------------------------------------

export const aRedisClient: Kind = {
  what: 'a client of node-redis',
  role: 'store',
  is: (u) => does(u, 'withTypeMapping'),
  hint: 'createClient(…) of the package redis makes one'
}
export const aMemcachedClient: Kind = {
  what: 'a client of fp-ring/memcached',
  role: 'store',
  is: (u) => does(u, 'serverOf') && isObject(u) && 'servers' in u && Array.isArray(u.servers),
  hint: 'memcachedClient({ servers }) makes one'
}
export const aMemjsClient: Kind = {
  what: 'a client of memjs',
  role: 'store',
  is: (u) =>
    ['get', 'set', 'delete', 'touch'].every((name) => does(u, name)) &&
    !(isObject(u) && lacksAsStore(u).length === 0),
  hint: 'Client.create(…) of the package memjs makes one'
}
export const aDatabase: Kind = {
  what: 'a database of better-sqlite3 or node:sqlite',
  role: 'store',
  is: (u) => does(u, 'exec') && does(u, 'prepare'),
  hint: 'new Database(file) of better-sqlite3 makes one'
}

/** A client of ioredis can publish too, but its subscriptions work in another way. */
export const aPublisher: Kind = /*#__PURE__*/ variant(aRedisClient, {
  is: (u) => does(u, 'publish') && (does(u, 'withTypeMapping') || !does(u, 'defineCommand'))
})

export const aBreaker: Kind = {
  what: 'a breaker',
  is: (u) => does(u, 'execute'),
  hint: 'a breaker has a function `execute`, as the policies of cockatiel have'
}

/** A client, or a function that returns one, which is called at every use: its result is checked then. */
export const checkedClient = <Client extends object>(
  whose: string,
  wanted: Kind,
  given: Client | (() => Client)
): (() => Client) => {
  const what = `the client of ${whose}`
  if (typeof given !== 'function') {
    must(what, wanted, given)
    return () => given
  }
  let last: { readonly client: Client } | undefined
  return () => {
    const client = given()
    if (last === undefined || client !== last.client) last = { client: must(what, wanted, client) }
    return client
  }
}

// -------------------------------------------------------------------------------------
// tables
// -------------------------------------------------------------------------------------

const shared: Table = { timeout: aDuration }
const onNetwork: Table = { ...shared, namespace: aText }
const aMap: Kind = { what: 'a Map', is: isMapLike }
const texts: Kind = {
  what: 'a list of texts',
  is: (u) => Array.isArray(u) && u.every((one) => typeof one === 'string')
}
const aTls: Kind = { what: 'true, false or an object', is: (u) => typeof u === 'boolean' || isObject(u) }
const aNow: Kind = /*#__PURE__*/ variant(aClock, { what: 'a clock' })
const feed: Table = {
  heartbeat: aDuration,
  connect: /*#__PURE__*/ aFunction('a function that makes a client')
}

/** The options of a store or of a combinator: its name, what each of them must be, and which are required. */
export interface Options {
  readonly whose: string
  readonly table: Table
  readonly required?: ReadonlyArray<string>
}

// one constant for each, so that a program has those of its own stores alone

export const ofDict: Options = { whose: 'dict', table: { map: aMap, clock: aClock } }
export const ofLru: Options = {
  whose: 'lru',
  table: {
    max: aNumber,
    maxSize: aNumber,
    sizeOf: /*#__PURE__*/ aFunction('a function of a value'),
    clock: aClock
  }
}
export const ofRedis: Options = { whose: 'redis', table: { ...onNetwork, batch: aBatch } }
export const ofRedisHash: Options = {
  whose: 'redisHash',
  table: { ...shared, key: aText, batch: aBatch, fieldExpiry: aBoolean },
  required: ['key']
}
export const ofRecommended: Options = { whose: 'recommended', table: { silence: aDuration } }
export const ofTracking: Options = { whose: 'tracking', table: feed }
export const ofPubsub: Options = {
  whose: 'pubsub',
  table: { ...feed, channel: aText, timeout: aDuration },
  required: ['channel']
}
export const ofMemcached: Options = { whose: 'memcached', table: { ...onNetwork, batch: aBatch } }
export const ofMemcachedClient: Options = {
  whose: 'memcachedClient',
  table: {
    ...shared,
    servers: texts,
    names: texts,
    tls: aTls,
    maxPending: anything,
    maxPendingBytes: anything,
    maxValueBytes: anything
  },
  required: ['servers']
}
export const ofMemjs: Options = { whose: 'memjs', table: onNetwork }
export const ofFiles: Options = {
  whose: 'files',
  table: { ...shared, directory: aText, guard: aBoolean, clock: aNow },
  required: ['directory']
}
export const ofSqlite: Options = {
  whose: 'sqlite',
  table: { ...shared, table: aText, configure: aBoolean, clock: aNow }
}
export const ofBatched: Options = { whose: 'Store.batched', table: { max: anything } }
export const ofTiered: Options = {
  whose: 'Store.tiered',
  table: { near: aStore, far: aStore, ttl: aDuration, invalidation: anObject, clock: aClock },
  required: ['near', 'far']
}

/** The options of a store, unchanged. */
export const checkedOptions = <O>({ required = [], table, whose }: Options, options: O): O => {
  checkOptions(whose, options, table)
  // SAFETY: a member is read as `unknown`, and `options` is an object if it is present
  for (const name of required)
    if ((options as Readonly<Record<string, unknown>> | undefined)?.[name] === undefined)
      return defect(`${whose} needs the option '${name}'`)
  return options
}

/** Checks the store that a combinator is applied to. */
export const checkedStore = <S>(whose: string, store: S): S =>
  must(`what ${whose} is applied to`, aStore, store)
