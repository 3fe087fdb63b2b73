/**
 * What part of an answer is stored, and for how long.
 *
 * @internal
 */
import * as E from 'fp-ts/Either'

import { sha256 } from '../../base/sha256'
import * as D from '../../Duration'
import * as Policy from '../../Policy'
import { stored, timeOf, valueOf } from '../core/fields'
import { staleOf, variantOf, varyOf } from '../core/rules'
import type { Page, PageError } from '../model'
import type { LoadError, Loads, Stop } from './load'
import { note } from './loaded'
import type { Visit } from './visit'

type Asked = readonly [request: Visit]
/** A policy from the user. It stores no errors, because the answers for errors are pages, too. */
export type PagePolicy = Omit<Policy.Policy<unknown, never, Page, Asked, PageError>, 'negative'>

/** A strong tag: different bytes have different tags. */
const etagOf = (body: Uint8Array): string => `"${sha256(body).slice(0, 27)}"`

const withEtag = (page: Page): Page =>
  page.status !== 200 || valueOf(page.headers, 'etag') !== undefined
    ? page
    : { ...page, headers: [...page.headers, ['etag', etagOf(page.body)]] }

const withDate = (page: Page): Page =>
  timeOf(valueOf(page.headers, 'date'), page.time) !== undefined
    ? page
    : {
        ...page,
        headers: [
          ...page.headers.filter(([name]) => name !== 'date'),
          ['date', new Date(page.time).toUTCString()]
        ]
      }

/** The lifetime of a page without explicit freshness. */
const lifetimeBy = (policy: PagePolicy, page: Page, asked: Asked): D.Duration =>
  typeof policy.ttl === 'function' ? policy.ttl(page, asked) : policy.ttl ?? Policy.defaultTtl

/** The page of an answer; or the reason why there is none: the policy excludes it. */
export const madeBy =
  (policy: PagePolicy, tagged: boolean, now: () => number): Loads['made'] =>
  ({ fields, own = fields, removed = [], status }, body, { age, lifetime }, { visit }) => {
    const time = now()
    const bare: Page = {
      status,
      headers: stored(own, fields),
      body,
      time,
      age,
      variant: variantOf(varyOf(fields), visit),
      ...(removed.length === 0 ? {} : { removed })
    }
    const whole = withDate(tagged ? withEtag(bare) : bare)
    try {
      const life = lifetime ?? lifetimeBy(policy, whole, [visit])
      const page: Page = life === D.forever ? whole : { ...whole, lifetime: life }
      if (!(life > 0) || policy.cacheWhen?.(page, [visit]) === false) return E.left('policy')
      return E.right(note(page))
    } catch {
      return E.left('policy')
    }
  }

const shorter = (...all: ReadonlyArray<number | undefined>): { readonly d?: D.Duration } => {
  const some = all.filter((d) => d !== undefined)
  return some.length === 0 ? {} : { d: D.milliseconds(Math.min(...some)) }
}

const bounds = (policy: PagePolicy, page: Page, asked: Asked): Policy.StaleBounds => {
  const said = staleOf(page.headers)
  const allowed = policy.staleBy?.(page, asked)
  const { d: swr } = shorter(said.whileRevalidate, allowed?.staleWhileRevalidate)
  const { d: sie } = shorter(said.ifError, allowed?.staleIfError)
  return {
    ...(swr === undefined ? {} : { staleWhileRevalidate: swr }),
    ...(sie === undefined ? {} : { staleIfError: sie })
  }
}

/** Whether an old page may be served now instead of a failure. */
export const standsBy =
  (policy: PagePolicy, now: () => number): Loads['stands'] =>
  (page, error, visit) => {
    const { staleIfError } = policy
    if (staleIfError === undefined) return false
    try {
      const window = Math.min(staleIfError.window, bounds(policy, page, [visit]).staleIfError ?? Infinity)
      const late = page.lifetime === undefined ? -Infinity : now() - page.time - page.lifetime
      return late < window && staleIfError.when(error)
    } catch {
      // if the policy throws, no old page is served
      return false
    }
  }

/**
 * The policy of the ring. Lifetimes are those of the pages, which may shorten the stale windows. An old page replaces
 * only errors of the handler. `refreshes`: whether a handler can run after its client has been answered.
 */
export const ringPolicy = (
  policy: PagePolicy,
  refreshes: boolean
): Policy.Policy<unknown, never, Page, readonly [Stop], LoadError> => {
  const { earlyRefresh, refreshAhead, softTimeout, staleIfError, staleWhileRevalidate, ...rest } = policy
  return {
    ...rest,
    // `madeBy` has already called it: a page that it refuses is not shared
    cacheWhen: () => true,
    ttl: (page: Page) => (page.lifetime === undefined ? D.forever : D.milliseconds(page.lifetime)),
    staleBy: (page, [{ place, visit }]) => {
      visit.saw(place, page)
      return bounds(policy, page, [visit])
    },
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
