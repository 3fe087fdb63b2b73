/**
 * What a store does, as a `Map` with lifetimes.
 *
 * @internal
 */

export interface Model<R> {
  readonly at: (key: string) => { readonly value: R; readonly until: number } | undefined
  readonly left: (key: string) => number
  readonly set: (key: string, value: R, ttl: number) => void
  readonly delete: (key: string) => void
  readonly touch: (key: string, ttl: number) => boolean
  readonly clear: (prefix: string) => void
  readonly pass: (ms: number) => void
}

export const makeModel = <R>(keeps: boolean): Model<R> => {
  const entries = new Map<string, { readonly value: R; readonly until: number }>()
  let now = 0
  const at: Model<R>['at'] = (key) => {
    const entry = entries.get(key)
    return entry !== undefined && entry.until > now ? entry : undefined
  }
  return {
    at,
    left: (key) => (at(key)?.until ?? now) - now,
    set: (key, value, ttl) => {
      if (ttl > 0 && keeps) entries.set(key, { value, until: now + ttl })
      else entries.delete(key)
    },
    delete: (key) => void entries.delete(key),
    touch: (key, ttl) => {
      const entry = at(key)
      if (entry === undefined) return false
      if (ttl > 0) entries.set(key, { ...entry, until: now + ttl })
      else entries.delete(key)
      return true
    },
    clear: (prefix) => {
      for (const key of Array.from(entries.keys())) if (key.startsWith(prefix)) entries.delete(key)
    },
    pass: (ms) => void (now += ms)
  }
}
