/**
 * `npm run demo`, and `npm run demo -- --redis`: a function that fetches, cached, step by step.
 *
 * Every row that it prints was observed. What should be observed stands beside it in the code; where the two differ
 * the row has a ✗, and the demo exits with 1.
 */
import { Codec, Duration, Policy, ring, RingEvent } from 'fp-ring'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as RA from 'fp-ts/ReadonlyArray'
import * as S from 'fp-ts/string'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'

import type { Api } from './demo/api'
import { codes, startApi } from './demo/api'
import { Country, CountryV2, fetchCountries, fetchCountry, fetchCountryV2 } from './demo/country'
import { stopwatch, workload } from './demo/figures'
import type { Place } from './demo/place'
import { because, inMemory, inRedis } from './demo/place'
import type { Section, Step } from './demo/step'
import { newWatch, printFigure, printing, runStep, statsOf, step } from './demo/step'
import * as show from './demo/table'

const latency = 40

// -------------------------------------------------------------------------------------
// the cached functions
// -------------------------------------------------------------------------------------

const v1 = Codec.json(Country)
const v2 = Codec.json(CountryV2)

const makeRings = <B>({ url }: Api, { store }: Place<B>, observe: RingEvent.Observer) => ({
  country: pipe(
    fetchCountry(url),
    ring(store, v1, {
      name: 'country',
      policy: Policy.policy(Policy.ttl(Duration.minutes(5)), Policy.jitter(0.1)),
      batch: (argsList: ReadonlyArray<[code: string]>) => fetchCountries(url)(argsList.map(([code]) => code)),
      observe
    })
  ),
  // The next release of the program, on the same store: with a version it has keys of its own,
  versioned: pipe(
    fetchCountryV2(url),
    ring(store, v2, { name: 'country', version: Codec.fingerprint(v2), observe })
  ),
  // and without one it meets the old bytes under its keys.
  unversioned: pipe(fetchCountryV2(url), ring(store, v2, { name: 'country', observe, sharesEntries: true })),
  // Nobody looks on, and it is cold: for the stopwatch.
  quiet: pipe(fetchCountry(url), ring(store, v1, { name: 'quiet' }))
})

type Rings<B> = ReturnType<typeof makeRings<B>>

// -------------------------------------------------------------------------------------
// the table
// -------------------------------------------------------------------------------------

/** What there is to say of an answer. */
const say =
  <A>(f: (a: A) => string) =>
  <Err extends { readonly _tag: string }>(answer: TE.TaskEither<Err, A>): T.Task<string> =>
    pipe(
      answer,
      TE.match(({ _tag }) => `left ${_tag}`, f)
    )

const name = say((country: Country) => country.name.common)
const capital = say((country: Country) => country.capital.join())
const area = say((country: CountryV2) => `${show.integer(country.area.km2)} km²`)
const some = say(
  O.match(
    () => 'none',
    (country: Country) => `some ${country.name.common}`
  )
)
const done = say(() => 'done')
const yes = say(String)
const text = say((bytes: Uint8Array) => Buffer.from(bytes).toString())
const codesOf = (all: ReadonlyArray<Country>): ReadonlyArray<string> => all.map(({ cca3 }) => cca3)
const crowd = say(
  (all: ReadonlyArray<Country>) => `${show.integer(all.length)} × ${RA.uniq(S.Eq)(codesOf(all)).join()}`
)
const inOrder = say((all: ReadonlyArray<E.Either<unknown, Country>>) =>
  RA.getEq(S.Eq).equals(codesOf(RA.rights(all)), twelve) ? '12, in order' : 'something else'
)

const twelve = 'AUT BEL CHE CZE DEU FRA HUN ITA JPN LIE POL SVN'.split(' ')

const sections = <B>(
  api: Api,
  { bytes }: Place<B>,
  { country, unversioned, versioned }: Rings<B>
): ReadonlyArray<Section<Step>> => {
  const rename = pipe(
    T.fromIO(api.moveCapital('KAZ', 'Nur-Sultan')),
    T.map(() => 'done')
  )
  const thousand = TE.sequenceArray(RA.replicate(1_000, country('JPN')))
  const bulk = country.getOrUpdateMany(twelve.map((code) => [code]))

  /** Both at once: a load, and, once the API has read what it will answer, a change and a delete. */
  const overtaken = pipe(
    T.Do,
    T.apS('loaded', capital(country('IDN'))),
    T.apS(
      'deleted',
      pipe(
        api.nextRequest,
        T.chainIOK(() => api.moveCapital('IDN', 'Nusantara')),
        T.chain(() => done(country.delete('IDN')))
      )
    ),
    T.map(({ loaded }) => loaded)
  )

  /** By hand: neither the ring nor its store takes part. */
  const raw = pipe(
    bytes(country.store.backend, country.key('CHE')),
    T.map(E.fromOption(() => ({ _tag: 'Absent' })))
  )
  const json = '{"name":{"common":"Switzerland"},"cca3":"CHE","capital":["Bern"],"area":41284}'

  // what is called, and what is seen of it: what the ring does, how many requests the API gets, what is answered
  return [
    {
      title: 'A cached function has the type that it had, and commands beside it',
      lines: [
        step("country('CHE')", 'miss · load · store', 1, 'Switzerland', name(country('CHE'))),
        step("country('CHE')", 'hit', 0, 'Switzerland', name(country('CHE'))),
        step("country.get('CHE')", 'hit', 0, 'some Switzerland', some(country.get('CHE'))),
        step("country.get('ITA')", 'miss', 0, 'none', some(country.get('ITA'))),
        step("country.execute('CHE')", '—', 1, 'Switzerland', name(country.execute('CHE')))
      ]
    },
    {
      title: 'The source changes: Kazakhstan renames its capital',
      lines: [
        step("country('KAZ')", 'miss · load · store', 1, 'Astana', capital(country('KAZ'))),
        step('(the API learns the new name)', '—', 0, 'done', rename),
        step("country('KAZ')", 'hit', 0, 'Astana', capital(country('KAZ'))),
        step("country.update('KAZ')", 'load · store', 1, 'Nur-Sultan', capital(country.update('KAZ'))),
        step("country('KAZ')", 'hit', 0, 'Nur-Sultan', capital(country('KAZ'))),
        step("country.delete('KAZ')", 'delete', 0, 'done', done(country.delete('KAZ'))),
        step("country.get('KAZ')", 'miss', 0, 'none', some(country.get('KAZ')))
      ]
    },
    {
      title: 'A thousand callers are one load; a dozen countries are one request',
      lines: [
        step(
          "country('JPN'), 1,000 at once",
          'miss · 999 shared · load · store',
          1,
          '1,000 × JPN',
          crowd(thousand)
        ),
        step("country('ITA')", 'miss · load · store', 1, 'Italy', name(country('ITA'))),
        step(
          'country.getOrUpdateMany(12 codes)',
          '3 hit · 9 miss · 9 load · 9 store',
          1,
          '12, in order',
          inOrder(bulk)
        ),
        step('country.getOrUpdateMany(12 codes)', '12 hit', 0, '12, in order', inOrder(bulk))
      ]
    },
    {
      title: 'A failure has its type, and is not cached',
      lines: [
        step("country('XXX')", 'miss · failed load', 1, 'left NotFound', name(country('XXX'))),
        step("country('XXX')", 'miss · failed load', 1, 'left NotFound', name(country('XXX'))),
        step("country.has('XXX')", '—', 0, 'false', yes(country.has('XXX')))
      ]
    },
    {
      title: 'Invalidation wins: the capital moves, and is deleted here, while the old one is on its way',
      lines: [
        step("country('IDN') + .delete('IDN')", 'miss · delete · load · discard', 1, 'Jakarta', overtaken),
        step("country.get('IDN')", 'miss', 0, 'none', some(country.get('IDN'))),
        step("country('IDN')", 'miss · load · store', 1, 'Nusantara', capital(country('IDN')))
      ]
    },
    {
      title: 'Nothing is hidden: a key, and the bytes behind it',
      lines: [
        step("country.key('CHE')", '—', 0, "country:'CHE'", T.of(country.key('CHE'))),
        step('country.store.backend, by hand', '—', 0, json, text(raw)),
        step(
          'country.decode(bytes)',
          '—',
          0,
          'Switzerland',
          pipe(raw, TE.chainEitherKW(country.decode), name)
        )
      ]
    },
    {
      title: 'The schema changes: area becomes { km2 }, and the old bytes are still there',
      lines: [
        step("versioned('CHE')", 'miss · load · store', 1, '41,284 km²', area(versioned('CHE'))),
        step("country('CHE')", 'hit', 0, 'Switzerland', name(country('CHE'))),
        step(
          "unversioned('CHE')",
          'invalid · miss · load · store',
          1,
          '41,284 km²',
          area(unversioned('CHE'))
        ),
        step("unversioned('CHE')", 'hit', 0, '41,284 km²', area(unversioned('CHE')))
      ]
    }
  ]
}

// -------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------

const summary = (api: Api, stats: RingEvent.Stats, lines: ReadonlyArray<boolean>): string => {
  const right = lines.filter(Boolean).length
  return [
    `${show.tick(right === lines.length)} ${right} of ${lines.length} lines are as they should be`,
    `${show.integer(RingEvent.reads(stats))} reads`,
    `${show.percent(RingEvent.hitRate(stats))} hits`,
    `${show.integer(api.requests())} requests`,
    `${(performance.now() / 1_000).toFixed(1)} s`
  ].join(' · ')
}

const tell =
  <B>(api: Api, place: Place<B>): T.Task<boolean> =>
  async () => {
    const watch = newWatch(api.requests)
    const rings = makeRings(api, place, watch.observe)
    console.log(
      show.banner(`${codes.length} countries, an API that takes ${latency} ms, a cache in ${place.name}`)
    )
    const lines = await pipe(
      T.sequenceSeqArray([
        ...sections(api, place, rings).map(printing(runStep(watch))),
        pipe(
          rings.country.clear(),
          T.chain(() => workload(watch, rings.country)),
          T.chain(printing(printFigure))
        ),
        pipe(stopwatch(watch, rings.quiet), T.chain(printing(printFigure)))
      ]),
      T.map(RA.flatten)
    )()
    console.log(`\n${show.rule}\n${summary(api, statsOf(watch.events()), lines)}`)
    return lines.every(Boolean)
  }

const demo = <B>(place: Place<B>): TE.TaskEither<string, boolean> =>
  TE.bracket(
    TE.fromTask(startApi(latency)),
    (api) => TE.tryCatch(tell(api, place), because('the demo broke off')),
    ({ close }) => TE.fromTask(close)
  )

const main = pipe(
  demo,
  process.argv.includes('--redis') ? inRedis : inMemory,
  TE.getOrElse((why) => () => {
    console.error(why)
    return Promise.resolve(false)
  })
)

void main().then((ok) => {
  process.exitCode = ok ? 0 : 1
})
