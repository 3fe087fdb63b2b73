/**
 * Errors with a `code`, like those of Node. They contain no key and no value.
 *
 * @internal
 */

export const failure = (code: string, message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, cause === undefined ? {} : { cause }), { code })

/** The answer did not come in time. */
export const timedOut = (who: string): Error => failure('ETIMEDOUT', `${who} did not answer in time`)

export const hasCode = (cause: unknown, code: string): boolean =>
  // SAFETY: `code` is read as `unknown`
  (cause as { readonly code?: unknown } | null | undefined)?.code === code
