/**
 * Recognizes a wrong argument, for an error message: what it is, in words, and how to make the right one from it. A
 * value is recognized by its functions, because it may come from another copy of its library. No message shows a value.
 *
 * @internal
 */
import { hasMembers, kindOf } from '../base/kinds'
import { storeOperations } from '../stores/kit/operations'
import { anatomy } from './anatomy'

/** The kinds of arguments that are confused with each other. */
export type Role = 'store' | 'codec' | 'policy' | 'redis' | 'memcached' | 'memjs' | 'sqlite' | 'function'

interface Known {
  readonly is: (u: object) => boolean
  readonly called: string
  /** What to write instead, if this is passed in the place of something else. */
  readonly instead?: Readonly<Partial<Record<Role, string>>>
}

// SAFETY: a member is read as `unknown`
const member = (u: object, name: string): unknown => (u as Readonly<Record<string, unknown>>)[name]
const has =
  (...names: ReadonlyArray<string>) =>
  (u: object): boolean =>
    names.every((name) => typeof member(u, name) === 'function')
const both =
  (f: (u: object) => boolean, g: (u: object) => boolean) =>
  (u: object): boolean =>
    f(u) && g(u)
const not =
  (f: (u: object) => boolean) =>
  (u: object): boolean =>
    !f(u)

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

/** Recognized by marker properties: zod 4.1 also has `encode` and `decode`, but they throw. */
const isSchema = (u: object): boolean => ['_zod', '_def', '~standard'].some((mark) => mark in u)
const isZod = /*#__PURE__*/ both(has('safeParse', 'parse'), isSchema)
const noSchema = 'make one of an io-ts type, as Codec.json(type), or write its `encode` and `decode`'

/** Ordered: the first match counts. */
const known: ReadonlyArray<Known> = [
  {
    is: /*#__PURE__*/ has(...storeOperations),
    called: 'a store',
    instead: { codec: 'the store comes first, then the codec' }
  },
  { is: (u) => anatomy in u, called: 'a ring', instead: { store: 'its store is its property `store`' } },
  {
    is: /*#__PURE__*/ both(isType, not(encodesForItself)),
    called: 'an io-ts type',
    instead: {
      codec: 'write Codec.json(type), or cbor(type) of fp-ring/cbor',
      store: 'a type is no store; make a codec of it'
    }
  },
  {
    is: isZod,
    called: 'a schema of zod',
    instead: { codec: noSchema }
  },
  {
    is: (u) => '~standard' in u,
    called: 'a schema of another library',
    instead: { codec: noSchema }
  },
  {
    is: /*#__PURE__*/ has('encode', 'decode'),
    called: 'a codec',
    instead: { store: 'the store comes first, then the codec' }
  },
  {
    is: (u) => member(u, '_tag') === 'Policy',
    called: 'a policy',
    instead: {
      codec: 'without a codec the policy comes second',
      store: 'the store comes first, then the policy'
    }
  },
  {
    is: /*#__PURE__*/ both(has('defineCommand', 'sendCommand'), not(has('withTypeMapping'))),
    called: 'an ioredis client',
    instead: {
      redis: 'fp-ring/redis works with node-redis: npm install redis, then createClient()',
      store: 'fp-ring/redis works with node-redis: npm install redis, then redis(createClient())'
    }
  },
  {
    is: /*#__PURE__*/ has('withTypeMapping'),
    called: 'a client of node-redis',
    instead: { store: 'write redis(client), of fp-ring/redis' }
  },
  {
    is: /*#__PURE__*/ has('sendCommand', 'connect'),
    called: 'a client of Redis of another version',
    instead: {
      redis: 'update the package redis: version 6 is needed',
      store: 'update the package redis, then redis(client) of fp-ring/redis'
    }
  },
  {
    is: (u) => has('serverOf')(u) && Array.isArray(member(u, 'servers')),
    called: 'a client of memcached',
    instead: {
      store: 'write memcached(client), of fp-ring/memcached',
      memjs: 'write memcached(client), of fp-ring/memcached'
    }
  },
  {
    is: /*#__PURE__*/ has('get', 'set', 'touch', 'delete', 'flush'),
    called: 'a client of memjs',
    instead: {
      store: 'write memjs(client), of fp-ring/memjs',
      memcached: 'write memjs(client), of fp-ring/memjs'
    }
  },
  {
    is: /*#__PURE__*/ has('exec', 'prepare'),
    called: 'a database',
    instead: { store: 'write sqlite(database), of fp-ring/sqlite' }
  },
  {
    is: /*#__PURE__*/ has('get', 'set', 'info', 'dump'),
    called: 'a cache of lru-cache',
    instead: { store: 'write lru(cache), of fp-ring/lru' }
  },
  {
    is: (u) => isMap(u) || u instanceof WeakMap,
    called: 'a Map',
    instead: { store: 'write dict(), which keeps its entries in a Map' }
  },
  {
    is: Array.isArray,
    called: 'a list',
    instead: { policy: 'write Policy.policy(a, b), which makes one of several' }
  }
]

const recognized = (u: unknown): Known | undefined => {
  if (!hasMembers(u)) return undefined
  try {
    return known.find(({ is }) => is(u))
  } catch {
    return undefined // a getter threw
  }
}

/** `a Map`, `an ioredis client`, `a string`. */
export const calledWhat = (u: unknown): string => recognized(u)?.called ?? kindOf(u)

/** What to write instead of it; `undefined` if this is unknown. */
export const insteadOf = (u: unknown, role: Role | undefined): string | undefined =>
  role === undefined ? undefined : recognized(u)?.instead?.[role]

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
