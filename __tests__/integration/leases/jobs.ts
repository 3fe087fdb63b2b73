/** What the processes of a fleet and their parent say to each other. */

/** A value: which load of its key it is, of which process, and when (all processes have one clock). */
export interface Loaded {
  readonly n: number
  readonly pid: number
  readonly began: number
  readonly ended: number
}

export interface Answers {
  readonly id: string
  readonly values: ReadonlyArray<Loaded>
  readonly at: number
}

export type Write = 'delete' | 'set' | 'update' | 'purge'

type Counted = 'steady' | 'brittle'
type Racing = 'leased' | 'unleased'

/** What is asked, and what is answered. */
export interface Jobs {
  /**
   * So many callers of each key, all at once, at a time; what they were given, and when the last of them had it; and how
   * late the machine was meanwhile.
   */
  readonly call: [
    {
      readonly of: Counted
      readonly ids: ReadonlyArray<string>
      readonly ms: number
      readonly callers: number
      readonly at: number
    },
    { readonly answers: ReadonlyArray<Answers>; readonly lag: number }
  ]
  /** So many bulk lookups of all keys. */
  readonly callMany: [
    {
      readonly ids: ReadonlyArray<string>
      readonly ms: number
      readonly callers: number
      readonly at: number
    },
    ReadonlyArray<ReadonlyArray<{ readonly id: string; readonly answer: Loaded }>>
  ]
  readonly change: [
    {
      readonly of: Counted
      readonly how: 'delete' | 'set' | 'update'
      readonly id: string
      readonly ms: number
      readonly value?: Loaded
    },
    null
  ]
  readonly get: [{ readonly of: Counted; readonly ids: ReadonlyArray<string> }, ReadonlyArray<Loaded | null>]
  /** How often this process has told what of a key. */
  readonly events: [{ readonly id: string }, Readonly<Record<string, number>>]
  /**
   * Readers and writers of some keys: how many loads they needed, and how many answers were older than what was
   * acknowledged, by what, when they were asked for.
   */
  readonly round: [
    {
      readonly of: Racing
      readonly calls: number
      readonly kinds: ReadonlyArray<Write>
      readonly reads: ReadonlyArray<string>
      readonly writes: ReadonlyArray<{ readonly id: string; readonly turns: boolean }>
    },
    { readonly loads: number; readonly stale: Readonly<Record<Write, number>> }
  ]
  /** What is cached, and what the latest version is. */
  readonly ends: [
    { readonly of: Racing; readonly ids: ReadonlyArray<string> },
    ReadonlyArray<{ readonly cached: number | null; readonly truth: number }>
  ]
}

export interface Job<K extends keyof Jobs> {
  readonly kind: K
  readonly asked: Jobs[K][0]
}

export interface Request {
  readonly place: number
  readonly job: Job<keyof Jobs>
}

export type Reply =
  | { readonly _tag: 'Done'; readonly place: number; readonly answer: unknown }
  | { readonly _tag: 'Failed'; readonly place: number; readonly why: string }

/** A process has begun a load of a key, which is the nth. */
export interface Began {
  readonly _tag: 'Began'
  readonly id: string
  readonly n: number
  readonly pid: number
}
