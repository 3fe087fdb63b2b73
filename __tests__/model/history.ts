/** What happened in a run: loads, changes and calls, in the order of ticks. */
import type { Actor, Plan } from './programs'

/** Where a value comes from. */
export interface Source {
  readonly key: number
  readonly ring: number
  readonly began: number
  /** `Infinity` while it is under way. */
  ended: number
}

/** A run of the function: of one key, or of several in a batch. */
export interface Load {
  readonly id: number
  readonly ring: number
  readonly keys: ReadonlyArray<number>
  /** When the call began that began it. */
  readonly since: number
  readonly began: number
  ended: number
  how: 'runs' | 'value' | 'error' | 'thrown'
}

/** A value that is not loaded: the entry that was there at first, or that of a `set`. */
export type Given = Source & { readonly kind: 'old' | 'set' }

export interface Change {
  readonly kind: 'delete' | 'update' | 'set' | 'purge' | 'clear' | 'wait'
  readonly ring: number
  readonly key: number
  readonly name: string
  readonly began: number
  /** When the store was changed, if the store says so. */
  effect: number | undefined
  ended: number
  ok: boolean
}

export type Answer =
  | { readonly _tag: 'value'; readonly value: string }
  | { readonly _tag: 'none' }
  | { readonly _tag: 'error'; readonly error: unknown }
  | { readonly _tag: 'thrown'; readonly cause: unknown }

/** One answer that a caller waits for; a list has one of these for each of its places. */
export interface Call {
  readonly name: string
  readonly kind: Actor['act'] | 'probe'
  readonly ring: number
  readonly key: number
  /** The owner of its arguments has changed them meanwhile. */
  changed: boolean
  readonly began: number
  readonly at: number
  ended: number
  endedAt: number
  answer: Answer | undefined
}

export interface History {
  readonly plan: Plan
  readonly loads: ReadonlyArray<Load>
  readonly given: ReadonlyMap<string, Given>
  readonly changes: ReadonlyArray<Change>
  readonly calls: ReadonlyArray<Call>
  /** The calls that the store was asked, of each ring. */
  readonly asked: ReadonlyArray<ReadonlyArray<string>>
  /** How many calls asked for the value of key 1 at once, at most. */
  readonly reading: number
  /** Whether a call of the store broke. */
  readonly broke: boolean
  /** The reads that each ring has reported. */
  readonly reads: ReadonlyArray<number>
  /** How often each ring has reported that it stored nothing. */
  readonly discards: ReadonlyArray<number>
  /** The keys for which each ring has something under way. */
  readonly held: ReadonlyArray<number>
  /** The keys whose lease is taken. */
  readonly leased: ReadonlyArray<number>
  readonly unheard: ReadonlyArray<unknown>
}
