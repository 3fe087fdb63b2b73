/**
 * A text about a fault that is safe to print: the library's own message, and the class and the code of the cause. It
 * never contains a third-party message, which may hold values, keys and URLs.
 *
 * @internal
 */
import { isDefect } from '../base/defect'
import { kindOf } from '../base/kinds'
import { isInOwnWords } from '../base/ownWords'
import type { Operation, RingError } from '../RingError'
import { isRead, leaseOperations, storeOperations } from '../stores/kit/operations'
import { failedAt, isInvalid } from './errors'

const leases: ReadonlySet<string> = /*#__PURE__*/ new Set(leaseOperations)
const operations: ReadonlySet<string> = /*#__PURE__*/ new Set([...storeOperations, ...leaseOperations])
const reasons: ReadonlySet<string> = /*#__PURE__*/ new Set(['failed', 'timeout', 'open', 'refused', 'codec'])

/** A third-party store may use any name for an operation. */
const isOperation = (name: string): name is Operation => operations.has(name)

const kindOfOperation = (name: string): string =>
  !isOperation(name) ? 'other' : leases.has(name) ? 'lease' : isRead(name) ? 'read' : 'write'

/** The kind of a fault. There are few kinds, however many different errors there are. */
export const faultKind = (error: RingError): string =>
  error._tag === 'StoreError'
    ? `${kindOfOperation(error.operation)} ${reasons.has(error.reason) ? error.reason : 'failed'}`
    : error._tag

const identifier = /^[A-Za-z_$][\w$]{0,40}$/
/** `ECONNREFUSED`, `ERR_SOCKET_CLOSED`: codes of Node's errors. Any other text may be data. */
const errorCode = /^E(?:[A-Z0-9]{2,20}|RR_[A-Z0-9_]{2,40})$/

/**
 * The class of a thrown error, and its code if that is one of Node's. The class is read from the prototype, because the
 * error's own properties may be data and its getters may throw.
 */
const classOf = (cause: unknown): string | undefined => {
  try {
    if (typeof cause !== 'object' || cause === null) return undefined
    if (!(cause instanceof Error)) return 'an object'
    const above = Object.getPrototypeOf(cause) as { readonly constructor?: { readonly name?: unknown } }
    const name: unknown = above.constructor?.name
    const called = typeof name === 'string' && identifier.test(name) ? name : 'an error'
    const code: unknown = 'code' in cause ? cause.code : undefined
    return typeof code === 'string' && errorCode.test(code) ? `${called} ${code}` : called
  } catch {
    return undefined
  }
}

/** What a function of the user threw, in words that may be printed. */
export const thrownWords = (cause: unknown): string => classOf(cause) ?? kindOf(cause)

const placeOf = (error: RingError): string => {
  const at = isInvalid(error) ? 'decode' : failedAt(error)
  return at === 'key' || at === 'encode' || at === 'decode' || isOperation(at) ? at : 'the store'
}

export const faultWords = (error: RingError): string => {
  const reason = error._tag === 'StoreError' && reasons.has(error.reason) ? ` (${error.reason})` : ''
  const said = isInOwnWords(error) ? `: ${error.message}` : ''
  const cause = isDefect(error.cause) ? error.cause.message : classOf(error.cause)
  return `${placeOf(error)} failed with ${error._tag === 'EncodeError' ? 'an' : 'a'} ${
    error._tag
  }${reason}${said}${cause === undefined ? '' : `, caused by ${cause}`}`
}
