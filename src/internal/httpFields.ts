/**
 * Header fields as a cache sees them: names in lower case, in the order in which they came.
 *
 * @internal
 */

/** @internal */
export type Field = readonly [name: string, value: string]
/** @internal */
export type Fields = ReadonlyArray<Field>

/** What belongs to one connection (RFC 9110, section 7.6.1; RFC 9111, section 3.1), or is made anew for every answer. */
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
// a tab, and everything that is no control character; no line ends with it and none begins
const value = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/

/**
 * Whether a field may lie in a store, and be sent from there.
 *
 * @internal
 */
export const isStorable = ([n, v]: Field): boolean => name.test(n) && value.test(v) && !ofOneMessage.has(n)

/**
 * All values of a field, as one list; nothing where it is not there.
 *
 * @internal
 */
export const valueOf = (fields: Fields, wanted: string): string | undefined => {
  const values = fields.filter(([n]) => n === wanted).map(([, v]) => v)
  return values.length === 0 ? undefined : values.join(', ')
}

/**
 * The members of a list of tokens, in lower case, without duplicates.
 *
 * @internal
 */
export const tokensOf = (list: string | undefined): ReadonlyArray<string> =>
  list === undefined
    ? []
    : Array.from(new Set(list.split(',').map((token) => token.trim().toLowerCase()))).filter(
        (token) => token !== ''
      )

/**
 * The fields that are stored: not those of the connection, nor those that `Connection` names.
 *
 * @internal
 */
export const stored = (fields: Fields, all: Fields = fields): Fields => {
  const named = new Set(tokensOf(valueOf(all, 'connection')))
  return fields.filter(([n]) => !named.has(n) && !ofOneMessage.has(n))
}

/**
 * The same fields with one in the place of all others of its name.
 *
 * @internal
 */
export const withField = (fields: Fields, n: string, v: string): Fields => [
  ...fields.filter(([other]) => other !== n),
  [n, v]
]

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const long = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const clockTime = '(\\d{2}):(\\d{2}):(\\d{2})'
const month = `(${months.join('|')})`
const fixed = new RegExp(`^(?:${days.join('|')}), (\\d{2}) ${month} (\\d{4}) ${clockTime} gmt$`)
const old = new RegExp(`^(?:${long.join('|')}), (\\d{2})-${month}-(\\d{2}) ${clockTime} gmt$`)
const asctime = new RegExp(`^(?:${days.join('|')}) ${month} ([ \\d]\\d) ${clockTime} (\\d{4})$`)

const utc = (
  y: number,
  m: string,
  d: string,
  h: string,
  min: string,
  s: string,
  now: number
): number | undefined => {
  // two digits stand for the year that is at most 50 years ahead (RFC 9110, section 5.6.7)
  const century = Math.floor(new Date(now).getUTCFullYear() / 100) * 100
  const year =
    y > 99 ? y : century + y > new Date(now).getUTCFullYear() + 50 ? century + y - 100 : century + y
  const time = Date.UTC(year, months.indexOf(m), Number(d), Number(h), Number(min), Number(s))
  return Number.isNaN(time) || Number(d) < 1 || Number(d) > 31 || Number(h) > 23 || Number(min) > 59
    ? undefined
    : time
}

/**
 * A date in one of the three forms of RFC 9110, in milliseconds; nothing where it is none.
 *
 * @internal
 */
export const timeOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  const s = text.trim().toLowerCase()
  const [, d1, m1, y1, ...t1] = fixed.exec(s) ?? []
  // the proof, here and below: where the expression fits, all its groups are there
  if (d1 !== undefined) return utc(Number(y1), m1!, d1, t1[0]!, t1[1]!, t1[2]!, now)
  const [, d2, m2, y2, ...t2] = old.exec(s) ?? []
  if (d2 !== undefined) return utc(Number(y2), m2!, d2, t2[0]!, t2[1]!, t2[2]!, now)
  const [, m3, d3, h3, min3, s3, y3] = asctime.exec(s) ?? []
  return m3 === undefined ? undefined : utc(Number(y3), m3, d3!.trim(), h3!, min3!, s3!, now)
}
