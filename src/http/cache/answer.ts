/**
 * What is sent to a client: a status, fields, and optionally a body.
 *
 * @internal
 */
import { isKnown, unmodified } from '../core/conditions'
import { cacheStatus, withStatus } from '../core/fate'
import type { Fields } from '../core/fields'
import type { Wanted } from '../core/rules'
import type { Page } from '../model'
import { ageOf, leftOf } from './stored'
import type { Fate } from './visit'

export { cacheStatus, withStatus } from '../core/fate'

/** The cache that answers. */
export interface Answerer {
  /** Its name in `Cache-Status`, if it says one. */
  readonly cache: string | undefined
  /** The system time, in milliseconds since 1970. */
  readonly now: () => number
}

export interface Answer {
  readonly status: number
  readonly fields: Fields
  readonly body: Uint8Array | undefined
  /** The names of fields that were set before, and are not part of the answer. */
  readonly removed?: ReadonlyArray<string>
}

const bodiless: ReadonlySet<number> = /*#__PURE__*/ new Set([204, 205, 304])

/** The answer from a stored page, for one request. */
export const pageAnswer = (page: Page, wanted: Wanted, fate: Fate, answerer: Answerer): Answer => {
  const { cache } = answerer
  const now = answerer.now()
  const { body, removed = [], status } = page
  const said = cache === undefined ? undefined : cacheStatus(cache, fate, leftOf(page, now))
  const fields = withStatus([...page.headers, ['age', String(ageOf(page, now))]], said)
  if (isKnown(wanted, { status, fields }, now))
    return { status: 304, fields: unmodified(fields), body: undefined, removed }
  return bodiless.has(status)
    ? { status, fields, body: undefined, removed }
    : {
        status,
        fields: [...fields, ['content-length', String(body.length)]],
        body: wanted.method === 'HEAD' ? undefined : body,
        removed
      }
}

/** The answer for `only-if-cached` if no page can be served. */
export const nothingAnswer = (cache: string | undefined, fate: Fate): Answer => ({
  status: 504,
  fields: withStatus([['content-length', '0']], cache === undefined ? undefined : cacheStatus(cache, fate)),
  body: undefined
})
