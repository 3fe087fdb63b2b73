/**
 * The fields that were set on a response before the cache, and the fields of an answer that belong to the page.
 *
 * @internal
 */
import type { Fields } from '../core/fields'
import type { Head } from '../core/rules'
import { type Outgoing, pairs, watchHead } from './outgoing'

/** The fields of a response that were there before the handler. */
export interface Earlier {
  /** The fields of the page: those that were not there before, or that were set again. */
  readonly own: (fields: Fields) => Fields
  /** The names of earlier fields that have been removed since. */
  readonly removed: (fields: Fields) => ReadonlyArray<string>
  /** Sets a field that was passed to `writeHead`. */
  readonly set: (name: string, value: string | ReadonlyArray<string>) => void
  /** Restores the earlier fields of the response. */
  readonly restore: () => void
}

/** The rules for stored pages use these fields, whoever has set them. */
const meant: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'vary',
  'cache-control',
  'cdn-cache-control',
  'expires',
  'date',
  'etag',
  'last-modified'
])

/**
 * `kept` are fields that a framework has not set on the response yet. While `isClosed`, no field can be changed.
 */
export const makeEarlier = (
  response: Outgoing,
  kept: Parameters<typeof pairs>[0],
  isClosed: () => boolean
): Earlier => {
  const first = { ...response.getHeaders(), ...kept }
  const before = new Set(pairs(first).map(([name, value]) => name + value))
  const repeated = new Set<string>()
  const { setHeader } = response
  /**
   * A framework that keeps its own fields sets all of them with its answer, including those from before the cache. It
   * passes them to `writeHead`, or sets them one by one before a stream. So an equal value is not the handler's.
   */
  const repeat = (name: string): void => {
    if (!Object.hasOwn(kept, name)) repeated.add(name)
  }
  watchHead(response, isClosed, repeat)
  return {
    own: (fields) =>
      fields.filter(([name, value]) => repeated.has(name) || !before.has(name + value) || meant.has(name)),
    removed: (fields) => {
      const names = new Set(fields.map(([name]) => name))
      return Array.from(new Set(pairs(first).map(([name]) => name))).filter((name) => !names.has(name))
    },
    set: (given, value) => {
      setHeader.call(response, given, value)
      repeat(given.toLowerCase())
    },
    restore: () => {
      for (const name of Object.keys(response.getHeaders())) response.removeHeader(name)
      for (const [name, value] of Object.entries(first))
        if (value !== undefined) response.setHeader(name, typeof value === 'number' ? String(value) : value)
    }
  }
}

/** The fields that say who may receive an answer. A compression above the cache adds the encoding to `Vary`. */
const allowing = (fields: Fields): string =>
  JSON.stringify(
    ['cache-control', 'cdn-cache-control', 'expires', 'pragma', 'vary'].map((asked) =>
      fields
        .flatMap(([name, value]) => (name === asked ? value.toLowerCase().split(',') : []))
        .map((part) => part.trim())
        .filter((part) => part !== '' && (asked !== 'vary' || part !== 'accept-encoding'))
    )
  )

/**
 * Whether the head was changed above the cache: the head that was sent has another status than the cache wrote, or
 * other fields about who may receive the answer. `written` has the fields that the rules have used.
 */
export const isChanged = (written: Head, sent: Head): boolean =>
  written.status !== sent.status ||
  sent.fields.some(([name]) => name === 'set-cookie' || name === 'set-cookie2') ||
  allowing(written.fields) !== allowing(sent.fields)
