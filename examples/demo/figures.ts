/**
 * What the demo measures: a workload, and the price of a miss and of a hit.
 */
import { pipe } from 'fp-ts/function'
import * as RA from 'fp-ts/ReadonlyArray'
import * as S from 'fp-ts/string'
import * as T from 'fp-ts/Task'

import { codes } from './api'
import type { fetchCountry } from './country'
import type { Section, Watch } from './step'
import { statsOf, watched } from './step'
import * as show from './table'

// A ring can stand where the function stood: nothing here knows of it.
type Fetch = ReturnType<typeof fetchCountry>

const clients = 100
const readsEach = 50

/** Which country the nth read asks for: the same in every run, large countries more often. */
const nthCode = (n: number): string => {
  const u = ((n * 2_654_435_761) % 2 ** 32) / 2 ** 32
  return codes[Math.floor(codes.length * u ** 3)] ?? ''
}

/** Clients that read one country after the other, all at once. */
export const workload = (watch: Watch, country: Fetch): T.Task<Section<show.Figure>> => {
  const asked = RA.makeBy(clients * readsEach, nthCode)
  const client = T.traverseSeqArray((code: string) => country(code))
  return pipe(
    watched(watch)(pipe(asked, RA.chunksOf(readsEach), T.traverseArray(client))),
    T.map(({ answer, events, http }) => {
      const { hits, loads, misses, shared } = statsOf(events)
      const answered = RA.rights(RA.flatten(answer)).map(({ cca3 }) => cca3)
      const figure = (label: string, n: number, ok: boolean): show.Figure => {
        const share = n / asked.length
        return { ok, label, value: show.integer(n) + show.percent(share).padStart(9), share, note: '' }
      }
      return {
        title: `${clients} clients, ${readsEach} reads each, large countries more often`,
        lines: [
          figure('hit', hits, RA.getEq(S.Eq).equals(answered, asked)),
          figure('joined the load of another', shared, hits + misses === asked.length),
          figure('loaded', loads, loads === RA.uniq(S.Eq)(asked).length && loads === http)
        ]
      }
    })
  )
}

/** `country` must be cold. */
export const stopwatch = (watch: Watch, country: Fetch): T.Task<Section<show.Figure>> => {
  const time = T.traverseSeqArray((code: string) => watched(watch)(country(code)))
  const several = codes.slice(0, 11)
  return pipe(
    T.Do,
    T.bind('misses', () => time(several)),
    T.bind('hits', () => time(RA.flatten(RA.replicate(91, several)))),
    T.map(({ hits, misses }) => {
      const [miss, hit] = [show.median(misses), show.median(hits)]
      const faster = `${show.integer(Math.round(miss / hit))} times as fast`
      const requested = misses.every(({ http }) => http === 1) && hits.every(({ http }) => http === 0)
      return {
        title: 'The price of a miss, and of a hit: medians',
        lines: [
          { ok: requested, label: 'miss', value: show.milliseconds(miss), share: 1, note: '' },
          { ok: hit < miss, label: 'hit', value: show.milliseconds(hit), share: hit / miss, note: faster }
        ]
      }
    })
  )
}
