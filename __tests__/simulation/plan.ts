/** What a seed decides before anything runs: how many nodes and keys, which policy, how bad the network is. */
import type { Random } from './world'

export interface Times {
  readonly least: number
  readonly most: number
}

export type Change = 'delete' | 'set' | 'update' | 'purge' | 'clear'

export interface Plan {
  readonly nodes: number
  readonly keys: number
  readonly steps: number
  /** How long it takes, on average, from one step to the next: 1, or less. */
  readonly pace: number
  /** What changes are made, by weight. */
  readonly changes: Readonly<Record<Change, number>>
  /** Nothing is lost, late or wrong, and no node crashes. */
  readonly calm: boolean
  /** The store lies in the memory of the nodes, which are rings of one process: reads need no promise. */
  readonly near: boolean
  /** A codec to bytes; else the store holds references. */
  readonly codec: boolean
  readonly tags: boolean
  readonly batch: boolean
  readonly policy: {
    readonly ttl: number
    /** The lifetime depends on the value: every second version lives half as long. */
    readonly ttlBy: boolean
    readonly jitter: number
    readonly staleWhileRevalidate: number
    readonly staleIfError: number
    readonly retryThrottle: number | undefined
    readonly refreshAhead: number | undefined
    readonly earlyRefresh: { readonly beta: number; readonly window: number } | undefined
    readonly lease: { readonly ttl: number; readonly wait: number } | undefined
    readonly softTimeout: number | undefined
    readonly timeout: number | undefined
    readonly negative: number | undefined
    /** Every fifth version is not stored. */
    readonly cacheWhen: boolean
    readonly loadTimeout: number
  }
  readonly network: {
    readonly deadline: number
    readonly delay: Times
    /** How often a message takes long, up to several deadlines. */
    readonly slow: number
    readonly lost: number
    /** How often the store answers with an error. */
    readonly fails: number
    /** One connection keeps the order of what it sends; a pool does not. */
    readonly ordered: boolean
  }
  readonly load: {
    readonly time: Times
    readonly fails: number
    readonly throws: number
    /** How often a load takes longer than it may. */
    readonly stuck: number
  }
}

export const makePlan = (random: Random): Plan => {
  const { chance, pick } = random
  const maybe = <A>(p: number, from: ReadonlyArray<A>): A | undefined => (chance(p) ? pick(from) : undefined)
  const calm = chance(0.2)
  const near = !calm && chance(0.1)
  const nodes = pick([1, 2, 2, 3, 3])
  const lease = maybe(nodes > 1 ? 0.8 : 0.4, [
    { ttl: pick([60, 200, 1_000]), wait: pick([0, 100, 1_000, 4_000]) }
  ])
  const loadTimeout = pick([300, 1_500, 60_000])
  const deadline = calm ? 250 : pick([40, 100, 250])
  const tags = chance(0.4)
  const faulty = !calm && !near
  return {
    nodes,
    keys: pick([1, 1, 2, 3]),
    steps: pick([15, 30, 60]),
    pace: pick([0.2, 0.5, 1, 1]),
    changes: {
      delete: pick([0, 1, 2]),
      set: pick([0, 0, 1]),
      update: pick([0, 1, 2]),
      purge: tags ? pick([0, 1, 3]) : 0,
      clear: pick([0, 0, 1])
    },
    calm,
    near,
    codec: chance(0.4),
    tags,
    batch: chance(0.3),
    policy: {
      ttl: pick([30, 100, 400, 1_500, 5_000]),
      ttlBy: chance(0.15),
      jitter: pick([0, 0, 0, 0.1, 0.5]),
      staleWhileRevalidate: pick([0, 0, 50, 300, 1_500]),
      staleIfError: pick([0, 0, 100, 800, 3_000]),
      retryThrottle: maybe(0.6, [0, 50, 400]),
      refreshAhead: maybe(0.25, [0.3, 0.6, 0.9]),
      earlyRefresh: maybe(0.25, [{ beta: pick([0.5, 1, 5]), window: pick([0.2, 0.5, 1]) }]),
      // where nothing goes wrong a lease lasts and is waited for
      lease: lease === undefined || !calm ? lease : { ttl: 1_000, wait: 60_000 },
      softTimeout: maybe(0.3, [5, 30, 150]),
      timeout: maybe(0.25, [20, 100, 600]),
      negative: maybe(0.35, [50, 400, 2_000]),
      cacheWhen: chance(0.1),
      loadTimeout: calm ? 60_000 : loadTimeout
    },
    network: {
      deadline,
      delay: pick([
        { least: 0, most: 2 },
        { least: 1, most: 10 },
        { least: 3, most: 30 }
      ]),
      slow: faulty ? pick([0, 0.02, 0.15]) : 0,
      lost: faulty ? pick([0, 0.01, 0.1, 0.3]) : 0,
      fails: faulty ? pick([0, 0, 0.05]) : 0,
      ordered: chance(0.5)
    },
    load: {
      time: pick([
        { least: 0, most: 10 },
        { least: 10, most: 100 },
        { least: 50, most: 600 }
      ]),
      fails: pick([0, 0.1, 0.5]),
      throws: pick([0, 0, 0.03]),
      stuck: !calm && loadTimeout <= 1_500 ? pick([0, 0, 0.05]) : 0
    }
  }
}
