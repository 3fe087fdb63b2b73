/**
 * Warnings about what no observer receives: emitted by the process if it can warn, otherwise printed on the console.
 *
 * @internal
 */
import { host, isWorkers } from './host'

/** The codes that Node's `--disable-warning` takes; it also takes the type of all of them, `FpRingWarning`. */
export type WarningCode = 'FP_RING_SHARED_NAME' | 'FP_RING_FAULT' | 'FP_RING_OBSERVER'

/** The longest warning, in characters: it contains the user's names and prefixes. */
const longest = 1_000
/** How many warnings a process may print in one minute. */
const mostPerMinute = 20
const minute = 60_000

/** Makes one line of any text: control characters in a name could overwrite other lines of a terminal or a log. */
const asLine = (text: string): string => {
  const line = text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  )
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line
}

/**
 * Counts printed warnings: returns how many were left out before this one, or `undefined` if this one may not be
 * printed.
 */
export const makeQuota = (now: () => number) => {
  let since = -Infinity
  let printed = 0
  let left = 0
  const take = (): number | undefined => {
    const at = now()
    if (at - since >= minute || at < since) {
      since = at
      printed = 0
    }
    if (printed >= mostPerMinute) {
      left++
      return undefined
    }
    printed++
    const before = left
    left = 0
    return before
  }
  return {
    take,
    /** For tests: begins a new minute. */
    renew: (): void => {
      since = -Infinity
      left = 0
    }
  }
}

/** The quota of this process. */
export const quota = /*#__PURE__*/ makeQuota(() => performance.now())

/**
 * Prints a warning. It never throws, even if the program has replaced the function that prints. A process that has
 * printed many warnings in one minute prints no more until the minute is over, and then says how many it left out.
 */
export const warn = (code: WarningCode, message: string): void => {
  const before = quota.take()
  if (before === undefined) return
  const { console, process } = host
  const more = before === 0 ? '' : ` (${String(before)} warnings of fp-ring were left out before this one)`
  const text = asLine(`fp-ring: ${message}`) + more
  try {
    // in Workers, `emitWarning` prints nothing
    if (typeof process?.emitWarning === 'function' && !isWorkers(host))
      process.emitWarning(text, { type: 'FpRingWarning', code })
    else if (typeof console?.warn === 'function') console.warn(`[${code}] ${text}`)
  } catch {
    // there is no other way to warn
  }
}
