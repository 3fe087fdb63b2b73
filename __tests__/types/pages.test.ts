/** What the types promise of pages: who may be a handler, what a policy sees, what commands fail with, where a cache stands. */
import type * as http from 'node:http'
import type * as http2 from 'node:http2'

import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import type { RequestHandler } from 'express'
import type { onRequestHookHandler, preHandlerHookHandler } from 'fastify'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'

import type { RingError } from '../../src'
import { dict, Duration, Policy } from '../../src'
import { type Page, page, type PageError, pageHook, pageListener, pageMiddleware } from '../../src/http'
import { files } from '../../src/stores/files'

interface Env {
  readonly region: string
}

// nothing here runs
const promises = (): void => {
  const store = dict<Uint8Array>()
  const site = page((request: Request, { region }: Env) => new Response(request.url + region), { store })

  // the handler's own type, and its arguments for the commands that run it
  expectTypeOf(site).toBeCallableWith(new Request('https://example.com'), { region: 'eu' })
  expectTypeOf(site).returns.toEqualTypeOf<Promise<Response>>()
  // @ts-expect-error the environment is missing
  site.update('/')
  expectTypeOf(site.store.backend).toEqualTypeOf(store.backend)

  // what commands fail with: no store is asked by `execute`, and an answer that may not be stored is no error
  const anywhere = page(() => new Response(), { store })
  expectTypeOf(anywhere.get('/')).toEqualTypeOf<TE.TaskEither<RingError.RingError, O.Option<Response>>>()
  expectTypeOf(anywhere.update('/')).toEqualTypeOf<TE.TaskEither<PageError | RingError.RingError, Response>>()
  expectTypeOf(anywhere.execute('/')).toEqualTypeOf<TE.TaskEither<PageError | RingError.KeyError, Response>>()
  expectTypeOf<PageError['_tag']>().toEqualTypeOf<'Thrown' | 'Failed'>()

  // the functions of a policy see the page, its request, and what the handler failed with
  page(() => new Response(), {
    store,
    policy: Policy.ttlBy(({ body, status }, [{ header, path }]) =>
      Duration.seconds(body.length + status + path.length + (header('x') ?? '').length)
    )
  })
  page(() => new Response(), { store, policy: Policy.cacheWhen(({ status }) => status === 200) })
  page(() => new Response(), {
    store,
    policy: Policy.policy(
      Policy.ttlBy((it: Page) => Duration.seconds(it.status)),
      Policy.staleIfError(Duration.hours(1), (error: PageError) => error._tag === 'Failed')
    )
  })
  // @ts-expect-error faults are no part of a page
  page(() => new Response(), { store, policy: Policy.strict })
  // @ts-expect-error a store without leases
  page(() => new Response(), { store: files({ directory: 'pages' }), policy: Policy.lease() })

  // a middleware cannot run what comes after it
  const middleware = pageMiddleware({ store })
  expectTypeOf(middleware.get('/')).toEqualTypeOf<TE.TaskEither<RingError.RingError, O.Option<Page>>>()
  expectTypeOf(middleware).not.toHaveProperty('update')
  expectTypeOf(middleware).toExtend<RequestHandler>()
  expectTypeOf(pageHook({ store })).toExtend<onRequestHookHandler>()
  expectTypeOf(pageHook({ store })).toExtend<preHandlerHookHandler>()

  // a cached listener is for whom its listener is
  const plain: (req: http.IncomingMessage, res: http.ServerResponse) => Promise<void> = pageListener(
    (req, res) => res.end(req.url),
    { store }
  )
  // one that says nothing of its request and response may do what the cache knows of
  const bare = pageListener(
    (req, res) => {
      res.writeHead(200)
      res.write(Buffer.from('read: '))
      res.end(req.url ?? '/')
    },
    { store }
  )
  expectTypeOf(bare).toExtend<http.RequestListener>()
  const second = pageListener(
    (req: http2.Http2ServerRequest, res: http2.Http2ServerResponse) => res.end(req.authority),
    { store }
  )
  expectTypeOf(second).parameter(0).toEqualTypeOf<http2.Http2ServerRequest>()
  expectTypeOf(second).not.toExtend<typeof plain>()
}

test('the types of pages promise what they do', () => {
  expectTypeOf(promises).toBeFunction()
})
