/**
 * The head that a client receives. It depends on the page, on the second, and on how the request was answered.
 *
 * @internal
 */
import { unmodified } from './conditions'
import { cacheStatus, withStatus } from './fate'
import { ageOf, leftOf } from './kept'
import type { Fate, Head } from './model'
import { isBodiless, type Serve } from './reuse'

/**
 * The head of a page (RFC 9111, section 4). `cache` is the name in `Cache-Status`, if the cache says one. Fields that
 * were set before, and that are in `kept.page.removed`, are not part of the answer.
 */
export const headOf = (
  { fate, kept: { page }, status }: Pick<Serve, 'fate' | 'kept' | 'status'>,
  cache: string | undefined,
  now: number
): Head => {
  const said = cache === undefined ? undefined : cacheStatus(cache, fate, leftOf(page, now))
  // RFC 9111, section 5.1
  const fields = withStatus([...page.headers, ['age', String(ageOf(page, now))]], said)
  return status === 304
    ? { status, fields: unmodified(fields) }
    : isBodiless(status)
    ? { status, fields }
    : { status, fields: [...fields, ['content-length', String(page.body.length)]] }
}

/** The head for `only-if-cached` if no page can be served (RFC 9111, section 5.2.1.7). */
export const nothingHead = (cache: string | undefined, fate: Fate): Head => ({
  status: 504,
  fields: withStatus([['content-length', '0']], cache === undefined ? undefined : cacheStatus(cache, fate))
})
