/**
 * What the clients of the load saw, as a table.
 */
import { bold, dim, integer, percent, tick } from '../demo/table'

export interface Answer {
  readonly route: string
  readonly ms: number
  /** It had the status that it should have. */
  readonly ok: boolean
  /** A cache answered. */
  readonly hit: boolean
  /** It was past its lifetime, and is loaded anew meanwhile. */
  readonly late: boolean
  /** It did not show what had been acknowledged before. */
  readonly stale: boolean
}

export interface Report {
  readonly routes: ReadonlyArray<string>
  /** What was answered before it counted. It is checked as well. */
  readonly early: ReadonlyArray<Answer>
  readonly answers: ReadonlyArray<Answer>
  readonly seconds: number
  /** Of the database. */
  readonly queries: number
  /** That were acknowledged. */
  readonly writes: number
}

const count = (answers: ReadonlyArray<Answer>, is: (answer: Answer) => boolean): number =>
  answers.filter(is).length

/** The time in which such a share of the requests was answered. */
const quantile = (answers: ReadonlyArray<Answer>, share: number): string => {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b)
  return `${(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN).toFixed(1)} ms`
}

const cells = (name: string, [requests = '', ...rest]: ReadonlyArray<string>): string =>
  name.padEnd(27) + requests.padStart(8) + rest.map((cell) => cell.padStart(9)).join('')

/** Where no cache had a part there is no share of it. */
const shareOf = (answers: ReadonlyArray<Answer>, is: (answer: Answer) => boolean): string =>
  answers.some(({ hit }) => hit) ? percent(count(answers, is) / answers.length) : '—'

const row = (name: string, answers: ReadonlyArray<Answer>): string =>
  cells(name, [
    integer(answers.length),
    shareOf(answers, ({ hit }) => hit),
    shareOf(answers, ({ late }) => late),
    quantile(answers, 0.5),
    quantile(answers, 0.95),
    quantile(answers, 0.99),
    integer(count(answers, ({ ok }) => !ok)),
    integer(count(answers, ({ stale }) => stale))
  ])

export const printReport = (title: string, { answers, queries, routes, seconds }: Report): void => {
  const each = (queries / answers.length).toFixed(2)
  const lines = [
    `\n${bold(title)}`,
    dim(cells('', ['requests', 'hits', 'late', 'p50', 'p95', 'p99', 'errors', 'stale'])),
    ...routes
      .map((route) => [route, answers.filter((answer) => answer.route === route)] as const)
      .filter(([, some]) => some.length > 0)
      .map(([route, some]) => row(route, some)),
    bold(row('all', answers)),
    `${integer(queries)} queries of the database, ${each} for each request; ` +
      `${integer(Math.round(answers.length / seconds))} requests a second`
  ]
  console.log(lines.join('\n'))
}

/** Says whether all is well. */
export const printVerdict = ({ answers, early, writes }: Report): boolean => {
  const all = [...early, ...answers]
  const errors = count(all, ({ ok }) => !ok)
  const stale = count(all, (answer) => answer.stale)
  console.log(`\n${tick(stale === 0)} ${integer(stale)} stale answers after ${integer(writes)} writes`)
  console.log(`${tick(errors === 0)} ${integer(errors)} errors in ${integer(all.length)} requests`)
  return stale === 0 && errors === 0
}
