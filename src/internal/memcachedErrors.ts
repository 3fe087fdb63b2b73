/**
 * What a memcached client rejects with: errors with a `code`, as Node's own. They tell no key and no value.
 *
 * @internal
 */

/** @internal */
export const timedOut = (): Error => failure('ETIMEDOUT', 'memcached did not answer in time')

/** @internal */
export const failure = (code: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })

/** @internal */
export const hasCode = (cause: unknown, code: string): boolean =>
  // the proof: `code` is looked at as `unknown`
  (cause as { readonly code?: unknown } | undefined)?.code === code
