/**
 * A model of a store: a `Map` with lifetimes.
 *
 * @internal
 */
import { type Case, counting, type Left } from './case'

export interface Model<R> {
  /** Starts the time of the next write: call it before the store's operation. */
  readonly begin: () => void
  readonly at: (key: string) => (Life & { readonly value: R }) | undefined
  /** The remaining lifetime of an entry, by the waits of the program alone; zero if there is no entry. */
  readonly life: (key: string) => number
  readonly set: (key: string, value: R, ttl: number) => void
  readonly delete: (key: string) => void
  readonly touch: (key: string, ttl: number) => boolean
  readonly clear: (prefix: string) => void
  readonly pass: (ms: number) => void
}

/** A lifetime, with its start. */
export interface Life {
  readonly until: number
  readonly left: () => Left
}

/** The lifetimes of a program: time passes by its waits, and also because the machine is slow. */
export const makeLives = <R>(c: Case<R>) => {
  let now = 0
  let lefts = counting(c)
  return {
    begin: (): void => void (lefts = counting(c)),
    now: (): number => now,
    pass: (ms: number): void => void (now += ms),
    from: (ttl: number): Life => {
      const [begun, leftOf] = [now, lefts]
      return { until: begun + ttl, left: () => leftOf(ttl, now - begun) }
    }
  }
}

export const makeModel = <R>(c: Case<R>): Model<R> => {
  const entries = new Map<string, Life & { readonly value: R }>()
  const lives = makeLives(c)
  const at = (key: string) => {
    const entry = entries.get(key)
    return entry !== undefined && entry.until > lives.now() ? entry : undefined
  }
  return {
    begin: lives.begin,
    at,
    life: (key) => (at(key)?.until ?? lives.now()) - lives.now(),
    set: (key, value, ttl) => {
      if (ttl > 0 && c.keeps) entries.set(key, { value, ...lives.from(ttl) })
      else entries.delete(key)
    },
    delete: (key) => void entries.delete(key),
    touch: (key, ttl) => {
      const entry = at(key)
      if (entry === undefined) return false
      if (ttl > 0) entries.set(key, { value: entry.value, ...lives.from(ttl) })
      else entries.delete(key)
      return true
    },
    clear: (prefix) => {
      for (const key of Array.from(entries.keys())) if (key.startsWith(prefix)) entries.delete(key)
    },
    pass: lives.pass
  }
}
