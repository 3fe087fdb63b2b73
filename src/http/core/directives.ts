/**
 * `Cache-Control`: its syntax and its meaning (RFC 9111, section 5.2).
 *
 * @internal
 */
import { makeAging } from '../../base/bounded'

/** Directives by name. Of duplicates the first value counts; of duplicate times, the shortest. */
export type Directives = ReadonlyMap<string, string | undefined>

/**
 * Splits at commas outside of quotes. A quote that is never closed is ignored: the text after it counts, as it may be
 * `private`. It takes one pass for any input, as clients also send such fields.
 */
const membersOf = (text: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let begin = 0
  let quote = -1
  for (let i = 0; i < text.length; i++) {
    const at = text[i]
    if (at === '"') quote = quote < 0 ? i : -1
    else if (at === '\\' && quote >= 0) i++
    else if (at === ',' && quote < 0) {
      found.push(text.slice(begin, i))
      begin = i + 1
    }
  }
  return quote < 0
    ? [...found, text.slice(begin)]
    : [...found, text.slice(begin, quote), ...text.slice(quote + 1).split(/[",]/)]
}

const unquoted = (text: string): string =>
  /^"(?:[^"\\]|\\.)*"$/.test(text) ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text

/** The longest time that a cache must accept (RFC 9111, section 1.2.2). */
const most = 2 ** 31

/** A number of seconds. Invalid text counts as 0: freshness was limited, but the limit is unknown. */
const seconds = (text: string | undefined): number =>
  text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), most) : 0

const times: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'max-age',
  's-maxage',
  'min-fresh',
  'stale-while-revalidate',
  'stale-if-error'
])

/** A name, and optionally a value that is a token or quoted. Some senders write spaces around `=`. */
const wellFormed = /^[^\s"(),/:;<=>?@[\\\]{}]+(?:\s*=\s*(?:[^\s"(),/:;<=>?@[\\\]{}]+|"(?:[^"\\]|\\.)*"))?$/

/**
 * Directives that are also recognised in a malformed member: its other meaning is unknown, so they count as if they
 * stood alone.
 */
const forbidding: ReadonlySet<string> = /*#__PURE__*/ new Set(['no-store', 'no-cache', 'private'])
const freshness: ReadonlySet<string> = /*#__PURE__*/ new Set(['max-age', 's-maxage'])

const wordsOf = (member: string): ReadonlyArray<string> => member.toLowerCase().split(/[^a-z0-9-]+/)

/** Whether a field has a member that is neither a name nor a name with a value. */
export const isMalformed = (text: string | undefined): boolean =>
  membersOf(text ?? '').some((member) => member.trim() !== '' && !wellFormed.test(member.trim()))

/** The directives that forbid storage, as far as they are recognised. */
export const forbiddenIn = (text: string | undefined): ReadonlyArray<string> =>
  Array.from(parseDirectives(text).keys()).filter((name) => forbidding.has(name))

const parse = (text: string): Directives => {
  const found = new Map<string, string | undefined>()
  const add = (name: string, value: string | undefined): void => {
    if (!found.has(name)) found.set(name, value)
    else if (times.has(name) && seconds(value) < seconds(found.get(name))) found.set(name, value)
  }
  for (const member of membersOf(text)) {
    if (member === '') continue
    const at = member.indexOf('=')
    const name = (at === -1 ? member : member.slice(0, at)).trim().toLowerCase()
    add(name, at === -1 ? undefined : unquoted(member.slice(at + 1).trim()))
    if (wellFormed.test(member.trim())) continue
    for (const word of wordsOf(member)) if (forbidding.has(word) || freshness.has(word)) add(word, undefined)
  }
  return found
}

/** No directives. */
export const noDirectives: Directives = /*#__PURE__*/ new Map()

const longest = 256
/** Fields that were read lately: a handler writes few different ones, and clients send few. */
const known = /*#__PURE__*/ makeAging<Directives>(128)

/** The directives of a field, in any case and order (RFC 9111, section 5.2). */
export const parseDirectives = (text: string | undefined): Directives => {
  if (text === undefined || text === '') return noDirectives
  if (text.length > longest) return parse(text)
  const there = known.get(text)
  if (there !== undefined) return there
  const read = parse(text)
  known.set(text, read)
  return read
}

// -------------------------------------------------------------------------------------
// targeted fields
// -------------------------------------------------------------------------------------

const key = '[a-z*][a-z0-9_\\-.*]*'
const item = [
  '-?\\d{1,12}\\.\\d{1,3}',
  '-?\\d{1,15}',
  '"(?:[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]|\\\\["\\\\])*"',
  "[A-Za-z*][A-Za-z0-9!#$%&'*+\\-.^_`|~:/]*",
  ':[A-Za-z0-9+/=]*:',
  '\\?[01]'
].join('|')
const parameters = `(?:; *${key}(?:=(?:${item}))?)*`
const inner = `\\( *(?:(?:${item})${parameters}(?: +(?:${item})${parameters})*)? *\\)`
/** A member of a dictionary (RFC 8941, section 3.2), with its separator from the next one. */
const dictionaryMember = new RegExp(
  `(?<name>${key})(?:=(?<value>${inner}|${item}))?${parameters}(?<end>[ \\t]*,[ \\t]*|$)`,
  'y'
)

/**
 * A field for some caches only, such as `CDN-Cache-Control` (RFC 9213): a dictionary of structured fields. `undefined`
 * if it is empty or invalid; then it must be ignored.
 */
export const parseTargeted = (text: string | undefined): Directives | undefined => {
  const given = (text ?? '').replace(/^ +| +$/g, '')
  const found = new Map<string, string | undefined>()
  let at = 0
  let last = ','
  while (at < given.length) {
    dictionaryMember.lastIndex = at
    const groups = dictionaryMember.exec(given)?.groups
    const { end = '', name = '', value } = groups ?? {}
    if (groups === undefined) return undefined
    // of duplicates, the last one counts
    found.delete(name)
    if (value !== '?0') found.set(name, value === '?1' ? undefined : value)
    at = dictionaryMember.lastIndex
    last = end
  }
  // a dictionary that ends with a comma is invalid
  return found.size === 0 || last !== '' ? undefined : found
}

/** A time in milliseconds; `undefined` if the directive is absent. */
export const durationOf = (directives: Directives, name: string): number | undefined =>
  directives.has(name) ? seconds(directives.get(name)) * 1_000 : undefined
