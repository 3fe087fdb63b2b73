/**
 * The warnings of one ring: the first fault of each kind at once; while they continue, one warning a minute, with their
 * number since the last. No timer is set, so there is no further warning of a fault that has ended.
 *
 * @internal
 */
import { ignore } from '../base/ignore'
import { warn, type WarningCode } from '../base/warning'

export type Warn = (code: WarningCode, kind: string, words: () => string) => void

/** How long faults of a kind are only counted after a warning. */
export const pause = 60_000

/** `now`: in milliseconds, by any clock. */
export const makeWarner = (ring: string, now: () => number, isOn: boolean): Warn => {
  if (!isOn) return ignore
  const told = new Map<string, { readonly at: number; unheard: number }>()
  return (code, kind, words) => {
    const at = now()
    const last = told.get(kind)
    if (last !== undefined && at - last.at < pause) {
      last.unheard++
      return
    }
    told.set(kind, { at, unheard: 0 })
    const again =
      last === undefined || last.unheard === 0
        ? ''
        : ` (and ${String(last.unheard)} more since the last warning)`
    warn(code, `ring '${ring}': ${words()}${again}`)
  }
}
