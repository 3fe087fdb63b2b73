/**
 * What is stored of an answer, and for how long.
 *
 * @internal
 */
import { createHash } from 'node:crypto'

import * as E from 'fp-ts/Either'

import * as D from '../Duration'
import * as Policy from '../Policy'
import { stored, timeOf, valueOf } from './httpFields'
import type { Page } from './httpPage'
import { staleOf, variantOf, varyOf } from './httpRules'
import { note, type PageError, type Ways } from './httpServe'

type Arguments = ReadonlyArray<unknown>
/** A policy as its user gives it. */
export type PagePolicy = Policy.Policy<unknown, never, Page, Arguments, PageError>

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
const lifetimeBy = (policy: PagePolicy, page: Page, args: Arguments): D.Duration =>
  typeof policy.ttl === 'function' ? policy.ttl(page, args) : policy.ttl ?? Policy.defaultTtl

/**
 * The page of an answer; or why there is none: the policy does not want it.
 *
 * @internal
 */
export const madeBy =
  (policy: PagePolicy, tagged: boolean, now: () => number): Ways['made'] =>
  ({ fields, own = fields, status }, body, { age, lifetime }, stop) => {
    const time = now()
    const bare: Page = {
      status,
      headers: stored(own, fields),
      body,
      time,
      age,
      variant: variantOf(varyOf(fields), stop.visit)
    }
    const whole = withDate(tagged ? withEtag(bare) : bare)
    try {
      const life = lifetime ?? lifetimeBy(policy, whole, [stop])
      const page: Page = life === D.forever ? whole : { ...whole, lifetime: life }
      if (!(life > 0) || policy.cacheWhen?.(page, [stop]) === false) return E.left('policy')
      return E.right(note(page))
    } catch {
      return E.left('policy')
    }
  }

const shorter = (...all: ReadonlyArray<number | undefined>): { readonly d?: D.Duration } => {
  const some = all.filter((d) => d !== undefined)
  return some.length === 0 ? {} : { d: D.milliseconds(Math.min(...some)) }
}

const bounds = (policy: PagePolicy, page: Page, args: Arguments): Policy.StaleBounds => {
  const said = staleOf(page.headers)
  const asked = policy.staleBy?.(page, args)
  const { d: swr } = shorter(said.whileRevalidate, asked?.staleWhileRevalidate)
  const { d: sie } = shorter(said.ifError, asked?.staleIfError)
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
export const ringPolicy = (policy: PagePolicy, refreshes: boolean): PagePolicy => {
  const {
    cacheWhen: _,
    earlyRefresh,
    refreshAhead,
    softTimeout,
    staleIfError,
    staleWhileRevalidate,
    ...rest
  } = policy
  return {
    ...rest,
    ttl: (page: Page) => (page.lifetime === undefined ? D.forever : D.milliseconds(page.lifetime)),
    staleBy: (page: Page, args: Arguments) => bounds(policy, page, args),
    ...(staleIfError === undefined
      ? {}
      : {
          staleIfError: {
            window: staleIfError.window,
            when: (error: PageError) => error._tag !== 'Unstorable' && staleIfError.when(error)
          }
        }),
    ...(refreshes && staleWhileRevalidate !== undefined ? { staleWhileRevalidate } : {}),
    ...(refreshes && softTimeout !== undefined ? { softTimeout } : {}),
    ...(refreshes && refreshAhead !== undefined ? { refreshAhead } : {}),
    ...(refreshes && earlyRefresh !== undefined ? { earlyRefresh } : {})
  }
}
