/**
 * Header fields for a cache: names in lower case, in the order of arrival.
 *
 * @internal
 */

export type Field = readonly [name: string, value: string]
export type Fields = ReadonlyArray<Field>

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

/** All values of a field, as one list; `undefined` if it is absent. */
export const valueOf = (fields: Fields, wanted: string): string | undefined => {
  const values = fields.filter(([n]) => n === wanted).map(([, v]) => v)
  return values.length === 0 ? undefined : values.join(', ')
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

/** The same fields, with all fields of a name replaced by one. */
export const withField = (fields: Fields, n: string, v: string): Fields => [
  ...fields.filter(([other]) => other !== n),
  [n, v]
]

const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const long = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const clockTime = '(?<h>\\d{2}):(?<i>\\d{2}):(?<s>\\d{2})'
const month = `(?<m>${months.join('|')})`
const fixed = new RegExp(`^(?:${days.join('|')}), (?<d>\\d{2}) ${month} (?<y>\\d{4}) ${clockTime} gmt$`)
const old = new RegExp(`^(?:${long.join('|')}), (?<d>\\d{2})-${month}-(?<y>\\d{2}) ${clockTime} gmt$`)
const asctime = new RegExp(`^(?:${days.join('|')}) ${month} (?<d>[ \\d]\\d) ${clockTime} (?<y>\\d{4})$`)

/** Two digits mean a year that is at most 50 years ahead (RFC 9110, section 5.6.7). */
const yearOf = (text: string, now: number): number => {
  const year = Number(text)
  if (text.length > 2) return year
  const present = new Date(now).getUTCFullYear()
  const near = present - (present % 100) + year
  return near > present + 50 ? near - 100 : near
}

type Groups = Readonly<Record<string, string>>

const utc = ({ d = '', h, i, m = '', s, y = '' }: Groups, now: number): number | undefined => {
  const [day, hour, minute, second] = [d, h, i, s].map(Number)
  // SAFETY: four numbers from four texts
  const ranges =
    (day as number) >= 1 && (day as number) <= 31 && (hour as number) <= 23 && (minute as number) <= 59
  return ranges ? Date.UTC(yearOf(y, now), months.indexOf(m), day, hour, minute, second) : undefined
}

/** A date in one of the three forms of RFC 9110, in milliseconds; `undefined` if it is invalid. */
export const timeOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  const said = text.trim().toLowerCase()
  const groups = (fixed.exec(said) ?? old.exec(said) ?? asctime.exec(said))?.groups
  return groups === undefined ? undefined : utc(groups, now)
}
