/**
 * The rules under the names that the pages use.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { directivesOf, isForAll, type StaleLimits, staleLimits } from './freshness'
import type { Fields, Head, Plan, RequestHead } from './model'
import { lifetimeFor, refusalOf } from './storing'
import { variantOf, varyOf } from './vary'

export { directivesOf } from './freshness'
export type { Head, Plan, RequestHead as Wanted } from './model'
export { aged, isFailure } from './storing'
export { variantOf, varyOf } from './vary'

/** A request without fields. */
export const anybody: RequestHead = { method: 'GET', header: () => undefined }

/** How an answer is stored, or why it is not. */
export const planOf = (wanted: RequestHead, head: Head, now: number): E.Either<string, Plan> => {
  const directives = directivesOf(head.fields)
  const refused = refusalOf(wanted, head, directives)
  return refused === undefined ? lifetimeFor(head, directives, now) : E.left(refused)
}

/** How long an answer may be served after its lifetime, in milliseconds. */
export const staleOf = (fields: Fields): StaleLimits => staleLimits(directivesOf(fields))

/**
 * Whether a stored answer may be served to a request: `Vary` must select it, and for a request with `Authorization` it
 * must be shareable.
 */
export const suits = (
  page: { readonly headers: Fields; readonly variant: string },
  wanted: RequestHead
): 'yes' | 'other variant' | 'not for all' =>
  page.variant !== variantOf(varyOf(page.headers), wanted)
    ? 'other variant'
    : wanted.header('authorization') !== undefined && !isForAll(directivesOf(page.headers))
    ? 'not for all'
    : 'yes'
