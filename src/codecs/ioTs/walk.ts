/**
 * The state of a walk through a value: its position, and the errors that it has found, up to a limit.
 *
 * An error of io-ts holds the types and values from the root to the refused part. io-ts makes this list for every part
 * of a value. Here the walk keeps a stack, and makes the list only for an error, or for a type that decodes itself.
 *
 * @internal
 */
import type * as t from 'io-ts'

/**
 * The result for a refused part. Its errors are in the walk; there may be none, because a user's type may return none.
 */
export const refused: unique symbol = /*#__PURE__*/ Symbol('refused')

/** Decodes a part of a value, as io-ts does, or returns `refused`. */
export type Part = (v: unknown, walk: Walk) => unknown

/** A type inside another one. */
export interface Child {
  readonly type: t.Mixed
  readonly part: Part
  /** For types without parts: whether io-ts returns the value itself. */
  readonly test: ((v: unknown) => boolean) | undefined
  /** For other types: the compiled predicate, if there is one. It is tried on members of lists and records. */
  readonly quick: () => ((v: unknown) => boolean) | undefined
}

export interface Walk {
  readonly keys: Array<string | number>
  readonly types: Array<t.Mixed>
  readonly actuals: Array<unknown>
  /** The context entries that were already made from these stacks. */
  readonly entries: Array<t.ContextEntry | undefined>
  depth: number
  readonly errors: Array<t.ValidationError>
  /** The walk ends when it has found this many errors. Before each part it has fewer. */
  limit: number
  /** Whether the decoded value is needed; `undefined`: not known yet. If not, lists and records are not copied. */
  builds: boolean | undefined
  readonly isNeeded: () => boolean
  /** Records that were found to be large: it would take long to list their properties again. */
  readonly large: Set<object>
  /** How many predicates have refused the current part, or the lists and records around it. */
  tries: number
}

export const newWalk = (type: t.Mixed, u: unknown, limit: number, isNeeded: () => boolean): Walk => ({
  keys: [''],
  types: [type],
  actuals: [u],
  entries: [undefined],
  depth: 1,
  errors: [],
  limit,
  builds: undefined,
  isNeeded,
  large: new Set(),
  tries: 0
})

/** The context that io-ts would have made. */
export const contextOf = ({ actuals, depth, entries, keys, types }: Walk): t.Context => {
  const context: Array<t.ContextEntry> = []
  for (let i = 0; i < depth; i++) {
    // SAFETY: the stacks have `depth` members
    context.push((entries[i] ??= { key: String(keys[i]), type: types[i] as t.Mixed, actual: actuals[i] }))
  }
  return context
}

export const fail = (v: unknown, walk: Walk): typeof refused => {
  // SAFETY: io-ts' own `failure` makes the same object for an error without a message
  walk.errors.push({ value: v, context: contextOf(walk), message: undefined } as unknown as t.ValidationError)
  return refused
}

/** Whether a list or a record has to be copied. */
export const buildsIn = (walk: Walk): boolean => (walk.builds ??= walk.isNeeded())

export const isFull = (walk: Walk): boolean => walk.errors.length >= walk.limit

/** Decodes a part that has its own entry in the context. */
export const descend = (
  walk: Walk,
  key: string | number,
  { part, test, type }: Child,
  v: unknown
): unknown => {
  if (test?.(v) === true) return v
  const at = walk.depth++
  walk.keys[at] = key
  walk.types[at] = type
  walk.actuals[at] = v
  walk.entries[at] = undefined
  const decoded = part(v, walk)
  walk.depth = at
  return decoded
}

/** How many nested lists and records may be refused by a predicate. No part is looked at more often than this. */
const mostTries = 3

/** The predicate to try before a member of a list or a record is walked. */
export const quickOf = (walk: Walk, { quick, test }: Child): ((v: unknown) => boolean) | undefined =>
  test ?? (walk.tries < mostTries ? quick() : undefined)

/** Like `descend`, for a member that the predicate has refused. */
export const descendSlowly = (walk: Walk, key: string | number, child: Child, v: unknown): unknown => {
  walk.tries++
  const decoded = descend(walk, key, child, v)
  walk.tries--
  return decoded
}

/**
 * Like `descend`, for a part that may be refused although the whole is accepted. It leaves room for at least one error.
 */
export const attempt = (walk: Walk, key: string | number, child: Child, v: unknown): unknown => {
  const { errors, limit } = walk
  walk.limit = Math.max(limit, errors.length + 1)
  const decoded = descend(walk, key, child, v)
  walk.limit = limit
  return decoded
}

/** Like `attempt`, for a part whose errors are of no interest. It leaves room for one only, and does not keep it. */
export const attemptQuietly = (walk: Walk, key: string | number, child: Child, v: unknown): unknown => {
  const { errors, limit } = walk
  const before = errors.length
  walk.limit = before + 1
  const decoded = descend(walk, key, child, v)
  walk.limit = limit
  errors.length = before
  return decoded
}
