/**
 * What a client is sent: a status, fields, and a body or none.
 *
 * @internal
 */
import type { Page } from '../http/model'
import { isKnown, unmodified } from './httpConditions'
import { type Fields, valueOf, withField } from './httpFields'
import { ageOf, leftOf } from './httpPage'
import type { Wanted } from './httpRules'
import type { Fate } from './httpServe'

/** @internal */
export interface Answer {
  readonly status: number
  readonly fields: Fields
  readonly body: Uint8Array | undefined
}

/**
 * `Cache-Status` (RFC 9211), after those of other caches.
 *
 * @internal
 */
export const cacheStatus = (
  cache: string,
  { collapsed, detail, fwd, hit, stored }: Fate,
  ttl?: number
): string =>
  [
    cache,
    ...(hit === true ? ['hit'] : []),
    ...(fwd === undefined ? [] : [`fwd=${fwd}`]),
    ...(ttl === undefined || !Number.isFinite(ttl) ? [] : [`ttl=${String(ttl)}`]),
    ...(stored === true ? ['stored'] : []),
    ...(collapsed === undefined ? [] : [collapsed ? 'collapsed' : 'collapsed=?0']),
    ...(detail === undefined ? [] : [`detail=${detail}`])
  ].join('; ')

/** @internal */
export const withStatus = (fields: Fields, said: string | undefined): Fields =>
  said === undefined
    ? fields
    : withField(
        fields,
        'cache-status',
        [valueOf(fields, 'cache-status'), said].filter((v) => v !== undefined).join(', ')
      )

const bodiless: ReadonlySet<number> = /*#__PURE__*/ new Set([204, 205, 304])

/**
 * A stored page, for one who asks for it.
 *
 * @internal
 */
export const pageAnswer = (
  page: Page,
  wanted: Wanted,
  now: number,
  cache: string | undefined,
  fate: Fate
): Answer => {
  const { body, status } = page
  const said = cache === undefined ? undefined : cacheStatus(cache, fate, leftOf(page, now))
  const fields = withStatus([...page.headers, ['age', String(ageOf(page, now))]], said)
  if (isKnown(wanted, { status, fields }, now))
    return { status: 304, fields: unmodified(fields), body: undefined }
  return bodiless.has(status)
    ? { status, fields, body: undefined }
    : {
        status,
        fields: [...fields, ['content-length', String(body.length)]],
        body: wanted.method === 'HEAD' ? undefined : body
      }
}

/**
 * `only-if-cached`, and nothing is.
 *
 * @internal
 */
export const nothingAnswer = (cache: string | undefined, fate: Fate): Answer => ({
  status: 504,
  fields: withStatus([['content-length', '0']], cache === undefined ? undefined : cacheStatus(cache, fate)),
  body: undefined
})
