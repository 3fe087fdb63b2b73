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
import type { Soon } from '../base/soon'
import { startTimer } from '../base/timer'
import * as Clock from '../Clock'
import { limit } from '../codecs/fromType'
import type { Duration } from '../Duration'
import { seconds } from '../Duration'
import { checkedPolicy } from '../engine/policy'
import { makeSeam } from '../engine/seam'
import * as KeyFn from '../KeyFn'
import type * as Policy from '../Policy'
import type { Ring } from '../Ring'
import { assemble } from '../ring/build'
import { nobody, owner } from '../ring/config'
import type { Dissectible } from '../ring/model'
import { elsewhere, pageOptions } from '../ring/options'
import { KeyError, type RingError } from '../RingError'
import type { Observer } from '../RingEvent'
import type * as Store from '../stores/model'
import { anatomy } from '../wiring/anatomy'
import { anObject, aStore, checkOptions, must } from '../wiring/check'
import type { Answerer } from './cache/answer'
import { anybody, makePageLoads, type PageLoads } from './cache/commands'
import { lost, makeLed } from './cache/lead'
import type { ServeParts } from './cache/loading'
import type { Arrival, LoadError, PagesSeam, Served, Stop } from './cache/model'
import { makePassing } from './cache/passing'
import { type PagePolicy, ringPolicy } from './cache/policy'
import { makeServe } from './cache/serve'
import { stopOf } from './cache/sight'
import { seekAt } from './core/ask'
import { isName } from './core/fields'
import type { Kept } from './core/kept'
import type { RequestHead, Site, Target } from './core/model'
import { keptCodec } from './core/stored'
import { isAt, orThrow, pathFor, targetFor } from './core/target'
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

const wantedOf = (target: PageTarget): RequestHead =>
  typeof target === 'object' && 'headers' in target
    ? { method: 'GET', header: (name) => target.headers.get(name) ?? undefined }
    : anybody

/**
 * A page for a user, who may change what is his own.
 *
 * @internal
 */
export const pageOf = ({ page }: Kept): Page => ({
  ...page,
  headers: page.headers.map(([name, value]) => [name, value]),
  body: page.body.slice(),
  ...(page.removed === undefined ? {} : { removed: [...page.removed] })
})

/**
 * The parts from which adapters build their caches.
 *
 * @internal
 */
export interface PageParts<B> extends Pick<PageLoads, 'renew'>, Answerer {
  /** Rejects if the handler does. */
  readonly serve: (arrival: Arrival) => Soon<Served>
  readonly commands: PageCommands<B>
  /** The stored page for a request; a failure of the store is returned. */
  readonly look: (target: PageTarget) => TE.TaskEither<RingError, O.Option<Kept>>
  readonly placeOf: (target: PageTarget) => E.Either<KeyError, Target>
}

/** The ring of pages, with its seam. */
const ringOf = <B, C>(
  config: PageConfig<B, C>,
  policy: PagePolicy,
  refreshes: boolean,
  site: Target | undefined
) => {
  const name = config.name ?? 'page'
  const pathTag = (path: string): string => `${name}:${path}`
  const options = {
    store: config.store,
    codec: keptCodec(limit('maxBytes', config.maxBytes, 1024 * 1024)),
    policy: ringPolicy(policy, refreshes),
    name,
    key: KeyFn.of(({ place }: Stop) => place, `${name}:`),
    tags: ({ request }: Stop) => [pathTag(request.path), ...(config.tags?.(request) ?? [])],
    clock: config.clock ?? Clock.system,
    ...ownedBy(site),
    ...(config.version === undefined ? {} : { version: config.version }),
    ...(config.warnings === undefined ? {} : { warnings: config.warnings }),
    ...(config.random === undefined ? {} : { random: config.random }),
    ...(config.waitUntil === undefined ? {} : { waitUntil: config.waitUntil }),
    ...(config.observe === undefined ? {} : { observe: config.observe })
  } as unknown as Parameters<typeof assemble>[1] // SAFETY: the functions of the config take what the ring gives them

  const { engine, ring } = assemble(() => TE.left(lost), options, true)
  return {
    // SAFETY: the ring was made of these parts
    ring: ring as Pick<
      Ring<[Stop], LoadError, Kept, Uint8Array, B>,
      'key' | 'purge' | 'clear' | 'store' | 'decode' | typeof anatomy
    >,
    seam: makeSeam(engine) as unknown as PagesSeam,
    pathTag
  }
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
  const origin = siteOf(config.origin)
  const site: Site = { origin, vary: (config.vary ?? []).map(fieldOf), obeys: config.obeysClients !== false }
  const clock = config.clock ?? Clock.system
  const now = config.date ?? timeOfDay
  const { pathTag, ring: pages, seam } = ringOf(config, policy, refreshes, origin)
  const passing = makePassing(clock)
  const after = clock.after?.bind(clock) ?? startTimer
  const storage = { maxBytes: limit('maxBytes', config.maxBytes, 1024 * 1024) }
  const led = makeLed({
    policy,
    storage,
    tags: config.etag !== false,
    bodyTimeout: config.bodyTimeout ?? seconds(10),
    after,
    now,
    passing
  })
  const parts: ServeParts = {
    seam,
    site,
    storage,
    observed: config.observe !== undefined,
    softTimeout: policy.softTimeout,
    after,
    now,
    passing,
    hide: (paths) => pages.purge(...paths.map(pathTag))
  }
  const serve = makeServe(parts, led)
  const { find, renew } = makePageLoads(parts, led)

  const placeOf = (target: PageTarget): E.Either<KeyError, Target> =>
    pipe(
      targetFor(target, origin?.origin),
      E.filterOrElse(
        (place) => isAt(place, origin),
        () => new KeyError('this address is of another site than the option origin')
      )
    )
  const look = (target: PageTarget): TE.TaskEither<RingError, O.Option<Kept>> =>
    pipe(
      TE.fromEither(placeOf(target)),
      TE.chain((place) => () => find(wantedOf(target), place)),
      TE.map(O.fromNullable)
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
        E.map((place) => {
          const request = wantedOf(target)
          return pages.key(stopOf(seekAt(request, place, site).place, request, place.path))
        }),
        orThrow
      ),
    purge: pages.purge,
    clear: pages.clear,
    store: pages.store,
    decode: (raw) => pipe(pages.decode(raw), E.map(pageOf)),
    [anatomy]: pages[anatomy]
  }
  return { cache: nameOf(config.cacheStatus), commands, now, look, placeOf, serve, renew }
}
