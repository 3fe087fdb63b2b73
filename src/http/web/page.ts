/**
 * Pages of a handler from `Request` to `Response`: Hono, Bun, Deno, Next, Remix, and all others that use these web
 * types.
 *
 * @since 0.1.0
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { isLater } from '../../base/soon'
import type { KeyError, RingError } from '../../RingError'
import { aFunction, must } from '../../wiring/check'
import { nothingAnswer, pageAnswer } from '../cache/answer'
import { anybody } from '../cache/commands'
import type { Arrival, Passed, Served } from '../cache/model'
import type { RequestHead, Target } from '../core/model'
import { serving } from '../core/reuse'
import { targetBeside } from '../core/target'
import type { PageError, PageTarget } from '../model'
import { makePages, type PageCommands, type PageConfig } from '../pages'
import {
  conditional,
  passedOn,
  passedThrough,
  type Reading,
  readingOf,
  replyOf,
  responseOf,
  type WebReply
} from './web'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * A cached handler. It is called like the handler, and fails as the handler does. Arguments after the request are
 * passed on to the handler.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageHandler<Rest extends ReadonlyArray<unknown>, B> extends PageCommands<B> {
  (request: Request, ...rest: Rest): Promise<Response>
  /** The stored page, if it would be served. */
  readonly get: (target: PageTarget) => TE.TaskEither<RingError, O.Option<Response>>
  /**
   * Runs the handler and stores its page; a failed write is an error. An answer that may not be stored is returned
   * only.
   */
  readonly update: (target: PageTarget, ...rest: Rest) => TE.TaskEither<PageError | RingError, Response>
  /** Runs the handler, without the cache. */
  readonly execute: (target: PageTarget, ...rest: Rest) => TE.TaskEither<PageError | KeyError, Response>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const thrown = (cause: unknown): PageError => ({ _tag: 'Thrown', cause })

/**
 * Caches the pages of a handler by the rules of shared caches (RFC 9111). It caches `GET` and `HEAD` only. A request
 * that changes something hides the page that it changes.
 *
 * Throws a `TypeError` for a wrong configuration.
 *
 * @example
 * import { dict, Duration, Policy } from 'fp-ring'
 * import { page } from 'fp-ring/http'
 *
 * let runs = 0
 * const articles = page(async (request: Request) => new Response(`${request.url}: ${++runs}`), {
 *   store: dict<Uint8Array>(),
 *   policy: Policy.ttl(Duration.minutes(5)),
 *   origin: 'https://example.com'
 * })
 * const ask = async () => (await articles(new Request('https://example.com/articles'))).text()
 * const test = async () => {
 *   assert.strictEqual(await ask(), 'https://example.com/articles: 1')
 *   assert.strictEqual(await ask(), 'https://example.com/articles: 1')
 *   await articles.delete('/articles')()
 *   assert.strictEqual(await ask(), 'https://example.com/articles: 2')
 * }
 * test()
 *
 * @category constructors
 * @since 0.1.0
 */
export const page = <B, Rest extends ReadonlyArray<unknown> = [], C = unknown>(
  handler: (this: void, request: Request, ...rest: Rest) => Response | Promise<Response>,
  config: PageConfig<B, C>
): PageHandler<Rest, B> => {
  must('the handler of page', aFunction('a function of a Request'), handler)
  const pages = makePages(config, true)
  const { cache, commands, look, now, placeOf, renew, serve } = pages

  const run =
    (request: Request, rest: Rest, { keep }: Reading): Arrival['run'] =>
    async (_, conditions = []) => {
      keep()
      return replyOf(await handler(conditional(request, conditions), ...rest))
    }

  const ofServe = (served: Parameters<typeof pageAnswer>[0]): Response =>
    responseOf(pageAnswer(served, pages))

  const answer = (served: Exclude<Served, Passed>, wanted: RequestHead): Response => {
    switch (served._tag) {
      case 'Serve':
        return ofServe(served)
      case 'Reply':
        // SAFETY: `run` above made it
        return passedOn(served.reply as WebReply, wanted, served.fate, pages)
      case 'Nothing':
        return responseOf(nothingAnswer(cache, served.fate))
    }
  }

  const cached = async (request: Request, ...rest: Rest): Promise<Response> => {
    const wanted = readingOf(request)
    const target = targetBeside(request.url, wanted.header('host'))
    const served = serve({
      method: wanted.method,
      header: wanted.header,
      target: E.isRight(target) ? target.right : undefined,
      refreshes: true,
      isGone: () => request.signal.aborted,
      run: run(request, rest, wanted)
    })
    const soon = isLater(served) ? await served : served
    return soon._tag === 'Pass'
      ? passedThrough(await handler(request, ...rest), soon, cache)
      : answer(soon, wanted)
  }

  const requestFor = (target: PageTarget): E.Either<KeyError, Request> =>
    typeof target === 'object' && 'headers' in target
      ? E.right(target.method === 'GET' ? target : new Request(target.url, { headers: target.headers }))
      : pipe(
          placeOf(target),
          E.map(({ origin, path }) => new Request(origin + path))
        )

  /** Runs the handler for a request, and stores its page at the place of that request. */
  const renewed =
    (request: Request, target: Target, rest: Rest): TE.TaskEither<PageError | RingError, Response> =>
    async () => {
      const wanted = readingOf(request)
      const arrival = {
        header: wanted.header,
        method: 'GET',
        target,
        refreshes: true,
        isGone: () => false,
        run: run(request, rest, wanted)
      }
      const made = await renew(arrival, target)
      if (E.isRight(made)) return E.right(answer(made.right, anybody))
      // what may not be stored is an answer, unless there is none
      return made.left._tag === 'Unstorable'
        ? E.left(thrown(new Error('the load was called off')))
        : E.left(made.left)
    }

  const own: Pick<PageHandler<Rest, B>, 'get' | 'update' | 'execute'> = {
    get: (target) =>
      pipe(look(target), TE.map(O.map((kept) => ofServe(serving(anybody, kept, { hit: true }, now()))))),
    update: (target, ...rest) =>
      pipe(
        TE.Do,
        TE.apSW('request', TE.fromEither(requestFor(target))),
        TE.apSW('place', TE.fromEither(placeOf(target))),
        TE.chainW(({ place, request }) => renewed(request, place, rest))
      ),
    execute: (target, ...rest) =>
      pipe(
        TE.fromEither(requestFor(target)),
        TE.chainW((request) => TE.tryCatch(async () => handler(request, ...rest), thrown))
      )
  }
  return Object.assign(cached, commands, own)
}
