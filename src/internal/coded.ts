/**
 * Errors with a `code`, as Node's own have. They tell no key and no value.
 *
 * @internal
 */

/** @internal */
export const failure = (code: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })

/**
 * The answer did not come in time.
 *
 * @internal
 */
export const timedOut = (who: string): Error => failure('ETIMEDOUT', `${who} did not answer in time`)

/** @internal */
export const hasCode = (cause: unknown, code: string): boolean =>
  // the proof: `code` is looked at as `unknown`
  (cause as { readonly code?: unknown } | null | undefined)?.code === code
