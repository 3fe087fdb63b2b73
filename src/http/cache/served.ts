/**
 * What the client of a request receives, and the two simple ways to it: a stored page, or the answer of the request's
 * own handler.
 *
 * @internal
 */
import type { Page } from '../model'
import type { Fate, Reply, Visit } from './visit'

/** A stored page, the handler's answer, or nothing (`only-if-cached`). */
export type Served =
  | { readonly _tag: 'Page'; readonly page: Page; readonly fate: Fate }
  | { readonly _tag: 'Reply'; readonly reply: Reply; readonly fate: Fate }
  | { readonly _tag: 'Nothing'; readonly fate: Fate }

export const nothing: Served = { _tag: 'Nothing', fate: { detail: 'only-if-cached' } }

export const fromStore = (visit: Visit, page: Page, fate: Fate): Served => {
  visit.close()
  return { _tag: 'Page', page, fate }
}

/** The answer of the request's own handler; rejects if the handler does. */
export const own = async (visit: Visit, fate: Fate): Promise<Served> => {
  visit.expect(fate)
  const reply = await visit.run()
  return { _tag: 'Reply', reply, fate: visit.storing() ? { ...fate, stored: true } : fate }
}
