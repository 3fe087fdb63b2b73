/**
 * The types of stored pages, and of their requests.
 *
 * @since 0.1.0
 */

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A stored page, as the functions of a policy receive it. `headers` are pairs, with names in lower case. `time` is when
 * it was complete, in milliseconds since 1970, and `age` how old it was then, in milliseconds. `lifetime` is how long
 * it is fresh from then on, in milliseconds; absent if it has no end. `variant` is a digest of its request's values of
 * the fields in `Vary`. `removed` are the names of fields that were set before the cache, and that the handler has
 * removed.
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
  readonly removed?: ReadonlyArray<string>
}

/**
 * Why a handler returned no page: it threw, or it answered with 500, 502, 503 or 504. `Policy.staleIfError` covers
 * both.
 *
 * @category model
 * @since 0.1.0
 */
export type PageError =
  | { readonly _tag: 'Thrown'; readonly cause: unknown }
  | { readonly _tag: 'Failed'; readonly status: number }

/**
 * The input for the tags of a page, and for the functions of its policy.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageRequest {
  /** With its query, unchanged. */
  readonly path: string
  readonly method: string
  readonly header: (name: string) => string | undefined
}

/**
 * The page for a command: its path, with the query; its whole address; or a request for it.
 *
 * @category model
 * @since 0.1.0
 */
export type PageTarget = string | URL | Request
