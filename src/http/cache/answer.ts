/**
 * What is sent to a client: a status, fields, and optionally a body.
 *
 * @internal
 */
import { headOf, nothingHead } from '../core/head'
import type { Fate, Head } from '../core/model'
import type { Serve } from '../core/reuse'

/** The cache that answers. */
export interface Answerer {
  /** Its name in `Cache-Status`, if it says one. */
  readonly cache: string | undefined
  /** The system time, in milliseconds since 1970. */
  readonly now: () => number
}

export interface Answer extends Head {
  readonly body: Uint8Array | undefined
  /** The names of fields that were set before, and are not part of the answer. */
  readonly removed?: ReadonlyArray<string>
}

/** The answer from a stored page. */
export const pageAnswer = (serve: Serve, { cache, now }: Answerer): Answer => {
  const { body, removed } = serve.kept.page
  const { fields, status } = headOf(serve, cache, now())
  return {
    status,
    fields,
    body: serve.body === 'whole' ? body : undefined,
    ...(removed === undefined ? {} : { removed })
  }
}

/** The answer for `only-if-cached` if no page can be served. */
export const nothingAnswer = (cache: string | undefined, fate: Fate): Answer => ({
  ...nothingHead(cache, fate),
  body: undefined
})
