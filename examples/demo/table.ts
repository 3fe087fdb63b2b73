/**
 * How the demo looks: columns, bars, and colours where there is somebody to see them.
 */
import type { RingEvent } from 'fp-ring'
import { identity, pipe } from 'fp-ts/function'
import * as RA from 'fp-ts/ReadonlyArray'

// -------------------------------------------------------------------------------------
// text
// -------------------------------------------------------------------------------------

const coloured = process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''

const style =
  (code: number) =>
  (text: string): string =>
    coloured ? `\u001b[${String(code)}m${text}\u001b[0m` : text

export const bold = style(1)
export const dim = style(2)
export const red = style(31)
export const green = style(32)
const yellow = style(33)
const cyan = style(36)

export const integer = (n: number): string => n.toLocaleString('en-US')

export const milliseconds = (ms: number): string => `${ms < 1 ? ms.toPrecision(2) : ms.toFixed(1)} ms`

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`

export const median = (runs: ReadonlyArray<{ readonly ms: number }>): number =>
  runs.map(({ ms }) => ms).sort((a, b) => a - b)[runs.length >> 1] ?? NaN

export const tick = (ok: boolean): string => (ok ? green('✓') : red('✗'))

export const rule = dim('─'.repeat(100))

// -------------------------------------------------------------------------------------
// what a ring did
// -------------------------------------------------------------------------------------

const colours = {
  hit: green,
  stale: green,
  invalid: red,
  miss: yellow,
  shared: yellow,
  delete: red,
  load: cyan,
  'failed load': red,
  store: cyan,
  discard: red,
  skip: cyan,
  touch: cyan,
  clear: red,
  purge: red,
  fault: red
}

type Word = keyof typeof colours

const wordOf = (event: RingEvent.RingEvent): Word => {
  if (event._tag === 'Miss') return event.shared ? 'shared' : 'miss'
  if (event._tag === 'Load') return event.ok ? 'load' : 'failed load'
  return event._tag.toLowerCase() as Lowercase<typeof event._tag>
}

/** What a ring did, kind by kind: `3 hit · 9 miss · 9 load · 9 store`; `—` where it did nothing. */
export const told = (events: ReadonlyArray<RingEvent.RingEvent>): string => {
  const words = events.map(wordOf)
  return pipe(
    Object.keys(colours),
    RA.map((word) => [words.filter((other) => other === word).length, word] as const),
    RA.filter(([n]) => n > 0),
    RA.map(([n, word]) => (n === 1 ? word : `${integer(n)} ${word}`)),
    (parts) => (RA.isEmpty(parts) ? '—' : parts.join(' · '))
  )
}

const painted = (ring: string): string =>
  ring
    .split(' · ')
    .map((part) => (colours[part.replace(/^[\d,]+ /, '') as Word] ?? dim)(part)) // not every text is of `told`
    .join(dim(' · '))

// -------------------------------------------------------------------------------------
// lines
// -------------------------------------------------------------------------------------

export interface Row {
  readonly call: string
  /** What the ring did: `told`. */
  readonly ring: string
  readonly http: number
  readonly answer: string
}

const cells = { call: 34, ring: 33, http: 4, ms: 8, answer: 17 }

/** What comes before the answer. */
const left =
  (paint: (ring: string) => string) =>
  (call: string, ring: string, http: string, ms: string): string =>
    [
      call.padEnd(cells.call),
      paint(ring) + ' '.repeat(Math.max(0, cells.ring - ring.length)),
      http.padStart(cells.http),
      ms.padStart(cells.ms)
    ].join('')

export const title = (text: string): string => `\n${bold(text)}`

export const banner = (text: string): string =>
  [
    `${bold('fp-ring')}  ${text}`,
    dim('country = pipe(fetchCountry, ring(store, Codec.json(Country), { policy, batch, observe }))\n'),
    dim(`  ${left(identity)('', 'what the rings did', 'http', 'ms')}  answer`)
  ].join('\n')

/** An answer that has no room in its column goes below. */
export const row = (ok: boolean, { answer, call, http, ring }: Row, ms: number): string => {
  const all = `${tick(ok)} ${left(painted)(call, ring, http === 0 ? '' : String(http), ms.toFixed(2))}`
  return answer.length > cells.answer ? `${all}\n    ${dim(answer)}` : `${all}  ${answer}`
}

export interface Figure {
  readonly ok: boolean
  readonly label: string
  readonly value: string
  /** The length of a bar that is full at 1; something is never nothing. */
  readonly share: number
  readonly note: string
}

export const figure = ({ label, note, ok, share, value }: Figure): string => {
  const bar = '█'.repeat(Math.round(share * 44)) || '▏'
  return `${tick(ok)} ${label.padEnd(cells.call)}${value.padStart(18)}  ${cyan(bar)}${
    note === '' ? '' : dim(` ${note}`)
  }`
}
