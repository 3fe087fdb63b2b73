/**
 * Values that must never repeat in any process: tokens of leases and generations of tags. They do not come from a
 * ring's `random`, because a test may fix it, and two processes may use the same seed. They are only ever compared for
 * equality.
 *
 * @internal
 */

/** 16 random bytes. */
export const uniqueBytes = (): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(16))

/** A random UUID. */
export const uniqueText = (): string => globalThis.crypto.randomUUID()
