/**
 * A request that may change something. Its handler runs, and the pages that it has changed are hidden before the client
 * is answered: the stored ones are out of date (RFC 9111, section 4.4).
 *
 * @internal
 */
import { valueOf } from '../core/fields'
import type { Head } from '../core/rules'
import { isAt, type Target } from '../core/target'
import type { Pages } from './load'
import type { Served } from './served'
import type { Fate, Reply, Visit } from './visit'

const safe: ReadonlySet<string> = /*#__PURE__*/ new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** The page that a request changes, according to the handler's answer. */
const changedBy = (visit: Visit, { status }: Head, target: Target | undefined): Target | undefined =>
  safe.has(visit.method) || status < 200 || status >= 400 ? undefined : target

/** The path of an address on the same host: behind a proxy the scheme may differ from that of the socket. */
const nearby = (target: Target, given: string): ReadonlyArray<string> => {
  try {
    const url = new URL(given, target.origin + target.path)
    return isAt(url, target) ? [url.pathname + url.search] : []
  } catch {
    return []
  }
}

/** The paths of a changed page, and of the pages that the answer names. */
const pathsOf = (target: Target, { fields }: Reply): ReadonlyArray<string> => {
  const others = ['location', 'content-location'].flatMap((name) => {
    const given = valueOf(fields, name)
    return given === undefined ? [] : nearby(target, given)
  })
  return [target.path, ...others]
}

export const makeChange =
  (pages: Pick<Pages, 'purge'>, pathTag: (path: string) => string) =>
  async (visit: Visit, target: Target | undefined): Promise<Served> => {
    const fate: Fate = { fwd: 'method' }
    const reply = await visit.run((head) => ({ fate, waits: changedBy(visit, head, target) !== undefined }))
    const changed = changedBy(visit, reply, target)
    if (changed !== undefined)
      await pages
        .purge(...pathsOf(changed, reply).map(pathTag))()
        .catch(() => undefined)
    return { _tag: 'Reply', reply, fate }
  }
