/**
 * What is sent to a client: a status, fields, and optionally a body.
 *
 * @internal
 */
import { type Line, linesOf } from '../core/fields'
import { headOf, nothingHead } from '../core/head'
import { ageOf, leftOf } from '../core/kept'
import type { Fate, Fields, Head } from '../core/model'
import { hit, type Serve } from '../core/reuse'

/** The cache that answers. */
export interface Answerer {
  /** Its name in `Cache-Status`, if it says one. */
  readonly cache: string | undefined
  /** The system time, in milliseconds since 1970. */
  readonly now: () => number
}

export interface Answer extends Head {
  /** The same fields, by name. */
  readonly lines: ReadonlyArray<Line>
  readonly body: Uint8Array | undefined
  /** The names of fields that were set before, and are not part of the answer. */
  readonly removed?: ReadonlyArray<string>
}

/** What a hit receives in one second. */
interface Sent {
  readonly age: number
  readonly left: number
  readonly cache: string | undefined
  readonly answer: Answer
}

const made = (serve: Serve, cache: string | undefined, now: number): Answer => {
  const { body, removed } = serve.kept.page
  const { fields, status } = headOf(serve, cache, now)
  return {
    status,
    fields,
    lines: linesOf(fields),
    body: serve.body === 'whole' ? body : undefined,
    ...(removed === undefined ? {} : { removed })
  }
}

/** An answer with fields for this client alone. */
const withCookies = (answer: Answer, cookies: Fields): Answer => {
  const fields = [...answer.fields, ...cookies]
  return { ...answer, fields, lines: linesOf(fields) }
}

/** The answer from a stored page. `cookies`: fields for this client alone. */
export const pageAnswer = (
  serve: Serve & { readonly cookies?: Fields | undefined },
  answerer: Answerer
): Answer =>
  serve.cookies === undefined || serve.cookies.length === 0
    ? answerOf(serve, answerer)
    : withCookies(answerOf(serve, answerer), serve.cookies)

const answerOf = (serve: Serve, { cache, now }: Answerer): Answer => {
  const { body, fate, kept, status } = serve
  const { last, page } = kept
  const at = now()
  if (fate !== hit || status !== page.status || body === 'none') return made(serve, cache, at)
  const age = ageOf(page, at)
  const left = leftOf(page, at)
  const before = last.sent as Sent | undefined // SAFETY: only this function sets it
  if (before !== undefined && before.age === age && before.left === left && before.cache === cache)
    return before.answer
  const answer = made(serve, cache, at)
  const sent: Sent = { age, left, cache, answer }
  last.sent = sent
  return answer
}

const withLines = (head: Head): Pick<Answer, 'status' | 'fields' | 'lines'> => ({
  ...head,
  lines: linesOf(head.fields)
})

/** The answer for `only-if-cached` if no page can be served. */
export const nothingAnswer = (cache: string | undefined, fate: Fate): Answer => ({
  ...withLines(nothingHead(cache, fate)),
  body: undefined
})
