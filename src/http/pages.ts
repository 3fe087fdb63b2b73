/**
 * What a cache of pages is made of, whatever server it stands in: its types, and the ring that it is.
 *
 * @since 0.1.0
 */
import { now as timeOfDay } from 'fp-ts/Date'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import * as Clock from '../Clock'
import type { Codec } from '../Codec'
import type { Duration } from '../Duration'
import { seconds } from '../Duration'
import { defect } from '../internal/defect'
import { limit } from '../internal/guards'
import { isName } from '../internal/httpFields'
import { madeBy, type PagePolicy, ringPolicy } from '../internal/httpMade'
import { makeAnswered } from '../internal/httpObserve'
import { pageCodec } from '../internal/httpPage'
import { anybody, type Wanted } from '../internal/httpRules'
import {
  type LoadError,
  makeLoad,
  makePassing,
  makeServe,
  placeAt,
  type Serving,
  type Stop,
  type Ways
} from '../internal/httpServe'
import { isAt, orThrow, pathFor, type Target, targetFor } from '../internal/httpTarget'
import { makeVisit, type Reply } from '../internal/httpVisit'
import * as KeyFn from '../KeyFn'
import type * as Policy from '../Policy'
import { ring } from '../Ring'
import { KeyError, type RingError } from '../RingError'
import type { Observer } from '../RingEvent'
import type * as Store from '../Store'
import type { Page, PageError, PageRequest, PageTarget } from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * Where pages are kept, and how.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageConfig<B, C> {
  /** A store of bytes. */
  readonly store: Store.Store<Uint8Array, B> & NoInfer<C>
  /** What pages live by that say nothing themselves, and for how long they may be served late. */
  readonly policy?: Policy.Policy<C, never, Page, readonly [request: PageRequest], PageError>
  /** Begins every key. Default: `page`. */
  readonly name?: string
  /** Scheme and host of the site. Only requests for that host are answered from the store, and paths are paths of it. */
  readonly origin?: string
  /** Request fields on which all pages depend, whatever their `Vary` says. */
  readonly vary?: ReadonlyArray<string>
  /** Groups of pages that `purge` hides at once. */
  readonly tags?: (request: PageRequest) => ReadonlyArray<string>
  /** The largest body that is stored, in bytes. Default: 1 MiB. */
  readonly maxBytes?: number
  /** How long the body of a page that is stored may take after its head. Default: 10 seconds. */
  readonly bodyTimeout?: Duration
  /** Whether pages without an `ETag` are given one. Default: yes. */
  readonly etag?: boolean
  /** Whether clients may ask for a newer page than the one that is stored (`no-cache`, `max-age`, …). Default: yes. */
  readonly obeysClients?: boolean
  /** What the cache calls itself in `Cache-Status`, or that it does not. Default: `fp-ring`. */
  readonly cacheStatus?: string | false
  readonly version?: string | number
  readonly observe?: Observer
  readonly clock?: Clock.Clock
  /** A number from 0 to 1 (1 excluded), for jitter, for early refresh, and for the pauses while another process loads. */
  readonly random?: () => number
  /** The time of day, in milliseconds since 1970. */
  readonly date?: IO<number>
}

/**
 * What can be done with stored pages without a handler.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageCommands<B> {
  /** Hides the page in all its variants, for all hosts, and voids loads that are under way. */
  readonly delete: (target: PageTarget) => TE.TaskEither<RingError, void>
  /** Whether there is a page that would be served. */
  readonly has: (target: PageTarget) => TE.TaskEither<RingError, boolean>
  /** Where the page lies that does not vary. For a target without one it throws a `KeyError`. */
  readonly key: (target: PageTarget) => KeyFn.Key
  /** Hides all pages with one of these tags. */
  readonly purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
  /** Deletes every page of this name. */
  readonly clear: () => TE.TaskEither<RingError, void>
  readonly store: Store.Store<Uint8Array, B>
  /** For bytes that were read from the backend by hand. */
  readonly decode: (raw: Uint8Array) => E.Either<RingError, Page>
}

// -------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------

/** A name that a structured field may hold as a token. */
const token = /^[A-Za-z*][A-Za-z0-9!#$%&'*+\-.^_`|~:/]*$/

const nameOf = (cacheStatus: string | false | undefined): string | undefined =>
  cacheStatus === false
    ? undefined
    : cacheStatus === undefined
    ? 'fp-ring'
    : token.test(cacheStatus)
    ? cacheStatus
    : defect('cacheStatus is a token')

const fieldOf = (given: string): string => {
  const field = given.toLowerCase()
  return isName(field) && field !== '*' ? field : defect('vary names request fields')
}

const siteOf = (origin: string | undefined): Target | undefined =>
  origin === undefined
    ? undefined
    : pipe(
        targetFor(origin, undefined),
        E.match(
          () => defect('origin is a scheme and a host, as in https://example.com'),
          (site) => (site.path === '/' ? site : defect('origin has no path'))
        )
      )

const neverRun = (): Promise<Reply> => Promise.reject(new Error('a command ran a handler'))

const wantedOf = (target: PageTarget): Wanted =>
  typeof target === 'object' && 'headers' in target
    ? { method: 'GET', header: (name) => target.headers.get(name) ?? undefined }
    : anybody

/**
 * What adapters make their caches of.
 *
 * @internal
 */
export interface PageParts<B> extends Serving {
  /** What the cache calls itself, if it does. */
  readonly cache: string | undefined
  readonly commands: PageCommands<B>
  readonly now: IO<number>
  readonly update: (stop: Stop) => TE.TaskEither<LoadError | RingError, Page>
  /** The page that lies there for a request; where the store fails, why. */
  readonly look: (target: PageTarget) => TE.TaskEither<RingError, O.Option<Page>>
  readonly placeOf: (target: PageTarget) => E.Either<KeyError, Target>
  readonly stopAt: (target: Target, wanted: Wanted, run: () => Promise<Reply>) => Stop
  readonly base: (target: Target) => string
}

/**
 * A cache of pages, for its adapters.
 *
 * @internal
 */
export const makePages = <B, C>(config: PageConfig<B, C>, refreshes: boolean): PageParts<B> => {
  // the proof: what a policy asks of its store is checked where it is given
  const policy = (config.policy ?? { _tag: 'Policy' }) as PagePolicy
  if (config.policy?.negative !== undefined)
    defect('errors are stored as the pages that they are: a page has no negative')
  const maxBytes = limit('maxBytes', config.maxBytes, 1024 * 1024)
  const name = config.name ?? 'page'
  const site = siteOf(config.origin)
  const vary = (config.vary ?? []).map(fieldOf)
  const clock = config.clock ?? Clock.system
  const now = config.date ?? timeOfDay
  const pathTag = (path: string): string => `${name}:${path}`
  const base = ({ origin, path }: Target): string => (site === undefined ? origin + path : path)
  const ways: Ways = {
    maxBytes,
    bodyTimeout: config.bodyTimeout ?? seconds(10),
    clock,
    now,
    vary,
    obeys: config.obeysClients !== false,
    base,
    pathTag,
    isAt: (target) => isAt(target, site),
    made: madeBy(policy, config.etag !== false, now)
  }
  const passing = makePassing(clock)
  const codec: Codec<Page, Uint8Array> = pageCodec(maxBytes)
  const load = makeLoad(ways, passing)
  const answered = makeAnswered()
  const observed = (stop: Stop): TE.TaskEither<LoadError, Page> =>
    pipe(
      load(stop),
      TE.orElseFirstIOK(
        ({ _tag }) =>
          () =>
            _tag === 'Unstorable' ? answered.note(pages.key(stop)) : undefined
      )
    )
  const pages = ring(config.observe === undefined ? load : observed, {
    store: config.store,
    codec,
    policy: ringPolicy(policy, refreshes),
    name,
    key: KeyFn.of(({ place }: Stop) => place, `${name}:`),
    tags: ({ visit }: Stop) => [pathTag(visit.path), ...(config.tags?.(visit) ?? [])],
    clock,
    ...(config.version === undefined ? {} : { version: config.version }),
    ...(config.random === undefined ? {} : { random: config.random }),
    ...(config.observe === undefined ? {} : { observe: answered.told(config.observe) })
  })
  const { find, serve } = makeServe(ways, pages, passing)

  const placeOf = (target: PageTarget): E.Either<KeyError, Target> =>
    pipe(
      targetFor(target, site?.origin),
      E.filterOrElse(
        (place) => isAt(place, site),
        () => new KeyError('that is no page of this site')
      )
    )
  const stopAt = (target: Target, wanted: Wanted, run: () => Promise<Reply>): Stop => ({
    visit: makeVisit({ ...wanted, method: 'GET', refreshes: true, isGone: () => false, run }, target.path),
    place: placeAt(base(target), vary, wanted)
  })
  const look = (target: PageTarget): TE.TaskEither<RingError, O.Option<Page>> =>
    pipe(
      TE.fromEither(placeOf(target)),
      TE.chainTaskK((place) => {
        const { place: at, visit } = stopAt(place, wantedOf(target), neverRun)
        return () => find(visit, base(place), at)
      }),
      TE.chainEitherK(({ fault, page }) =>
        fault === undefined ? E.right(O.fromNullable(page)) : E.left(fault)
      )
    )
  const commands: PageCommands<B> = {
    delete: (target) =>
      pipe(
        TE.fromEither(pathFor(target)),
        TE.chainW((path) => pages.purge(pathTag(path)))
      ),
    has: (target) => pipe(look(target), TE.map(O.isSome)),
    key: (target) =>
      pipe(
        placeOf(target),
        E.map((place) => pages.key(stopAt(place, wantedOf(target), neverRun))),
        orThrow
      ),
    purge: pages.purge,
    clear: pages.clear,
    store: pages.store,
    decode: pages.decode
  }
  return {
    cache: nameOf(config.cacheStatus),
    commands,
    now,
    update: pages.update,
    look,
    placeOf,
    stopAt,
    base,
    find,
    serve
  }
}
