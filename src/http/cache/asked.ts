/**
 * What a client requires of its answer, by the directives of its request (RFC 9111, section 5.2.1).
 *
 * @internal
 */
import { type Directives, durationOf, parseDirectives } from '../core/directives'
import type { Wanted } from '../core/rules'
import type { Page } from '../model'
import { ageOf, leftOf } from './stored'

/** `Pragma` counts only without `Cache-Control`. */
export const saidBy = ({ header }: Wanted): Directives =>
  parseDirectives(
    header('cache-control') ??
      (header('pragma')?.toLowerCase().includes('no-cache') === true ? 'no-cache' : '')
  )

/** The directives of a client that requires nothing. */
export const unsaid: Directives = /*#__PURE__*/ new Map()

const limits: ReadonlyArray<string> = ['no-cache', 'max-age', 'min-fresh', 'only-if-cached']

/** Whether a client requires more than a page that the ring would serve. */
export const isParticular = (asked: Directives): boolean => limits.some((name) => asked.has(name))

/** Whether a page meets the client's requirements of its age. */
export const satisfies = (asked: Directives, page: Page, now: number): boolean => {
  const most = durationOf(asked, 'max-age')
  const fresh = durationOf(asked, 'min-fresh')
  const left = leftOf(page, now)
  // without a number, any stale page is accepted
  const late = asked.get('max-stale') === undefined ? Infinity : durationOf(asked, 'max-stale') ?? 0
  const inTime = left > 0 || (asked.has('max-stale') && -left * 1_000 <= late)
  return (
    !asked.has('no-cache') &&
    (most === undefined || (ageOf(page, now) * 1_000 < most && inTime)) &&
    (fresh === undefined || left * 1_000 >= fresh)
  )
}
