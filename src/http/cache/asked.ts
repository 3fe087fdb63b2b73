/**
 * What a client requires of its answer, by the directives of its request (RFC 9111, section 5.2.1).
 *
 * @internal
 */
import { satisfies as meets } from '../core/ask'
import type { Directives } from '../core/directives'
import { ageAt, leftAt } from '../core/kept'
import type { Page } from '../model'

export { saidBy } from '../core/ask'
export { noDirectives as unsaid } from '../core/directives'

const limits: ReadonlyArray<string> = ['no-cache', 'max-age', 'min-fresh', 'only-if-cached']

/** Whether a client requires more than a page that the ring would serve. */
export const isParticular = (asked: Directives): boolean => limits.some((name) => asked.has(name))

/** Whether a page meets the client's requirements of its age. */
export const satisfies = (asked: Directives, page: Page, now: number): boolean =>
  meets(asked, ageAt(page, now), leftAt(page, now))
