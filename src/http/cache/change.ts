/**
 * A request that may change something. Its handler runs, and the pages that it has changed are hidden before the client
 * is answered: the stored ones are out of date (RFC 9111, section 4.4).
 *
 * @internal
 */
import { changedPaths, isChange } from '../core/change'
import type { Head } from '../core/rules'
import type { Target } from '../core/target'
import type { Pages } from './load'
import type { Served } from './served'
import type { Fate, Visit } from './visit'

/** The page that a request changes, according to the handler's answer. */
const changedBy = (visit: Visit, head: Head, target: Target | undefined): Target | undefined =>
  isChange(visit, head) ? target : undefined

export const makeChange =
  (pages: Pick<Pages, 'purge'>, pathTag: (path: string) => string) =>
  async (visit: Visit, target: Target | undefined): Promise<Served> => {
    const fate: Fate = { fwd: 'method' }
    const reply = await visit.run((head) => ({ fate, waits: changedBy(visit, head, target) !== undefined }))
    const changed = changedBy(visit, reply, target)
    if (changed !== undefined)
      await pages
        .purge(...changedPaths(changed, reply.fields).map(pathTag))()
        .catch(() => undefined)
    return { _tag: 'Reply', reply, fate }
  }
