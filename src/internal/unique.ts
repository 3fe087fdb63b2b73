/**
 * What must never come twice, in any process: tokens of leases and generations of tags. It is not drawn from a ring's
 * `random`, which a test may hold still and two processes may seed alike; nothing but equality depends on it.
 *
 * @internal
 */

/** 16 random bytes. */
export const uniqueBytes = (): Uint8Array => globalThis.crypto.getRandomValues(new Uint8Array(16))

/** The same as a text. */
export const uniqueText = (): string => globalThis.crypto.randomUUID()
