/**
 * A cache of pages, independent of the server: its types, and its ring.
 *
 * @since 0.1.0
 */
import { now as timeOfDay } from 'fp-ts/Date'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import type { IO } from 'fp-ts/IO'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { defect } from '../base/defect'
import * as Clock from '../Clock'
import { limit } from '../codecs/fromType'
import type { Codec } from '../codecs/model'
import type { Duration } from '../Duration'
import { seconds } from '../Duration'
import { checkedPolicy } from '../engine/policy'
import * as KeyFn from '../KeyFn'
import type * as Policy from '../Policy'
import { ring } from '../Ring'
import { nobody, owner } from '../ring/config'
import type { Dissectible } from '../ring/model'
import { elsewhere, pageOptions } from '../ring/options'
import { KeyError, type RingError } from '../RingError'
import type { Observer } from '../RingEvent'
import type * as Store from '../stores/model'
import { anatomy } from '../wiring/anatomy'
import { anObject, aStore, checkOptions, must } from '../wiring/check'
import type { Answerer } from './cache/answer'
import { type LoadError, makeLoad, makePassing, type Stop } from './cache/load'
import { madeBy, type PagePolicy, ringPolicy, standsBy } from './cache/made'
import { makeAnswered } from './cache/observe'
import { makeServe, type Serving, type Ways } from './cache/serve'
import { placeAt } from './cache/spot'
import { pageCodec } from './cache/stored'
import { makeVisit, type Reply } from './cache/visit'
import { isName } from './core/fields'
import { anybody, type Wanted } from './core/rules'
import { isAt, orThrow, pathFor, type Target, targetFor } from './core/target'
import type { Page, PageError, PageRequest, PageTarget } from './model'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/**
 * Where and how pages are stored.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageConfig<B, C> {
  /** A store of bytes. */
  readonly store: Store.Store<Uint8Array, B> & NoInfer<C>
  /** The lifetimes of pages that declare none, and the stale windows. */
  readonly policy?: Policy.Policy<C, never, Page, readonly [request: PageRequest], PageError>
  /** The start of every key. Default: `page`. */
  readonly name?: string
  /** Scheme and host of the site. Only requests for that host are answered from the store, and paths belong to it. */
  readonly origin?: string
  /** Request fields on which all pages depend, in addition to their `Vary`. */
  readonly vary?: ReadonlyArray<string>
  /** Groups of pages that `purge` hides together. */
  readonly tags?: (request: PageRequest) => ReadonlyArray<string>
  /** The largest body that is stored, in bytes. Default: 1 MiB. */
  readonly maxBytes?: number
  /** The time limit of the body of a stored page, after its head. Default: 10 seconds. */
  readonly bodyTimeout?: Duration
  /** Whether pages without an `ETag` get one. Default: yes. */
  readonly etag?: boolean
  /** Whether clients may request a newer page than the stored one (`no-cache`, `max-age`, …). Default: yes. */
  readonly obeysClients?: boolean
  /** The name of the cache in `Cache-Status`, or `false` to send none. Default: `fp-ring`. */
  readonly cacheStatus?: string | false
  readonly version?: string | number
  readonly observe?: Observer
  /** Whether faults without an observer are emitted as warnings of the process, `FP_RING_FAULT`. Default: yes. */
  readonly warnings?: boolean
  readonly clock?: Clock.Clock
  /**
   * A number from 0 to 1 (1 excluded), for jitter, for early refresh, and for the pauses while another process loads.
   */
  readonly random?: () => number
  /** As for rings: receives loads that continue after their request has been answered. */
  readonly waitUntil?: (work: Promise<unknown>) => void
  /** The system time, in milliseconds since 1970. */
  readonly date?: IO<number>
}

/**
 * The commands for stored pages that need no handler.
 *
 * @category model
 * @since 0.1.0
 */
export interface PageCommands<B> extends Dissectible {
  /** Hides the page in all its variants, for all hosts, and invalidates its loads in progress. */
  readonly delete: (target: PageTarget) => TE.TaskEither<RingError, void>
  /** Whether there is a page that would be served. */
  readonly has: (target: PageTarget) => TE.TaskEither<RingError, boolean>
  /** The key of the page, if it does not vary. Throws a `KeyError` for an invalid target. */
  readonly key: (target: PageTarget) => KeyFn.Key
  /** Hides all pages with one of these tags. */
  readonly purge: (...tags: ReadonlyArray<string>) => TE.TaskEither<RingError, void>
  /** Deletes every page of this name. */
  readonly clear: () => TE.TaskEither<RingError, void>
  readonly store: Store.Store<Uint8Array, B>
  /** Decodes bytes that were read directly from the backend. */
  readonly decode: (raw: Uint8Array) => E.Either<RingError, Page>
}

// -------------------------------------------------------------------------------------
// internals
// -------------------------------------------------------------------------------------

/** A name that is valid as a token of a structured field. */
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

/**
 * The owner of the keys: the site, as two sites with one name would share pages. If it is unknown, the keys contain it.
 */
const ownedBy = (site: Target | undefined) => ({ [owner]: site?.origin ?? nobody })

const neverRun = (): Promise<Reply> => Promise.reject(new Error('a command ran a handler'))

const wantedOf = (target: PageTarget): Wanted =>
  typeof target === 'object' && 'headers' in target
    ? { method: 'GET', header: (name) => target.headers.get(name) ?? undefined }
    : anybody

/**
 * The parts from which adapters build their caches.
 *
 * @internal
 */
export interface PageParts<B> extends Serving, Answerer {
  readonly commands: PageCommands<B>
  readonly update: (stop: Stop) => TE.TaskEither<LoadError | RingError, Page>
  /** The stored page for a request; a failure of the store is returned. */
  readonly look: (target: PageTarget) => TE.TaskEither<RingError, O.Option<Page>>
  readonly placeOf: (target: PageTarget) => E.Either<KeyError, Target>
  readonly stopAt: (target: Target, wanted: Wanted, run: () => Promise<Reply>) => Stop
  readonly base: (target: Target) => string
}

/**
 * A cache of pages, for adapters.
 *
 * @internal
 */
export const makePages = <B, C>(config: PageConfig<B, C>, refreshes: boolean): PageParts<B> => {
  checkOptions('a page', config, pageOptions, elsewhere)
  must('the options of a page', anObject, config)
  must("the option 'store' of a page", aStore, config.store)
  // SAFETY: the requirements of a policy for its store are checked by the type of `config`
  const policy = checkedPolicy((config.policy ?? { _tag: 'Policy' }) as PagePolicy)
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
    made: madeBy(policy, config.etag !== false, now),
    stands: standsBy(policy, now)
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
    ...ownedBy(site),
    ...(config.version === undefined ? {} : { version: config.version }),
    ...(config.warnings === undefined ? {} : { warnings: config.warnings }),
    ...(config.random === undefined ? {} : { random: config.random }),
    ...(config.waitUntil === undefined ? {} : { waitUntil: config.waitUntil }),
    ...(config.observe === undefined ? {} : { observe: answered.told(config.observe) })
  })
  const { find, serve } = makeServe(ways, pages, passing)

  const placeOf = (target: PageTarget): E.Either<KeyError, Target> =>
    pipe(
      targetFor(target, site?.origin),
      E.filterOrElse(
        (place) => isAt(place, site),
        () => new KeyError('this address is of another site than the option origin')
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
    decode: pages.decode,
    [anatomy]: pages[anatomy]
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
