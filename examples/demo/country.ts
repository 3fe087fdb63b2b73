/**
 * What a program has before it has a cache: types, errors that it knows, and functions that fetch.
 */
import * as E from 'fp-ts/Either'
import { flow, pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

const fields = {
  name: t.strict({ common: t.string }),
  cca3: t.string,
  capital: t.array(t.string)
}

/** What we want of a record, which has 24 properties and some 3 kB. */
export const Country = t.strict({ ...fields, area: t.number }, 'Country')
export type Country = t.TypeOf<typeof Country>

/** The same in the second version of the API. */
export const CountryV2 = t.strict({ ...fields, area: t.strict({ km2: t.number }) }, 'CountryV2')
export type CountryV2 = t.TypeOf<typeof CountryV2>

export type FetchError =
  | { readonly _tag: 'NotFound'; readonly url: string }
  | { readonly _tag: 'BadStatus'; readonly url: string; readonly status: number }
  | { readonly _tag: 'BadBody'; readonly url: string; readonly errors: t.Errors }
  | { readonly _tag: 'Unreachable'; readonly url: string; readonly cause: unknown }

const fetchAs =
  <A>(type: t.Decoder<unknown, A>) =>
  (url: string): TE.TaskEither<FetchError, A> =>
    pipe(
      TE.tryCatch(
        () => fetch(url),
        (cause): FetchError => ({ _tag: 'Unreachable', url, cause })
      ),
      TE.filterOrElse(
        ({ status }) => status !== 404,
        (): FetchError => ({ _tag: 'NotFound', url })
      ),
      TE.filterOrElse(
        ({ ok }) => ok,
        ({ status }): FetchError => ({ _tag: 'BadStatus', url, status })
      ),
      TE.chain((response) =>
        TE.tryCatch(
          (): Promise<unknown> => response.json(),
          (cause): FetchError => ({ _tag: 'Unreachable', url, cause })
        )
      ),
      TE.chainEitherK(
        flow(
          type.decode,
          E.mapLeft((errors): FetchError => ({ _tag: 'BadBody', url, errors }))
        )
      )
    )

/** One country by its code. */
export const fetchCountry =
  (api: string) =>
  (code: string): TE.TaskEither<FetchError, Country> =>
    fetchAs(Country)(`${api}/v1/countries/${code}`)

/** Several in one request, in the order of their codes; `NotFound` where one is unknown. */
export const fetchCountries =
  (api: string) =>
  (codes: ReadonlyArray<string>): TE.TaskEither<FetchError, ReadonlyArray<Country>> =>
    fetchAs(t.readonlyArray(Country))(`${api}/v1/countries?codes=${codes.join(',')}`)

/** One country by its code, from the second version. */
export const fetchCountryV2 =
  (api: string) =>
  (code: string): TE.TaskEither<FetchError, CountryV2> =>
    fetchAs(CountryV2)(`${api}/v2/countries/${code}`)
