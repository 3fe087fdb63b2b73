/**
 * Pages as they are stored, and what is said of them.
 *
 * @since 0.1.0
 */

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A page as it is stored, and as a policy's functions see it. `headers` are pairs, with names in lower case. `time` is when all
 * of it had come, in milliseconds since 1970, and `age` how old it was then, in milliseconds. `lifetime` is how long it is fresh
 * from then on, in milliseconds; nothing where it has no end. `variant` says what its request said in the fields that `Vary` names.
 *
 * @category model
 * @since 0.1.0
 */
export interface Page {
  readonly status: number
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>
  readonly body: Uint8Array
  readonly time: number
  readonly age: number
  readonly lifetime?: number
  readonly variant: string
}

/**
 * Why a handler brought no page: it threw, or it answered with 500, 502, 503 or 504. `Policy.staleIfError` is asked of both.
 *
 * @category model
 * @since 0.1.0
 */
export type PageError =
  | { readonly _tag: 'Thrown'; readonly cause: unknown }
  | { readonly _tag: 'Failed'; readonly status: number }

/**
 * What the tags of a page, and the functions of its policy, may depend on.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageRequest {
  /** With its query, as it was given. */
  readonly path: string
  readonly method: string
  readonly header: (name: string) => string | undefined
}

/**
 * The page that a command is about: its path, with the query; its whole address; or a request for it.
 *
 * @category model
 * @since 0.1.0
 */
export type PageTarget = string | URL | Request
