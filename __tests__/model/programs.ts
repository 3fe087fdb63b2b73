/** The programs that are explored: what the rings are like, what is there, and who does what. */
import type { Store } from '../../src'
import { waitsForNoLease } from './checks'
import type { History } from './history'
import type { Fate } from './store'

export interface Actor {
  readonly act: 'call' | 'get' | 'many' | 'delete' | 'set' | 'update' | 'purge' | 'clear' | 'wait' | 'change'
  /** Its process. */
  readonly ring?: 0 | 1
  readonly key?: 1 | 2
}

export interface Plan {
  readonly actors: ReadonlyArray<Actor>
  /** `memory`: a store that answers at once. `far`: each call is two steps. */
  readonly kind: 'memory' | 'far'
  readonly rings?: 1 | 2
  readonly lease?: boolean
  readonly tags?: boolean
  readonly stale?: number
  readonly ifError?: number
  /** How long a load that has failed is not tried again, in milliseconds. */
  readonly throttle?: number
  readonly strict?: boolean
  /** The policy stores no value. */
  readonly keepsNothing?: boolean
  readonly batch?: boolean
  readonly observed?: boolean
  /** The entry of key 1 when the program begins. */
  readonly there?: 'fresh' | 'stale' | 'expired' | 'invalid'
  /** Which runs of the function fail; `maybe`: the explorer chooses. */
  readonly fails?: 'first' | 'second' | 'always' | 'maybe'
  readonly throws?: boolean
  /** The first run never ends. */
  readonly hangs?: boolean
  /** The arguments are objects, which their owner changes. */
  readonly mutable?: boolean
  /** One of so many first calls of the store breaks. */
  readonly breaks?: number
  readonly fate?: (operation: Store.Operation, nth: number) => Fate | undefined
  readonly deadline?: number
  readonly early?: number
  readonly jobs?: ReadonlyArray<number>
  /** What must hold of this program beside what holds of all. */
  readonly also?: (history: History) => string | undefined
}

// -------------------------------------------------------------------------------------
// actors
// -------------------------------------------------------------------------------------

const call: Actor = { act: 'call' }
const get: Actor = { act: 'get' }
const many: Actor = { act: 'many' }
const remove: Actor = { act: 'delete' }
const set: Actor = { act: 'set' }
const update: Actor = { act: 'update' }
const purge: Actor = { act: 'purge' }
const clear: Actor = { act: 'clear' }
const wait: Actor = { act: 'wait' }
const change: Actor = { act: 'change' }
/** The same in the other process. */
const there = (actor: Actor): Actor => ({ ...actor, ring: 1 })
const ofTwo = (actor: Actor): Actor => ({ ...actor, key: 2 })

// -------------------------------------------------------------------------------------
// programs
// -------------------------------------------------------------------------------------

/** Law 20: the read of the store is shared, too. */
const readsOnce = ({ reading }: History): string | undefined =>
  reading > 1 ? `law 20: ${String(reading)} reads of a key at once` : undefined

type Settings = Omit<Plan, 'kind'>

const windows = { stale: 50_000 } as const
const errors = { ifError: 50_000 } as const
const leased = { lease: true } as const
const fleet = { lease: true, rings: 2 } as const
const tagged = { tags: true } as const

/** Of one process, with neither leases nor tags. */
const plain: Readonly<Record<string, Settings>> = {
  'two callers': { actors: [call, call, call], observed: true, jobs: [Infinity, 0, 2], also: readsOnce },
  'two callers, the load may fail': { actors: [call, call, call], fails: 'maybe', observed: true },
  'two callers, the load may throw': { actors: [call, call, call], fails: 'maybe', throws: true },
  'two callers, a deletion': { actors: [call, call, remove], jobs: [Infinity, 0, 1, 4] },
  'two callers, two deletions': { actors: [call, call, remove, remove] },
  'two callers, an update': { actors: [call, call, update], fails: 'maybe' },
  'two callers, two updates': { actors: [call, call, update, update] },
  'two callers, a deletion, an update': { actors: [call, call, remove, update] },
  'the same, the first load fails': { actors: [call, call, remove, update], fails: 'first' },
  'the same, the first load throws': { actors: [call, call, remove, update], fails: 'first', throws: true },
  'two callers, a set': { actors: [call, call, set], jobs: [Infinity, 0, 2] },
  'a caller, a set, a deletion, a get': { actors: [call, set, remove, get] },
  'a caller, two sets, an update': { actors: [call, set, set, update] },
  'two callers, a clear': { actors: [call, call, clear] },
  'fresh: two callers, a clear': { actors: [call, call, clear], there: 'fresh' },
  'fresh: an update that fails, a get': { actors: [update, get, call], there: 'fresh', fails: 'always' },
  'fresh: two updates, the second fails, two callers': {
    actors: [update, update, call, call],
    there: 'fresh',
    fails: 'second'
  },
  'expired: two callers, an update, the second load fails': {
    actors: [call, call, update],
    ...errors,
    there: 'expired',
    fails: 'second'
  },
  'a caller, a clear, an update': { actors: [call, clear, update], there: 'fresh' },
  'expired: two callers, a clear': {
    actors: [call, call, clear],
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'a list, two callers': { actors: [many, call, ofTwo(call)] },
  'a list, a caller, a deletion': { actors: [many, call, remove] },
  'two lists in batches': { actors: [many, many, call], batch: true },
  'a list in a batch, a caller, a deletion': { actors: [many, call, remove], batch: true, fails: 'maybe' },
  'a list in a batch, a deletion, an update': { actors: [many, remove, update], batch: true, observed: true },
  'expired: a list, a caller, a deletion': {
    actors: [many, call, remove],
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'fresh: a caller, a list, an update that may fail': {
    actors: [call, many, update],
    there: 'fresh',
    fails: 'maybe',
    observed: true
  },
  'fresh: a caller, a deletion, an update': { actors: [call, remove, update], there: 'fresh' },
  'fresh: two updates, the first fails, a get': {
    actors: [update, update, get],
    there: 'fresh',
    fails: 'first'
  },
  'fresh: an update whose value is not stored, a get': {
    actors: [update, get, call],
    there: 'fresh',
    keepsNothing: true
  },
  'fresh: an update, a deletion, a get': { actors: [update, remove, get], there: 'fresh' },
  'fresh: an update, a deletion, a set': { actors: [update, remove, set, call], there: 'fresh' },
  'an entry that cannot be decoded: three callers': { actors: [call, call, call], there: 'invalid' },
  'a load that takes too long: two callers': { actors: [call, wait, call, call] },
  'a load that takes too long: a caller, a deletion': { actors: [call, wait, call, remove] },
  'fresh: an update that takes too long': { actors: [update, wait, call], there: 'fresh' },
  'a load that takes too long: a caller of another key': { actors: [call, wait, ofTwo(call)] },
  'a load that never ends: two callers': { actors: [call, wait, call, call], hangs: true },
  'a load that never ends: a list': { actors: [call, wait, many], hangs: true },
  'arguments that are changed': { actors: [call, change, call], mutable: true, jobs: [Infinity, 0, 1, 2] },
  'stale: three callers': { actors: [call, call, call], ...windows, there: 'stale', observed: true },
  'stale: three callers, all loads fail': {
    actors: [call, call, call],
    ...windows,
    there: 'stale',
    fails: 'always'
  },
  'stale: two callers, a deletion': {
    actors: [call, call, remove],
    ...windows,
    there: 'stale',
    jobs: [Infinity, 0, 3]
  },
  'stale: two callers, a deletion, an update': {
    actors: [call, call, remove, update],
    ...windows,
    there: 'stale'
  },
  'stale: a list, a caller, a set': { actors: [many, call, set], ...windows, there: 'stale' },
  'expired: three callers': { actors: [call, call, call], ...errors, there: 'expired', fails: 'maybe' },
  'expired, loads are tried again at once: three callers, all loads fail': {
    actors: [call, call, call],
    ...errors,
    there: 'expired',
    fails: 'always',
    throttle: 0
  },
  'expired: three callers, all loads fail': {
    actors: [call, call, call],
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'expired: two callers, a deletion, all loads fail': {
    actors: [call, call, remove],
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'expired: two callers, an update': {
    actors: [call, call, update],
    ...errors,
    there: 'expired',
    fails: 'maybe'
  },
  'expired: three callers, a deletion, all loads fail': {
    actors: [call, call, call, remove],
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'expired: two callers, a deletion, an update, the first load fails': {
    actors: [call, call, remove, update],
    ...errors,
    there: 'expired',
    fails: 'first'
  }
}

/** With leases: of one process, and of two. */
const leases: Readonly<Record<string, Settings>> = {
  'lease: two callers, a deletion': { actors: [call, call, remove], ...leased },
  'lease: two callers, a deletion, an update': { actors: [call, call, remove, update], ...leased },
  'lease: two callers, the load may throw': { actors: [call, call], ...leased, fails: 'maybe', throws: true },
  'lease: a list in a batch, a caller, a deletion': { actors: [many, call, remove], ...leased, batch: true },
  'lease, an entry that cannot be decoded: two callers': {
    actors: [call, call],
    ...leased,
    there: 'invalid'
  },
  'lease, a load that takes too long: two callers': { actors: [call, wait, call], ...leased },
  'fleet: a caller each': { actors: [call, there(call)], ...fleet, early: 1 },
  'fleet: two callers, a caller': { actors: [call, call, there(call)], ...fleet, observed: true },
  'fleet: a caller each, the load may fail': { actors: [call, there(call)], ...fleet, fails: 'maybe' },
  'fleet: a caller each, a deletion': { actors: [call, there(call), there(remove)], ...fleet },
  'fleet: two callers, a deletion by the other': { actors: [call, call, there(remove)], ...fleet },
  'fleet: two callers, an update by the other': { actors: [call, call, there(update)], ...fleet },
  'fleet: two callers, a set by the other': { actors: [call, call, there(set)], ...fleet },
  'fleet: two callers, a deletion by the other, all loads fail': {
    actors: [call, call, there(remove)],
    ...fleet,
    fails: 'always'
  },
  'fleet: two updates, a caller': { actors: [call, update, there(update)], ...fleet },
  'fleet: a caller each, both delete': { actors: [call, there(call), remove, there(remove)], ...fleet },
  'fleet, fresh: two callers, a deletion by the other': {
    actors: [call, call, there(remove)],
    ...fleet,
    there: 'fresh'
  },
  'fleet, fresh: two updates, one may fail, a get': {
    actors: [update, there(update), get],
    ...fleet,
    there: 'fresh',
    fails: 'maybe'
  },
  'fleet, fresh: an update, a deletion by the other, a get': {
    actors: [update, there(remove), get],
    ...fleet,
    there: 'fresh'
  },
  'fleet, fresh: an update whose value is not stored, a caller': {
    actors: [update, there(call), get],
    ...fleet,
    there: 'fresh',
    keepsNothing: true
  },
  'fleet: two callers, a caller, a deletion by the other': {
    actors: [call, call, there(call), there(remove)],
    ...fleet
  },
  'fleet: two callers, a set and a deletion by the other': {
    actors: [call, call, there(set), there(remove)],
    ...fleet
  },
  'fleet: a list each': { actors: [many, there(many)], ...fleet },
  'fleet: a list each, in batches': { actors: [many, there(many)], ...fleet, batch: true },
  'fleet: a list, a caller, a deletion by the other': { actors: [many, call, there(remove)], ...fleet },
  'fleet, stale: a caller each': { actors: [call, there(call)], ...fleet, ...windows, there: 'stale' },
  'fleet, stale: two callers, a deletion by the other': {
    actors: [call, call, there(remove)],
    ...fleet,
    ...windows,
    there: 'stale'
  },
  'fleet, expired: a caller each, all loads fail': {
    actors: [call, there(call)],
    ...fleet,
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'fleet, expired, loads are tried again at once: two callers, all loads fail': {
    actors: [call, call],
    ...fleet,
    ...errors,
    there: 'expired',
    fails: 'always',
    throttle: 0
  },
  'fleet, expired: two callers, a deletion by the other, all loads fail': {
    actors: [call, call, there(remove)],
    ...fleet,
    ...errors,
    there: 'expired',
    fails: 'always'
  }
}

/** With tags. */
const tags: Readonly<Record<string, Settings>> = {
  'tags: two callers, a purge': { actors: [call, call, purge], ...tagged, jobs: [Infinity, 0, 2] },
  'tags: two callers, a purge, a deletion': { actors: [call, call, purge, remove], ...tagged },
  'tags, fresh: a caller, a purge, an update': { actors: [call, purge, update], ...tagged, there: 'fresh' },
  'tags: a list in a batch, a caller, a purge': { actors: [many, call, purge], ...tagged, batch: true },
  'tags, lease: two callers of two keys, a get': { actors: [call, ofTwo(call), get], ...tagged, ...leased },
  'tags, fleet: a caller each, of two keys': { actors: [call, there(ofTwo(call))], ...tagged, ...fleet },
  'tags: a set, a purge, a caller': { actors: [set, purge, call], ...tagged },
  'tags, two processes: two callers, a purge by the other': {
    actors: [call, call, there(purge)],
    ...tagged,
    rings: 2
  },
  'tags, two processes, fresh: two callers, a purge by the other': {
    actors: [call, call, there(purge)],
    ...tagged,
    rings: 2,
    there: 'fresh'
  },
  'tags, fleet, fresh: two callers, a purge by the other': {
    actors: [call, call, there(purge)],
    ...tagged,
    ...fleet,
    there: 'fresh'
  },
  'tags, two processes: a caller each, a purge': { actors: [call, there(call), purge], ...tagged, rings: 2 },
  'tags, stale: two callers, a purge': { actors: [call, call, purge], ...tagged, ...windows, there: 'stale' },
  'tags, expired: two callers, a purge, all loads fail': {
    actors: [call, call, purge],
    ...tagged,
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'tags, two processes, expired: two callers, a purge by the other, all loads fail': {
    actors: [call, call, there(purge)],
    ...tagged,
    ...errors,
    rings: 2,
    there: 'expired',
    fails: 'always'
  },
  'tags, expired, loads are tried again at once: three callers, all loads fail': {
    actors: [call, call, call],
    ...tagged,
    ...errors,
    there: 'expired',
    fails: 'always',
    throttle: 0
  },
  'tags, fleet: two callers, a purge by the other': {
    actors: [call, call, there(purge)],
    ...tagged,
    ...fleet
  },
  'tags, fleet: a caller each, a purge': { actors: [call, there(call), purge], ...tagged, ...fleet },
  'tags, fleet: a caller each, a purge, a deletion': {
    actors: [call, there(call), purge, there(remove)],
    ...tagged,
    ...fleet
  },
  'tags, fleet, stale: a caller each, a purge': {
    actors: [call, there(call), purge],
    ...tagged,
    ...fleet,
    ...windows,
    there: 'stale'
  },
  'tags, fleet, expired: two callers, a purge by the other, all loads fail': {
    actors: [call, call, there(purge)],
    ...tagged,
    ...fleet,
    ...errors,
    there: 'expired',
    fails: 'always'
  },
  'tags, fleet, expired: two callers, a deletion, an update': {
    actors: [call, there(call), remove, there(update)],
    ...tagged,
    ...fleet,
    ...errors,
    there: 'expired'
  }
}

/** Products of what rings have: tags or not, leases or not, windows or not; a change by the one, an update by the other process. */
const products: Readonly<Record<string, Settings>> = Object.fromEntries(
  [false, true].flatMap((withTags) =>
    [false, true].flatMap((withLease) =>
      ([undefined, 'stale', 'expired'] as const).map((entry): readonly [string, Settings] => [
        [
          'product',
          withTags ? 'tags' : 'no tags',
          withLease ? 'lease' : 'no lease',
          entry ?? 'no entry'
        ].join(', '),
        {
          actors: [call, call, withTags ? there(purge) : there(remove), there(update), many],
          rings: 2,
          fails: 'maybe',
          ...(withTags ? tagged : {}),
          ...(withLease ? leased : {}),
          ...(entry === undefined ? {} : { ...windows, ifError: 100_000, there: entry })
        }
      ])
    )
  )
)

const every =
  (...operations: ReadonlyArray<Store.Operation>) =>
  (how: Fate): Pick<Plan, 'fate'> => ({
    fate: (operation) => (operations.includes(operation) ? how : undefined)
  })
const always = (how: Fate): Pick<Plan, 'fate'> => ({ fate: () => how })

/** What the store is asked after it has failed, before the function runs. */
const asksNoMore = ({ asked }: History): string | undefined =>
  asked[0]!.includes('acquire') ? 'law 26: a store that has just failed was asked for a lease' : undefined
const isRefused = ({ calls, loads }: History): string | undefined =>
  loads.length > 0 || calls.some(({ answer }) => answer?._tag === 'value')
    ? 'a strict ring has run the function, and the store has failed'
    : undefined

/** A store that breaks. */
const broken: Readonly<Record<string, Settings>> = {
  'one call breaks: two callers, a deletion': { actors: [call, call, remove], breaks: 6 },
  'one call breaks, fresh: an update, a get': { actors: [update, get, call], breaks: 6, there: 'fresh' },
  'one call breaks, fresh: an update, a deletion, a get': {
    actors: [update, remove, get],
    breaks: 6,
    there: 'fresh'
  },
  'one call breaks: a caller, a set, a deletion': { actors: [call, set, remove], breaks: 6 },
  'one call breaks: a list in a batch, a deletion': { actors: [many, remove], breaks: 5, batch: true },
  'one call breaks, expired: two callers, a deletion': {
    actors: [call, call, remove],
    ...errors,
    breaks: 6,
    there: 'expired',
    fails: 'maybe'
  },
  'one call breaks, fleet: a caller each, a deletion': {
    actors: [call, there(call), remove],
    ...fleet,
    breaks: 8
  },
  'one call breaks, fleet: two callers, a deletion by the other': {
    actors: [call, call, there(remove)],
    ...fleet,
    breaks: 8
  },
  'one call breaks, fleet, fresh: an update, a deletion by the other': {
    actors: [update, there(remove), get],
    ...fleet,
    breaks: 8,
    there: 'fresh'
  },
  'one call breaks, tags: two callers, a purge': { actors: [call, call, purge], ...tagged, breaks: 8 },
  'one call breaks, tags, fleet: a caller each, a purge by the other': {
    actors: [call, there(call), there(purge)],
    ...tagged,
    ...fleet,
    breaks: 12
  },
  'every write fails: two callers, a deletion': { actors: [call, call, remove], ...every('set')('undone') },
  'every write fails, fresh: an update': { actors: [update, get], ...every('set')('undone'), there: 'fresh' },
  'every commit fails after it took effect, fleet: two callers': {
    actors: [call, call, there(remove)],
    ...fleet,
    ...every('commit')('done')
  },
  'every lease fails, fleet: two callers, a deletion by the other': {
    actors: [call, call, there(remove)],
    ...fleet,
    ...every('acquire', 'seize')('undone')
  },
  'every lease fails, expired: two callers': {
    actors: [call, call],
    ...leased,
    ...errors,
    ...every('acquire')('undone'),
    there: 'expired'
  },
  'the first lease fails after it took effect, fleet: a caller each': {
    actors: [call, there(call)],
    ...fleet,
    fate: (operation, nth) => (operation === 'acquire' && nth < 4 ? 'done' : undefined),
    also: waitsForNoLease
  },
  'every read fails, lease: a caller': {
    actors: [call],
    ...leased,
    ...every('get', 'read')('undone'),
    also: asksNoMore
  },
  'every call fails: two callers, a list': { actors: [call, call, many], ...always('undone') },
  'every read fails, strict: two callers': {
    actors: [call, call],
    ...every('get', 'read', 'getMany')('undone'),
    strict: true,
    also: isRefused
  },
  'no call is answered: two callers, a list': {
    actors: [call, call, many],
    ...always('lost'),
    deadline: 100,
    early: 1
  },
  'no call is answered, lease: two callers': {
    actors: [call, call],
    ...leased,
    ...always('lost'),
    deadline: 100
  },
  'no write is answered, tags, lease: two callers': {
    actors: [call, call],
    ...leased,
    ...tagged,
    ...every('commit', 'set')('lost'),
    deadline: 100,
    early: 1
  },
  'answers that are late: two callers, a deletion': {
    actors: [call, call, remove],
    ...leased,
    deadline: 100,
    early: 2
  }
}

/** A store in memory neither breaks nor is late; and of five actors there are too many interleavings to run all. */
const isNear = ({ actors, breaks, deadline, fate }: Settings): boolean =>
  breaks === undefined && fate === undefined && deadline === undefined && actors.length < 5

/** All programs, by name: each over a store in memory, where it makes sense, and over one whose calls are promises. */
export const programs: ReadonlyArray<readonly [name: string, plan: Plan]> = Object.entries({
  ...plain,
  ...leases,
  ...tags,
  ...products,
  ...broken
}).flatMap(
  ([name, settings]): ReadonlyArray<readonly [string, Plan]> => [
    ...(isNear(settings) ? [[`memory: ${name}`, { ...settings, kind: 'memory' }] as const] : []),
    [`far: ${name}`, { ...settings, kind: 'far' }] as const
  ]
)
