/**
 * Changes everything that can be changed in a value, in place.
 *
 * @internal
 */
import { types } from 'node:util'

export const vandalize = (u: unknown): void => {
  if (typeof u !== 'object' || u === null || Object.isFrozen(u)) return
  if (types.isDate(u)) u.setTime(1)
  else if (types.isMap(u) || types.isSet(u)) u.clear()
  else if (types.isUint8Array(u)) u.fill(42)
  else
    for (const key of Object.keys(u)) {
      vandalize(Reflect.get(u, key))
      Reflect.set(u, key, 'vandalized')
    }
}
