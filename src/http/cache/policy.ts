/**
 * What a site's policy says about pages: their lifetimes, which of them are stored, and when an old one replaces a failure.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import * as D from '../../Duration'
import * as Policy from '../../Policy'
import { type Kept, lasting } from '../core/kept'
import type { Refusal } from '../core/storing'
import type { Page, PageError, PageRequest } from '../model'
import type { LoadError, Stop } from './model'

type Asked = readonly [request: PageRequest]

/** A policy from the user. It stores no errors, because the answers for errors are pages, too. */
export type PagePolicy = Omit<Policy.Policy<unknown, never, Page, Asked, PageError>, 'negative'>

/** The lifetime of a page without explicit freshness. */
const lifetimeBy = ({ ttl }: PagePolicy, page: Page, asked: Asked): D.Duration =>
  typeof ttl === 'function' ? ttl(page, asked) : ttl ?? Policy.defaultTtl

/** A page as it is stored; or why it is not: the policy excludes it. `declared`: the lifetime that the answer declares. */
export const keptBy = (
  policy: PagePolicy,
  kept: Kept,
  declared: number | undefined,
  request: PageRequest
): E.Either<Refusal, Kept> => {
  try {
    const asked = [request] as const
    const lived = lasting(kept, declared ?? lifetimeBy(policy, kept.page, asked))
    return E.isRight(lived) && policy.cacheWhen?.(lived.right.page, asked) === false
      ? E.left('policy')
      : lived
  } catch {
    return E.left('policy')
  }
}

const shorter = (...all: ReadonlyArray<number | undefined>): D.Duration | undefined => {
  const some = all.filter((d) => d !== undefined)
  return some.length === 0 ? undefined : D.milliseconds(Math.min(...some))
}

/** The stale windows of one page: what it says itself (RFC 5861), and what the policy says of it. */
const boundsBy = (policy: PagePolicy, { limits, page }: Kept, asked: Asked): Policy.StaleBounds => {
  const allowed = policy.staleBy?.(page, asked)
  const staleWhileRevalidate = shorter(limits.whileRevalidate, allowed?.staleWhileRevalidate)
  const staleIfError = shorter(limits.ifError, allowed?.staleIfError)
  return {
    ...(staleWhileRevalidate === undefined ? {} : { staleWhileRevalidate }),
    ...(staleIfError === undefined ? {} : { staleIfError })
  }
}

/** For how long after its lifetime a page may replace a failure, in milliseconds. */
export const allowsBy =
  (policy: PagePolicy, kept: Kept, request: PageRequest) =>
  (status: number): number => {
    const { staleIfError } = policy
    if (staleIfError === undefined) return 0
    try {
      const most = boundsBy(policy, kept, [request]).staleIfError ?? D.forever
      return staleIfError.when({ _tag: 'Failed', status }) ? Math.min(staleIfError.window, most) : 0
    } catch {
      // if the policy throws, no old page is served
      return 0
    }
  }

/**
 * The policy of the ring. Lifetimes are those of the pages, which may shorten the stale windows. An old page replaces
 * only errors of the handler. `refreshes`: whether a handler can run after its client has been answered.
 */
export const ringPolicy = (
  policy: PagePolicy,
  refreshes: boolean
): Policy.Policy<unknown, never, Kept, readonly [Stop], LoadError> => {
  const { earlyRefresh, refreshAhead, softTimeout, staleIfError, staleWhileRevalidate, ...rest } = policy
  return {
    ...rest,
    // `keptBy` has already called it: a page that it refuses is not shared
    cacheWhen: () => true,
    ttl: ({ page }: Kept) => (page.lifetime === undefined ? D.forever : D.milliseconds(page.lifetime)),
    staleBy: (kept, [{ request }]) => boundsBy(policy, kept, [request]),
    ...(staleIfError === undefined
      ? {}
      : {
          staleIfError: {
            window: staleIfError.window,
            when: (error) => error._tag !== 'Unstorable' && staleIfError.when(error)
          }
        }),
    ...(refreshes && staleWhileRevalidate !== undefined ? { staleWhileRevalidate } : {}),
    ...(refreshes && softTimeout !== undefined ? { softTimeout } : {}),
    ...(refreshes && refreshAhead !== undefined ? { refreshAhead } : {}),
    ...(refreshes && earlyRefresh !== undefined ? { earlyRefresh } : {})
  }
}
