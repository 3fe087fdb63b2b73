/**
 * `Cache-Control`, as it is written and as it is meant (RFC 9111, section 5.2).
 *
 * @internal
 */

/**
 * Directives by name. Of those that are named twice the first value stays, but for times: there the shortest.
 *
 * @internal
 */
export type Directives = ReadonlyMap<string, string | undefined>

/**
 * What commas separate; in quotes they separate nothing. A quote that is never closed is none: what comes after it counts,
 * as it may be `private`. In one pass, whatever it is: clients write such fields, too.
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

/** The longest time that anybody need understand (RFC 9111, section 1.2.2). */
const most = 2 ** 31

/** A number of seconds. What is none counts as 0: its author has said something of freshness, and nobody knows what. */
const seconds = (text: string | undefined): number =>
  text !== undefined && /^\d+$/.test(text) ? Math.min(Number(text), most) : 0

const times: ReadonlySet<string> = /*#__PURE__*/ new Set([
  'max-age',
  's-maxage',
  'min-fresh',
  'stale-while-revalidate',
  'stale-if-error'
])

/** @internal */
export const parseDirectives = (text: string | undefined): Directives => {
  const found = new Map<string, string | undefined>()
  for (const member of membersOf(text ?? '')) {
    if (member === '') continue
    const at = member.indexOf('=')
    const name = (at === -1 ? member : member.slice(0, at)).trim().toLowerCase()
    const value = at === -1 ? undefined : unquoted(member.slice(at + 1).trim())
    const there = found.get(name)
    if (!found.has(name)) found.set(name, value)
    else if (times.has(name) && seconds(value) < seconds(there)) found.set(name, value)
  }
  return found
}

/**
 * A time in milliseconds; nothing where the directive is not there.
 *
 * @internal
 */
export const durationOf = (directives: Directives, name: string): number | undefined =>
  directives.has(name) ? seconds(directives.get(name)) * 1_000 : undefined
