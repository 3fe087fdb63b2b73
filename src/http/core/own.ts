/**
 * Which fields of an answer belong to the page, if others were set on the response before the cache. And whether a head
 * was changed on its way to the client.
 *
 * @internal
 */
import type { Fields, Head } from './model'

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

const pair = ([name, value]: Fields[number]): string => `${name}\n${value}`

/** The fields of the page: those that were not there before, or that were set again (`repeated`). */
export const ownFields = (before: Fields, repeated: ReadonlySet<string>, fields: Fields): Fields => {
  if (before.length === 0) return fields
  const there = new Set(before.map(pair))
  return fields.filter((field) => repeated.has(field[0]) || !there.has(pair(field)) || meant.has(field[0]))
}

/**
 * Whether the handler has added a value to a field that was there before: the value from before is not the page's, and cannot
 * be told apart when the page is sent again.
 */
export const isMixed = (before: Fields, repeated: ReadonlySet<string>, fields: Fields): boolean => {
  if (before.length === 0 || repeated.size === 0) return false
  const there = new Set(before.map(pair))
  const added = fields.filter(
    (field) => repeated.has(field[0]) && !meant.has(field[0]) && !there.has(pair(field))
  )
  return added.some(([name]) => fields.some((field) => field[0] === name && there.has(pair(field))))
}

/** The names of fields that were there before, and that the answer does not have. */
export const removedNames = (before: Fields, fields: Fields): ReadonlyArray<string> => {
  const names = new Set(fields.map(([name]) => name))
  return Array.from(new Set(before.map(([name]) => name))).filter((name) => !names.has(name))
}

const allowing: ReadonlyArray<string> = ['cache-control', 'cdn-cache-control', 'expires', 'pragma', 'vary']

/** The fields that say who may receive an answer. A compression above the cache adds the encoding to `Vary`. */
const allowed = (fields: Fields): string =>
  JSON.stringify(
    allowing.map((asked) =>
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
  allowed(written.fields) !== allowed(sent.fields)
