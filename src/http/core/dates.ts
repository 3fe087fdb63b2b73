/**
 * Dates of HTTP (RFC 9110, section 5.6.7).
 *
 * @internal
 */
import { makeAging } from '../../base/bounded'

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

const parse = (text: string, now: number): number | undefined => {
  const said = text.trim().toLowerCase()
  const groups = (fixed.exec(said) ?? old.exec(said) ?? asctime.exec(said))?.groups
  return groups === undefined ? undefined : utc(groups, now)
}

/** Whether a text can only be a date in today's form. It has the whole year, so its meaning does not depend on the present. */
const isUsual = (text: string): boolean => text.length === 29 && text[3] === ','

/** Dates that were read lately: the answers of one second have one date, and a page has the same date for each client. */
const known = /*#__PURE__*/ makeAging<number>(64)

/**
 * A date in one of the three forms of RFC 9110, section 5.6.7, in milliseconds; `undefined` if it is invalid. Letters of
 * either case are accepted (RFC 9111, section 4.2).
 */
export const timeOf = (text: string | undefined, now: number): number | undefined => {
  if (text === undefined) return undefined
  if (!isUsual(text)) return parse(text, now)
  const there = known.get(text)
  if (there !== undefined) return there
  const time = parse(text, now)
  if (time !== undefined) known.set(text, time)
  return time
}
