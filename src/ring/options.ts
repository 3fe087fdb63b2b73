/**
 * The options of rings, readers and pages, and what to write instead of options that users expect but that do not
 * exist.
 *
 * @internal
 */
import {
  aBoolean,
  aClock,
  aCodec,
  aDuration,
  aFunction,
  aList,
  anObject,
  aNumber,
  anything,
  aPolicyOrFields,
  aStore,
  aText,
  aTextOrNumber,
  type Elsewhere,
  type Kind,
  type Table,
  textOrFalse
} from '../wiring/check'

const ofStores: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'namespace',
  'max',
  'maxSize',
  'near',
  'far',
  'directory',
  'table'
])

const aCallback = /*#__PURE__*/ aFunction()

const aDurationOrFunction: Kind = {
  what: 'a Duration, or a function',
  is: (u) => typeof u === 'function' || aDuration.is(u),
  hint: 'write Duration.minutes(5), for example'
}

/**
 * The fields of a policy, which a user may have written. The functions that make policies check their arguments
 * themselves.
 */
export const policyFields: Table = {
  _tag: aText,
  ttl: aDurationOrFunction,
  jitter: aNumber,
  staleWhileRevalidate: aDuration,
  staleIfError: anObject,
  staleBy: aCallback,
  retryThrottle: aDuration,
  refreshAhead: aNumber,
  earlyRefresh: anObject,
  lease: anObject,
  softTimeout: aDuration,
  timeout: aDuration,
  negative: anObject,
  strict: aBoolean,
  cacheWhen: aCallback,
  storeTimeout: aDuration,
  loadTimeout: aDuration
}

/** Constructors of policies that are no fields of one. */
const constructors: ReadonlySet<string> = /*#__PURE__*/ new Set(['ttlBy', 'forever'])

export const elsewhere: Elsewhere = (name) =>
  (name !== '_tag' && Object.hasOwn(policyFields, name)) || constructors.has(name)
    ? `write policy: Policy.${name}${
        name === 'forever' || name === 'strict' ? '' : '(…)'
      }, or policy: Policy.policy(a, b) for several`
    : ofStores.has(name)
    ? 'it is an option of the store'
    : undefined

const tagging: Kind = /*#__PURE__*/ aFunction(
  'a function of the arguments',
  "write tags: (id) => ['users'], for example"
)

/** Options that do not depend on one function: any number of rings may share them. */
const common: Table = {
  store: aStore,
  policy: aPolicyOrFields,
  version: aTextOrNumber,
  observe: aCallback,
  clock: aClock,
  random: /*#__PURE__*/ aFunction('a function that returns a number from 0 to 1'),
  waitUntil: aCallback,
  warnings: aBoolean
}

const shared: Table = { ...common, name: aText, tags: tagging }

const ofFunctions: Table = {
  ...shared,
  codec: aCodec,
  key: /*#__PURE__*/ aFunction('a key function'),
  batch: aCallback,
  batchEach: aCallback,
  sharesEntries: aBoolean
}

/** The options of `using` and `record`: those of `Common`. */
export const commonOptions: Table = { ...common, sharesEntries: aBoolean }

export const ringOptions: Table = {
  ...ofFunctions,
  default: aText,
  commands: aCallback
}

/** An option that several rings cannot share: one function would find the entries of another. */
export const notCommon =
  (instead: string): Elsewhere =>
  (name) =>
    Object.hasOwn(ringOptions, name) ? `each ring has its own: ${instead}` : elsewhere(name)

// the check for a missing `keyEnv` says what it must be
export const readerOptions: Table = { ...ofFunctions, keyEnv: anything }

export const pageOptions: Table = {
  ...shared,
  origin: aText,
  vary: aList,
  maxBytes: anything,
  bodyTimeout: aDuration,
  etag: aBoolean,
  obeysClients: aBoolean,
  cacheStatus: textOrFalse,
  date: /*#__PURE__*/ aFunction('a function that returns the time')
}
