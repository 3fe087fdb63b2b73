/**
 * Header fields for a cache: names in lower case, in the order of arrival.
 *
 * @internal
 */
import type { Field, Fields } from './model'

export type { Field, Fields } from './model'

/** Fields of one connection (RFC 9110, section 7.6.1; RFC 9111, section 3.1), or that every answer has to set again. */
const ofOneMessage: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'set-cookie',
  'set-cookie2',
  'content-length',
  'age'
])

const name = /^[!#$%&'*+\-.^_`|~0-9a-z]{1,256}$/
// any characters except control characters; tabs and spaces only inside
const value = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/

/** Whether a field may be stored, and sent from the store. */
export const isStorable = ([n, v]: Field): boolean => name.test(n) && value.test(v) && !ofOneMessage.has(n)

/** Whether a text in lower case is a valid name of a field. */
export const isName = (text: string): boolean => name.test(text)

/** All values of a field, as one list; `undefined` if it is absent. Hot path: a field is not destructured. */
export const valueOf = (fields: Fields, wanted: string): string | undefined => {
  let found: string | undefined
  for (const field of fields)
    if (field[0] === wanted) found = found === undefined ? field[1] : `${found}, ${field[1]}`
  return found
}

/** Whether a field is present. */
export const hasField = (fields: Fields, wanted: string): boolean => {
  for (const field of fields) if (field[0] === wanted) return true
  return false
}

const isSpace = (text: string, at: number): boolean => text[at] === ' ' || text[at] === '\t'

/** Removes spaces and tabs at both ends (RFC 9110, section 5.6.3); `trim` would remove more. */
export const trimmed = (text: string): string => {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text, start)) start++
  while (start < end && isSpace(text, end - 1)) end--
  return text.slice(start, end)
}

/** The members of a list of tokens, in lower case, without duplicates. */
export const tokensOf = (list: string | undefined): ReadonlyArray<string> =>
  list === undefined
    ? []
    : Array.from(new Set(list.split(',').map((token) => token.trim().toLowerCase()))).filter(
        (token) => token !== ''
      )

/** The fields that are stored: all except those of the connection, and those that `Connection` names. */
export const stored = (fields: Fields, all: Fields = fields): Fields => {
  const named = new Set(tokensOf(valueOf(all, 'connection')))
  return fields.filter(([n]) => !named.has(n) && !ofOneMessage.has(n))
}

/** The fields of one name: its value, or its values if it occurs more than once. */
export type Line = readonly [name: string, values: string | ReadonlyArray<string>]

/** Fields by name, as a response takes them. */
export const linesOf = (fields: Fields): ReadonlyArray<Line> => {
  const lines = new Map<string, string | ReadonlyArray<string>>()
  for (const [n, v] of fields) {
    const there = lines.get(n)
    lines.set(n, there === undefined ? v : typeof there === 'string' ? [there, v] : [...there, v])
  }
  return Array.from(lines)
}

/** The same fields, with all fields of a name replaced by one. */
export const withField = (fields: Fields, n: string, v: string): Fields => [
  ...fields.filter(([other]) => other !== n),
  [n, v]
]
