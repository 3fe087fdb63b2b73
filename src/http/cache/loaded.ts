/**
 * The pages that a load of this process has just made: each read of the store returns a new object. So a page that is
 * returned to a joined caller is known to be the result of a load.
 *
 * @internal
 */
import type { Page } from '../model'

const loaded = /*#__PURE__*/ new WeakSet<Page>()

export const note = (page: Page): Page => {
  loaded.add(page)
  return page
}

export const isLoaded = (page: Page): boolean => loaded.has(page)
