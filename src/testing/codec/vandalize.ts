/**
 * Changes all mutable parts of a value, in place.
 *
 * @internal
 */
import { isDate, isMap, isSet, isUint8Array } from '../../base/slots'

export const vandalize = (u: unknown): void => {
  if (typeof u !== 'object' || u === null || Object.isFrozen(u)) return
  if (isDate(u)) u.setTime(1)
  else if (isMap(u) || isSet(u)) u.clear()
  else if (isUint8Array(u)) u.fill(42)
  else
    for (const key of Object.keys(u)) {
      vandalize(Reflect.get(u, key))
      Reflect.set(u, key, 'vandalized')
    }
}
