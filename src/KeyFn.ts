/** A cache key: a string. */
export type Key = string
