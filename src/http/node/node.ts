/**
 * Pages of servers that write to a response of Node: `node:http`, Connect and Express, Fastify.
 *
 * Written data is streamed to the client, and the cache copies it. A middleware cannot run the later handlers without a
 * request, so nothing is loaded in the background here: `staleWhileRevalidate`, `refreshAhead`, `earlyRefresh` and
 * `softTimeout` have no effect. `staleIfError` has.
 *
 * @since 0.1.0
 */
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { isLater } from '../../base/soon'
import type { RingError } from '../../RingError'
import { aFunction, must } from '../../wiring/check'
import { nothingAnswer, pageAnswer } from '../cache/answer'
import type { Served } from '../cache/model'
import type { Page, PageTarget } from '../model'
import { makePages, type PageCommands, type PageConfig, pageOf } from '../pages'
import { type Incoming, replaceConditions, requestIn, targetOfIncoming } from './incoming'
import { bareFailure, isClosed, type Outgoing, sendOr } from './outgoing'
import { passThrough } from './pass'
import { makeTap, type Tap, unlessGone } from './tap'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * The members that the cache uses of `http.IncomingMessage`, and of the requests of frameworks that are derived from
 * it.
 *
 * @category model
 * @since 0.1.0
 */
export interface NodeRequest extends Incoming {}

/**
 * The members that the cache uses of `http.ServerResponse`.
 *
 * @category model
 * @since 0.1.0
 */
export interface NodeResponse extends Outgoing {}

/**
 * The commands of a cache in front of a third-party handler, which it cannot run by itself.
 *
 * @category model
 * @since 0.1.0
 */
export interface NodePageCommands<B> extends PageCommands<B> {
  /** The stored page, if it would be served. */
  readonly get: (target: PageTarget) => TE.TaskEither<RingError, O.Option<Page>>
}

/**
 * A middleware of Connect and Express.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageMiddleware<B> extends NodePageCommands<B> {
  (request: NodeRequest, response: NodeResponse, next: (error?: unknown) => void): void
}

/**
 * A listener of `http.createServer`, for the same requests and responses as the original listener. It rejects if the
 * original throws.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageListener<
  B,
  Req extends NodeRequest = NodeRequest,
  Res extends NodeResponse = NodeResponse
> extends NodePageCommands<B> {
  (request: Req, response: Res): Promise<void>
}

/**
 * An `onRequest` hook of Fastify, for a route, a plugin or a whole server.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageHook<B> extends NodePageCommands<B> {
  (request: { readonly raw: NodeRequest }, reply: FastifyReply, done: (error?: Error) => void): void
}

/**
 * The members that the cache uses of a reply of Fastify.
 *
 * @category model
 * @since 0.1.0
 */
export interface FastifyReply {
  readonly raw: NodeResponse
  readonly hijack: () => unknown
  readonly getHeaders: () => Record<string, number | string | ReadonlyArray<string> | undefined>
}

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

const nothing = (): void => undefined

/** The server around the cache. */
interface Surroundings {
  /** Runs the handlers after the cache. */
  readonly run: () => unknown
  /** The cache is about to answer in their place. */
  readonly answered?: () => void
  /** The answer of the cache cannot be sent. Default: it rejects. */
  readonly failed?: (cause: unknown) => Promise<void>
  /** Fields that were set before the cache, but are not on the response yet. */
  readonly earlier?: ReturnType<NodeResponse['getHeaders']>
}

const done: Promise<void> = /*#__PURE__*/ Promise.resolve()

// eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what was thrown, as it was
const rejected = (cause: unknown): Promise<never> => Promise.reject(cause)

/** Passes an exception on while the response can still be answered. */
const orBreak =
  (response: NodeResponse, answer: (cause: unknown) => void) =>
  (cause: unknown): Promise<void> => {
    if (response.headersSent) response.destroy(cause instanceof Error ? cause : undefined)
    else answer(cause)
    return done
  }

/** In an async function, so that an exception and a rejection are handled alike. */
const ran = async (run: () => unknown): Promise<void> => {
  await run()
}

/** A handler that runs, or has run. */
interface Handling {
  tap: Tap | undefined
}

/** Answers a request from the store, or runs the handler, which answers it. */
const makeStand = <B, C>(config: PageConfig<B, C>) => {
  const pages = makePages(config, false)
  const { cache, commands, look, now, serve } = pages

  /** Sends what was served. */
  const answer = (
    served: Served,
    { tap }: Handling,
    response: NodeResponse,
    { answered = nothing, failed = rejected, run }: Surroundings
  ): Promise<void> => {
    if (served._tag === 'Pass') {
      passThrough(response, served, cache)
      return ran(run)
    }
    if (served._tag === 'Reply') {
      tap?.release()
      // an exception after the head was written has no answer
      return tap?.done().then(nothing) ?? done
    }
    const made = served._tag === 'Serve' ? pageAnswer(served, pages) : nothingAnswer(cache, served.fate)
    if (tap !== undefined) {
      tap.send(made)
      return done
    }
    answered()
    return sendOr(response, made, failed) ?? done
  }

  const stand = (request: NodeRequest, response: NodeResponse, surroundings: Surroundings): Promise<void> => {
    const { earlier = {}, run } = surroundings
    // an earlier handler has answered, and has still called the next one
    if (response.headersSent) return ran(run)
    const asked = requestIn(request)
    // a response is changed only if its handler runs
    const handling: Handling = { tap: undefined }
    const served = serve({
      method: asked.method,
      header: asked.header,
      target: targetOfIncoming(request),
      refreshes: false,
      isGone: () => handling.tap?.isGone() ?? (isClosed(response) || response.headersSent),
      run: (judge, conditions = []) => {
        asked.keep()
        const tap = makeTap(response, asked, { cache, earlier, now })
        handling.tap = tap
        replaceConditions(request, asked, conditions)
        return tap.run(run, judge)
      }
    })
    if (!isLater(served)) return answer(served, handling, response, surroundings)
    asked.keep()
    return served.catch(unlessGone).then((late) =>
      // an exception of the handler is still passed on
      late === undefined ? handling.tap?.done().then(nothing) : answer(late, handling, response, surroundings)
    )
  }
  const own: NodePageCommands<B> = { ...commands, get: (target) => pipe(look(target), TE.map(O.map(pageOf))) }
  return { own, stand }
}

/**
 * A middleware of Connect and Express: before a route, a router or a whole app. It caches the handlers after it.
 *
 * @example
 * import * as http from 'node:http'
 * import { dict, Duration, Policy } from 'fp-ring'
 * import { pageMiddleware } from 'fp-ring/http'
 *
 * const pages = pageMiddleware({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.minutes(5)) })
 * let runs = 0
 * const server = http.createServer((req, res) => pages(req, res, () => res.end(`run ${++runs}`)))
 * const test = async () => {
 *   await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
 *   const { port } = server.address() as { readonly port: number }
 *   const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
 *   assert.strictEqual(await ask(), 'run 1')
 *   assert.strictEqual(await ask(), 'run 1')
 *   await pages.delete('/')()
 *   assert.strictEqual(await ask(), 'run 2')
 * }
 * test().finally(() => server.close())
 *
 * @category constructors
 * @since 0.1.0
 */
export const pageMiddleware = <B, C = unknown>(config: PageConfig<B, C>): PageMiddleware<B> => {
  const { own, stand } = makeStand(config)
  const middleware = (
    request: NodeRequest,
    response: NodeResponse,
    next: (error?: unknown) => void
  ): void => {
    // a rejection of `next` stays unhandled, as without the cache
    void stand(request, response, { run: next, failed: orBreak(response, next) })
  }
  return Object.assign(middleware, own)
}

/**
 * A cached listener of `http.createServer`.
 *
 * @example
 * import * as http from 'node:http'
 * import { dict } from 'fp-ring'
 * import { pageListener } from 'fp-ring/http'
 *
 * let runs = 0
 * const listener = pageListener((_: http.IncomingMessage, res: http.ServerResponse) => res.end(`run ${++runs}`), {
 *   store: dict<Uint8Array>()
 * })
 * const server = http.createServer(listener)
 * const test = async () => {
 *   await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
 *   const { port } = server.address() as { readonly port: number }
 *   const ask = async () => (await fetch(`http://127.0.0.1:${port}/`)).text()
 *   assert.strictEqual(await ask(), 'run 1')
 *   assert.strictEqual(await ask(), 'run 1')
 * }
 * test().finally(() => server.close())
 *
 * @category constructors
 * @since 0.1.0
 */
export const pageListener = <Req extends NodeRequest, Res extends NodeResponse, B, C = unknown>(
  listener: (request: Req, response: Res) => unknown,
  config: PageConfig<B, C>
): PageListener<B, Req, Res> => {
  must('the listener of pageListener', aFunction('a function of a request and a response'), listener)
  const { own, stand } = makeStand(config)
  const cached = (request: Req, response: Res): Promise<void> =>
    stand(request, response, { run: () => listener(request, response) })
  return Object.assign(cached, own)
}

/**
 * An `onRequest` hook of Fastify: `app.get('/list', { onRequest: pages }, handler)`, or `app.addHook('onRequest',
 * pages)` for all routes of a plugin.
 *
 * @example
 * import Fastify from 'fastify'
 * import { dict } from 'fp-ring'
 * import { pageHook } from 'fp-ring/http'
 *
 * const pages = pageHook({ store: dict<Uint8Array>(), origin: 'http://localhost' })
 * let runs = 0
 * const app = Fastify()
 * app.get('/', { onRequest: pages }, async () => `run ${++runs}`)
 * const test = async () => {
 *   assert.strictEqual((await app.inject({ url: '/', headers: { host: 'localhost' } })).body, 'run 1')
 *   assert.strictEqual((await app.inject({ url: '/', headers: { host: 'localhost' } })).body, 'run 1')
 * }
 * test().finally(() => app.close())
 *
 * @category constructors
 * @since 0.1.0
 */
export const pageHook = <B, C = unknown>(config: PageConfig<B, C>): PageHook<B> => {
  const { own, stand } = makeStand(config)
  const hook = (
    request: { readonly raw: NodeRequest },
    reply: FastifyReply,
    done: (error?: Error) => void
  ): void => {
    const earlier = reply.getHeaders()
    const answered = (): void => {
      reply.hijack()
      // the fields of earlier hooks are not on the raw response yet
      Object.entries(earlier).forEach(([name, value]) => {
        if (value !== undefined) reply.raw.setHeader(name, typeof value === 'number' ? String(value) : value)
      })
    }
    // the reply is no longer Fastify's
    const failed = orBreak(reply.raw, () => bareFailure(reply.raw))
    stand(request.raw, reply.raw, { run: () => done(), answered, failed, earlier }).catch(nothing)
  }
  return Object.assign(hook, own)
}
