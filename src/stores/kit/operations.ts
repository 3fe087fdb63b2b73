/**
 * The operations of stores, by name.
 *
 * @internal
 */
import type { Operation } from '../../RingError'

/** The operations of every store. */
export const storeOperations = [
  'get',
  'read',
  'set',
  'delete',
  'has',
  'touch',
  'getMany',
  'readMany',
  'setMany',
  'deleteMany',
  'hasMany',
  'touchMany',
  'clear'
] as const satisfies ReadonlyArray<Operation>

/** The further operations of a store with leases. */
export const leaseOperations = [
  'acquire',
  'seize',
  'renew',
  'release',
  'commit',
  'override'
] as const satisfies ReadonlyArray<Operation>

/** The operations that change nothing: a caller may let them through, or do them late. All others count as writes. */
const reads: ReadonlySet<Operation> = /*#__PURE__*/ new Set<Operation>([
  'get',
  'read',
  'has',
  'getMany',
  'readMany',
  'hasMany'
])

export const isRead = (operation: Operation): boolean => reads.has(operation)
