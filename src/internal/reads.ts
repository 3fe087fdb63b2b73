/**
 * The operations that change nothing: to let them through, or to do them late, does no harm. What is not named here counts
 * as a write.
 *
 * @internal
 */
import type { Operation } from '../Store'

const reads: ReadonlySet<Operation> = /*#__PURE__*/ new Set<Operation>([
  'get',
  'read',
  'has',
  'getMany',
  'readMany',
  'hasMany'
])

/** @internal */
export const isRead = (operation: Operation): boolean => reads.has(operation)
