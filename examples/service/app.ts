/**
 * The service as Express sees it: its routes, and what a `left` means to a client.
 */
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response
} from 'express'
import type { RingError } from 'fp-ring'
import { RingEvent } from 'fp-ring'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import type { Database, NotFound, Unavailable } from './database'
import { listPage } from './html'
import type { Metrics } from './metrics'
import type { Rings } from './rings'

export interface Parts {
  readonly database: Database
  readonly metrics: Metrics
  readonly rings: Rings
  /** Where it keeps what it remembers, as `/health` says it. */
  readonly cache: string
  /** Whether it is about to end. */
  readonly closing: IO<boolean>
}

// -------------------------------------------------------------------------------------
// failures
// -------------------------------------------------------------------------------------

interface Invalid {
  readonly _tag: 'Invalid'
  readonly what: string
}

type Failure = Invalid | NotFound | Unavailable | RingError.InvalidationError<unknown, RingError.RingError>

const invalid = (what: string) => (): Invalid => ({ _tag: 'Invalid', what })

const refuse =
  (response: Response) =>
  (failure: Failure): void => {
    switch (failure._tag) {
      case 'Invalid':
        return void response.status(400).json(failure)
      case 'NotFound':
        return void response.status(404).json(failure)
      case 'Unavailable':
        return void response.status(503).set('Retry-After', '1').json(failure)
      case 'InvalidationError':
        // it is saved; the cache could not be told, so the old one may be served until its lifetime ends
        return void response.status(202).json({ saved: failure.value() })
    }
  }

/** What was thrown: by the parser of bodies, where the client is to blame, or by a defect. Express wants four parameters. */
const thrown: ErrorRequestHandler = (error: unknown, _request, response, _next): void => {
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  if (status >= 500) console.error(error)
  response.status(status).json({ _tag: status < 500 ? 'Invalid' : 'Defect' })
}

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

const Draft = t.strict({ title: t.string, text: t.string })
const Remark = t.strict({ text: t.string })

const positive = (what: string, given: unknown): E.Either<Invalid, number> =>
  pipe(
    Number(given),
    E.fromPredicate((n) => Number.isSafeInteger(n) && n > 0, invalid(what))
  )

const idOf = ({ params }: Request): E.Either<Invalid, number> => positive('id', params['id'])
const pageOf = ({ query }: Request): E.Either<Invalid, number> => positive('page', query['page'] ?? 1)

const bodyOf =
  <A>(type: t.Decoder<unknown, A>) =>
  ({ body }: Request): E.Either<Invalid, A> =>
    pipe(type.decode(body), E.mapLeft(invalid('body')))

/** A handler of a request, by a function that answers it; `tell` is said in any case. */
const answering =
  <A>(
    ask: (request: Request) => TE.TaskEither<Failure, A>,
    send: (response: Response, a: A) => void,
    tell: (response: Response) => void = () => undefined
  ): RequestHandler =>
  (request, response): Promise<void> =>
    pipe(
      ask(request),
      T.chainFirstIOK(() => () => tell(response)),
      TE.match(refuse(response), (a) => send(response, a))
    )()

// -------------------------------------------------------------------------------------
// routes
// -------------------------------------------------------------------------------------

const summary = (stats: RingEvent.Stats) => ({
  reads: RingEvent.reads(stats),
  hitRate: Math.round(RingEvent.hitRate(stats) * 1_000) / 1_000,
  ...stats
})

export const makeApp = ({ cache, closing, database, metrics, rings }: Parts): Express => {
  const { addComment, latest, pages, save, shelf, thread } = rings
  const app = express().disable('x-powered-by')

  app.use((_request, _response, next) => metrics.during(next))

  // -- pages ----------------------------------------------------------------------------

  app.get(
    '/',
    pages,
    answering(
      () => latest(),
      (response, headlines) => response.send(listPage('The latest articles', headlines))
    )
  )

  app.get(
    '/authors/:id',
    pages,
    answering(
      (request) =>
        pipe(
          E.Do,
          E.apS('author', idOf(request)),
          E.apS('page', pageOf(request)),
          TE.fromEither,
          TE.chainW(({ author, page }) =>
            pipe(
              shelf(author, page),
              TE.map((headlines) => listPage(`Author ${author}, page ${page}`, headlines))
            )
          )
        ),
      (response, page) => response.send(page)
    )
  )

  // -- JSON -----------------------------------------------------------------------------

  app.get(
    '/articles/:id',
    answering(
      (request) => pipe(idOf(request), TE.fromEither, TE.chainW(thread)),
      (response, found) => response.json(found),
      (response) => {
        const fate = metrics.fate('thread')
        if (O.isSome(fate)) response.set('Cache-Status', fate.value)
      }
    )
  )

  app.put(
    '/articles/:id',
    express.json(),
    answering(
      (request) =>
        pipe(
          E.Do,
          E.apS('id', idOf(request)),
          E.apS('draft', bodyOf(Draft)(request)),
          TE.fromEither,
          TE.chainW(({ draft, id }) => save(id, draft))
        ),
      (response, article) => response.json(article)
    )
  )

  app.post(
    '/articles/:id/comments',
    express.json(),
    answering(
      (request) =>
        pipe(
          E.Do,
          E.apS('id', idOf(request)),
          E.apS('remark', bodyOf(Remark)(request)),
          TE.fromEither,
          TE.chainW(({ id, remark }) => addComment(id, remark.text))
        ),
      (response, comments) => response.status(201).json({ comments })
    )
  )

  // -- operation ------------------------------------------------------------------------

  /** A cache that is down is no reason to send nobody here: it costs time. */
  app.get('/health', (_, response) => {
    const status = closing() ? 'closing' : 'ok'
    response.status(closing() ? 503 : 200).json({ status, cache })
  })

  app.get('/metrics', (_, response) => {
    const rings = Object.fromEntries([...metrics.stats()].map(([name, stats]) => [name, summary(stats)]))
    response.json({ database: { queries: database.queries() }, rings })
  })

  /** To see what happens then: no service of yours has it. */
  app.post('/outage', (_, response) => {
    database.fail(10_000)()
    response.json({ database: 'down for 10 seconds' })
  })

  app.use(thrown)
  return app
}
