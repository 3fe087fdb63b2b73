/**
 * What is stored of an answer, and for how long.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import * as E from 'fp-ts/Either'

import * as D from '../Duration'
import type { Page, PageError } from '../http/model'
import * as Policy from '../Policy'
import { stored, timeOf, valueOf } from './httpFields'
import { staleOf, variantOf, varyOf } from './httpRules'
import { type LoadError, note, type Stop, type Ways } from './httpServe'
import type { Visit } from './httpVisit'

type Asked = readonly [request: Visit]
/** A policy as its user gives it. It stores no errors: those that may be stored are pages. */
export type PagePolicy = Omit<Policy.Policy<unknown, never, Page, Asked, PageError>, 'negative'>

/** A strong tag: other bytes, other tag. */
const etagOf = (body: Uint8Array): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`

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

/** How long a page lives whose author has said nothing. */
const lifetimeBy = (policy: PagePolicy, page: Page, asked: Asked): D.Duration =>
  typeof policy.ttl === 'function' ? policy.ttl(page, asked) : policy.ttl ?? Policy.defaultTtl

/**
 * The page of an answer; or why there is none: the policy does not want it.
 *
 * @internal
 */
export const madeBy =
  (policy: PagePolicy, tagged: boolean, now: () => number): Ways['made'] =>
  ({ fields, own = fields, status }, body, { age, lifetime }, { visit }) => {
    const time = now()
    const bare: Page = {
      status,
      headers: stored(own, fields),
      body,
      time,
      age,
      variant: variantOf(varyOf(fields), visit)
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

/**
 * The policy of the ring: lifetimes are those of the pages, which may narrow the stale windows; only what is an error of the
 * handler is covered by an old page. `refreshes`: whether a handler can run when its client has been answered.
 *
 * @internal
 */
export const ringPolicy = (
  policy: PagePolicy,
  refreshes: boolean
): Policy.Policy<unknown, never, Page, readonly [Stop], LoadError> => {
  const { earlyRefresh, refreshAhead, softTimeout, staleIfError, staleWhileRevalidate, ...rest } = policy
  return {
    ...rest,
    // it has been asked: what it refuses is given to nobody else
    cacheWhen: () => true,
    ttl: (page: Page) => (page.lifetime === undefined ? D.forever : D.milliseconds(page.lifetime)),
    staleBy: (page, [{ visit }]) => bounds(policy, page, [visit]),
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
