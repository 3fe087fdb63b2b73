/**
 * `npm run example:service`: an HTTP service over a slow database, with Express and Redis, and all that a cache in front of it
 * needs. It says what to try.
 *
 *     npm run example:service -- --redis      far in Redis: REDIS_URL, or a server of our own
 *     npm run example:service -- --no-cache   the same service, remembering nothing
 *     npm run example:service -- --load       a load on it, and a table; ends by itself, with 1 where an answer was stale
 *
 * Read on in `service/rings.ts`: what is cached, and what is expired when something is saved.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

import { Duration } from 'fp-ring'
import { pipe } from 'fp-ts/function'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import { redisServer } from './demo/place'
import { makeDatabase } from './service/database'
import { embedded, inRedis, nowhere, type Place } from './service/place'
import type { Freshness } from './service/rings'
import { type Service, start } from './service/start'

const { values: options } = parseArgs({
  options: {
    redis: { type: 'boolean', default: false },
    'no-cache': { type: 'boolean', default: false },
    load: { type: 'boolean', default: false },
    port: { type: 'string', default: '0' },
    seconds: { type: 'string', default: '5' },
    ttl: { type: 'string' }
  }
})

// under load something should become old while we look
const freshness: Freshness = {
  ttl: Duration.seconds(Number(options.ttl ?? (options.load ? 3 : 10))),
  whileRevalidate: Duration.seconds(30),
  ifError: Duration.hours(1)
}

// -------------------------------------------------------------------------------------
// where
// -------------------------------------------------------------------------------------

const given = process.env['REDIS_URL'] ?? ''

const somewhere: TE.TaskEither<string, Place> = options['no-cache']
  ? TE.of(nowhere())
  : options.redis || given !== ''
  ? pipe(
      redisServer,
      TE.chain(({ stop, url }) =>
        pipe(
          inRedis(url),
          TE.map((place) => ({
            ...place,
            close: pipe(
              place.close,
              T.chain(() => stop)
            )
          })),
          TE.orElseFirstTaskK(() => stop)
        )
      )
    )
  : TE.of(embedded())

const service = (place: Place, port = 0) => start(place, { database: makeDatabase(), freshness, port })

const closing = ({ close }: Service) => TE.fromTask(close)

// -------------------------------------------------------------------------------------
// what it does
// -------------------------------------------------------------------------------------

const toTry = (url: string): string =>
  [
    `curl -i ${url}/articles/7        # Cache-Status: miss; again: hit`,
    `curl -i ${url}/authors/7         # a page, with its age and its ETag`,
    `curl -X PUT ${url}/articles/7 -H 'Content-Type: application/json' -d '{"title":"New","text":"…"}'`,
    `curl ${url}/articles/7           # new at once, as are the pages ${url}/authors/7 and ${url}/`,
    `curl -X POST ${url}/outage       # the database is down for 10 seconds: what is known is served all the same`,
    `curl ${url}/metrics              # hit rates, and queries of the database`,
    `npm run example:load -- ${url}`
  ].join('\n  ')

/** Until somebody wants it to end. */
const serve = ({ url }: Service, { name }: Place): TE.TaskEither<string, boolean> =>
  TE.fromTask(async () => {
    console.log(`${url}, remembering in ${name}. Try:\n\n  ${toTry(url)}\n`)
    await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
    console.log('closing')
    return true
  })

/** In a process of its own, so that it measures the service, and not itself. */
const load = ({ url }: Service, { url: without }: Service): TE.TaskEither<string, boolean> =>
  TE.fromTask(async () => {
    const args = [url, '--without', without, '--seconds', options.seconds]
    const [code] = await once(fork(join(__dirname, 'service/load.ts'), args), 'exit')
    return code === 0
  })

const main = pipe(
  somewhere,
  TE.chain((place) =>
    TE.bracket(
      service(place, Number(options.port)),
      (it) =>
        options.load
          ? pipe(
              TE.fromIO(() => console.log(`The service remembers in ${place.name}`)),
              TE.chain(() => TE.bracket(service(nowhere()), (bare) => load(it, bare), closing))
            )
          : serve(it, place),
      closing
    )
  ),
  TE.getOrElse((why) => () => {
    console.error(why)
    return Promise.resolve(false)
  })
)

void main().then((ok) => {
  process.exitCode = ok ? 0 : 1
})
