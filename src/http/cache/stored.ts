/**
 * A stored page: its bytes, and its times.
 *
 * @internal
 */
export { ageOf, leftOf } from '../core/kept'
export { pageCodec } from '../core/stored'
