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

/** Commas in quotes separate nothing. */
const members = /(?:[^",]|"(?:[^"\\]|\\.)*")+/g

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
  for (const [member] of (text ?? '').matchAll(members)) {
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
