/**
 * `ring`, the namespaces of its algebras, and the two stores that need nothing but this process.
 *
 * @since 0.1.0
 */
import * as Clock from './Clock'
import * as Codec from './Codec'
import type * as Command from './Command'
import * as Decision from './Decision'
import * as Duration from './Duration'
import * as Invalidation from './Invalidation'
import * as KeyFn from './KeyFn'
import * as Policy from './Policy'
import type * as ReaderRing from './ReaderRing'
import * as Ring from './Ring'
import * as RingError from './RingError'
import * as RingEvent from './RingEvent'
import * as Store from './Store'

export { fromIOEitherFunction, fromPromiseFunction, fromTaskFunction } from './functions'
export { ringKey } from './KeyFn'
export { invalidates, invalidatesReader } from './mutation'
export { ringReader } from './ReaderRing'
export { ring } from './Ring'
export { dict } from './stores/memory/dict'
export type { DictEntry, DictOptions } from './stores/memory/dict'
export { noop } from './stores/memory/noop'
export type { NoopStore } from './stores/memory/noop'

export {
  /**
   * Time as a value.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Clock,
  /**
   * Value ⇄ raw.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Codec,
  /**
   * What can be done with a cached function.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Command,
  /**
   * What `getOrUpdate` does with what it finds.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Decision,
  /**
   * Spans of time, with their unit in the type.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Duration,
  /**
   * How a near tier hears what others do to the far one.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Invalidation,
  /**
   * Arguments → key.
   *
   * @category namespaces
   * @since 0.1.0
   */
  KeyFn,
  /**
   * When an entry may be served, loaded and kept.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Policy,
  /**
   * Cached functions of an environment.
   *
   * @category namespaces
   * @since 0.1.0
   */
  ReaderRing,
  /**
   * Cached functions.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Ring,
  /**
   * What can go wrong.
   *
   * @category namespaces
   * @since 0.1.0
   */
  RingError,
  /**
   * What a ring does, told as it happens.
   *
   * @category namespaces
   * @since 0.1.0
   */
  RingEvent,
  /**
   * Key → raw, with a lifetime.
   *
   * @category namespaces
   * @since 0.1.0
   */
  Store
}
