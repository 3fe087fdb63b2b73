/**
 * The data of the rules: heads of requests and answers, what a site wants, and what becomes of a request.
 *
 * @internal
 */

/** A field of a head, with its name in lower case. */
export type Field = readonly [name: string, value: string]
/** Fields in the order of arrival. A name may occur more than once. */
export type Fields = ReadonlyArray<Field>

/** The value of a request field, by its name in lower case; several lines are one list. */
export type Lookup = (name: string) => string | undefined

/** The head of a request. A server's own record of fields can be looked up without a copy. */
export interface RequestHead {
  readonly method: string
  readonly header: Lookup
}

/** The head of an answer. */
export interface Head {
  readonly status: number
  readonly fields: Fields
}

/**
 * The address of a page: scheme and authority in lower case without a default port, and the unchanged path with its
 * query.
 */
export interface Target {
  readonly origin: string
  readonly path: string
  /**
   * Whether this equals the text of the request exactly; otherwise its handler may use another path, or another port.
   */
  readonly isExact?: boolean
}

/** A request for a page. `target` is absent if the address is invalid. */
export interface Asked extends RequestHead {
  readonly target: Target | undefined
}

/** What the options of a cache say about requests. */
export interface Site {
  /** The only host whose pages are stored; absent if every host has its own pages. */
  readonly origin: Target | undefined
  /** Request fields on which all pages depend. */
  readonly vary: ReadonlyArray<string>
  /** Whether clients may request a newer page than the stored one. */
  readonly obeys: boolean
}

/** Lifetimes by the time since the last change, for pages that declare none (RFC 9111, section 4.2.2). */
export interface Heuristic {
  /** Which part of that time a page is fresh, such as 0.1. */
  readonly share: number
  /** The longest lifetime, in milliseconds. */
  readonly most: number
}

/** What the options of a cache say about answers. */
export interface Storage {
  /** The largest body that is stored, in bytes. */
  readonly maxBytes: number
  /** Absent if the policy gives the lifetimes of pages that declare none. */
  readonly heuristic?: Heuristic | undefined
}

/** How a request was answered, in the terms of RFC 9211, section 2. */
export interface Fate {
  readonly hit?: true
  readonly fwd?: 'bypass' | 'method' | 'miss' | 'vary-miss' | 'request' | 'stale'
  /** `fwd-status`: the status of the handler, if the client receives another one. */
  readonly status?: number
  readonly stored?: true
  readonly collapsed?: boolean
  readonly detail?: string
}

/**
 * How an answer is stored. `lifetime` is the remaining freshness; `undefined` if the answer declares none and a default
 * is allowed. `age` is its age on arrival. Both are milliseconds.
 */
export interface Plan {
  readonly lifetime: number | undefined
  readonly age: number
}
