/**
 * Recognizes a wrong argument, for an error message: what it is, in words, and how to make the right one from it. A
 * value is recognized by its functions, because it may come from another copy of its library. No message shows a value.
 *
 * @internal
 */
import { hasMembers, kindOf } from '../base/kinds'
import { storeOperations } from '../stores/kit/operations'
import { anatomy } from './anatomy'

/** The kinds of arguments that are confused with each other. A client is a store's. */
export type Role = 'store' | 'codec' | 'policy'

/** A predicate; what it is called; and what to write instead of it in the place of a store or client, a codec, a policy. */
type Known = readonly [
  is: (u: object) => boolean,
  called: string,
  ofStore?: string | undefined,
  ofCodec?: string | undefined,
  ofPolicy?: string
]

// SAFETY: a member is read as `unknown`
const member = (u: object, name: string): unknown => (u as Readonly<Record<string, unknown>>)[name]
const has =
  (...names: ReadonlyArray<string>) =>
  (u: object): boolean =>
    names.every((name) => typeof member(u, name) === 'function')

const isType = /*#__PURE__*/ has('encode', 'decode', 'validate', 'is')
// a codec of a type, written as `{ ...type, encode, decode }`, has neither the methods of types nor the function that
// io-ts binds
const encodesForItself = (u: object): boolean => {
  const decode = member(u, 'decode')
  return isType(u) && !has('pipe')(u) && typeof decode === 'function' && !decode.name.startsWith('bound ')
}

/** What the library needs of a map, besides its iterator. */
const isMap = /*#__PURE__*/ has(
  'get',
  'set',
  'has',
  'delete',
  'clear',
  'keys',
  'values',
  'entries',
  'forEach'
)

const isNodeRedis = /*#__PURE__*/ has('withTypeMapping')

/** Recognized by marker properties: zod 4.1 also has `encode` and `decode`, but they throw. */
const isSchema = (u: object): boolean => ['_zod', '_def', '~standard'].some((mark) => mark in u)
const noSchema = 'make one of an io-ts type, as Codec.json(type), or write its `encode` and `decode`'

/** Where a store is wanted, `made` of the subpath that it is named for makes one. */
const client = (made: string): string => `write ${made}, of fp-ring/${made.replace(/\(.*/, '')}`

/** Ordered: the first match counts. */
const known: ReadonlyArray<Known> = [
  [/*#__PURE__*/ has(...storeOperations), 'a store', undefined, 'the store comes first, then the codec'],
  [(u) => anatomy in u, 'a ring', 'its store is its property `store`'],
  [
    (u) => isType(u) && !encodesForItself(u),
    'an io-ts type',
    'a type is no store; make a codec of it',
    'write Codec.json(type), or cbor(type) of fp-ring/cbor'
  ],
  [(u) => has('safeParse', 'parse')(u) && isSchema(u), 'a schema of zod', undefined, noSchema],
  [(u) => '~standard' in u, 'a schema of another library', undefined, noSchema],
  [/*#__PURE__*/ has('encode', 'decode'), 'a codec', 'the store comes first, then the codec'],
  [
    (u) => member(u, '_tag') === 'Policy',
    'a policy',
    'the store comes first, then the policy',
    'without a codec the policy comes second'
  ],
  [
    (u) => has('defineCommand', 'sendCommand')(u) && !isNodeRedis(u),
    'an ioredis client',
    'fp-ring/redis works with node-redis: npm install redis, then redis(createClient())'
  ],
  [isNodeRedis, 'a client of node-redis', /*#__PURE__*/ client('redis(client)')],
  [
    /*#__PURE__*/ has('sendCommand', 'connect'),
    'a client of Redis of another version',
    'update the package redis to version 6, then write redis(client), of fp-ring/redis'
  ],
  [
    (u) => has('serverOf')(u) && Array.isArray(member(u, 'servers')),
    'a client of memcached',
    /*#__PURE__*/ client('memcached(client)')
  ],
  [
    /*#__PURE__*/ has('get', 'set', 'touch', 'delete', 'flush'),
    'a client of memjs',
    /*#__PURE__*/ client('memjs(client)')
  ],
  [/*#__PURE__*/ has('exec', 'prepare'), 'a database', /*#__PURE__*/ client('sqlite(database)')],
  [
    /*#__PURE__*/ has('get', 'set', 'info', 'dump'),
    'a cache of lru-cache',
    /*#__PURE__*/ client('lru(cache)')
  ],
  [(u) => isMap(u) || u instanceof WeakMap, 'a Map', 'write dict(), which keeps its entries in a Map'],
  [Array.isArray, 'a list', undefined, undefined, 'write Policy.policy(a, b), which makes one of several']
]

const recognized = (u: unknown): Known | undefined => {
  if (!hasMembers(u)) return undefined
  try {
    return known.find(([is]) => is(u))
  } catch {
    return undefined // a getter threw
  }
}

/** `a Map`, `an ioredis client`, `a string`. */
export const calledWhat = (u: unknown): string => recognized(u)?.[1] ?? kindOf(u)

/** What to write instead of it; `undefined` if this is unknown. */
export const insteadOf = (u: unknown, role: Role | undefined): string | undefined =>
  role === undefined ? undefined : recognized(u)?.[role === 'codec' ? 3 : role === 'policy' ? 4 : 2]

export const isIoTsType = (u: unknown): boolean => hasMembers(u) && isType(u)

/** A value with the functions of a codec, except those of libraries where these functions do something else. */
export const isCodecLike = (u: unknown): boolean =>
  hasMembers(u) && has('encode', 'decode')(u) && (!isType(u) || encodesForItself(u)) && !isSchema(u)

/**
 * A map of any realm, or of a class with the same functions. A cache of lru-cache has them, too, but evicts entries, so
 * it is none.
 */
export const isMapLike = (u: unknown): boolean => hasMembers(u) && isMap(u) && !has('dump')(u)

/** The members that it lacks to be a store; none if it is one. */
export const lacksAsStore = (u: object): ReadonlyArray<string> =>
  storeOperations.filter((name) => !has(name)(u))

/** Whether this is a store. A store may be a function; a ring is not a store. */
export const isStore = (u: unknown): boolean =>
  hasMembers(u) && !(anatomy in u) && lacksAsStore(u).length === 0
