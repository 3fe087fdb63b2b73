/**
 * What the engine does next: one pure function for each point at which it chooses. There is no promise, no clock and no
 * store here. A choice is a word, so that it allocates nothing; its caller does what the word says. The sequence for one
 * key and that for many call the same choices.
 *
 * @internal
 */
import type { Verdict } from '../Decision'

// -------------------------------------------------------------------------------------
// a caller arrives, and its entry is not at hand
// -------------------------------------------------------------------------------------

/** What the flight of a key does that may be joined. */
export type Doing = 'none' | 'reading' | 'loading' | 'updating'

/**
 * `Join`: wait for it. `Hold`: begin a flight that others may join. `Watch`: begin one that nobody joins: while an update
 * is under way, an existing entry need not wait for it; and a ring with leases or tags (`others`) joins no read, because it
 * may be older than a deletion or a purge by another process.
 */
export const onArrival = (under: Doing, others: boolean): 'Join' | 'Hold' | 'Watch' => {
  switch (under) {
    case 'none':
      return 'Hold'
    case 'updating':
      return 'Watch'
    case 'reading':
      return others ? 'Watch' : 'Join'
    case 'loading':
      return 'Join'
  }
}

// -------------------------------------------------------------------------------------
// it is known what the store has
// -------------------------------------------------------------------------------------

/**
 * What a read has found. `invalid`: an entry that cannot be decoded. `failed`: the store did not answer; `refused`: the
 * same, and the policy is `strict`.
 */
export type Read = Verdict | 'invalid' | 'failed' | 'refused'

/** The word for a read that has failed. `invalid`: its entry cannot be decoded. */
export const failedRead = (invalid: boolean, strict: boolean): Exclude<Read, Verdict> =>
  invalid ? 'invalid' : strict ? 'refused' : 'failed'

export type Found = 'Serve' | 'ServeAndRefresh' | 'Load' | 'LoadBlind' | 'Join' | 'LookAgain' | 'Fail'

/**
 * `other`: what another flight of the key does that may be joined. `throttled`: a load has failed lately. `intact`: the
 * key has not been written or deleted since the read began; an entry that has been overtaken is no fallback for a load
 * that others join. `LoadBlind`: load without asking the store again.
 */
export const onFound = (
  found: Read,
  other: Exclude<Doing, 'updating'>,
  throttled: boolean,
  intact: boolean
): Found => {
  switch (found) {
    case 'fresh':
      return 'Serve'
    case 'due':
    case 'stale':
      return other === 'loading' || throttled ? 'Serve' : 'ServeAndRefresh'
    case 'expired':
      return other === 'loading'
        ? 'Join'
        : throttled
        ? 'Serve'
        : other === 'reading'
        ? 'Join'
        : intact
        ? 'Load'
        : 'LookAgain'
    case 'missing':
    case 'invalid':
      return other === 'none' ? 'Load' : 'Join'
    case 'failed':
      return other === 'none' ? 'LoadBlind' : 'Join'
    case 'refused':
      return 'Fail'
  }
}

// -------------------------------------------------------------------------------------
// a claim has been answered
// -------------------------------------------------------------------------------------

/**
 * `Held` and `Unheld`: the function runs. `Served`: another process has stored an entry. `Left`: another process loads;
 * who has an entry to serve serves it.
 */
export const onClaim = (claimed: 'Held' | 'Unheld' | 'Served' | 'Left', seen: boolean): 'Answer' | 'Run' =>
  claimed === 'Served' || (claimed === 'Left' && seen) ? 'Answer' : 'Run'

// -------------------------------------------------------------------------------------
// the function has answered
// -------------------------------------------------------------------------------------

/**
 * `worth`: it is a value, or an error that the policy stores. `mine`: its arguments still have its key; if not, it is not
 * known to which key the answer belongs. `LetGo`: only the lease is given back.
 */
export const onRan = (worth: boolean, mine: boolean): 'Keep' | 'Discard' | 'LetGo' =>
  !worth ? 'LetGo' : mine ? 'Keep' : 'Discard'

/**
 * `able`: the load has its lease, and knows the generations of its tags. `lives`: the policy gives the answer a lifetime.
 * `updates`: nothing older may remain.
 */
export const onPrepared = (
  able: boolean,
  lives: boolean,
  updates: boolean
): 'Write' | 'Remove' | 'Skip' | 'Discard' =>
  !able ? 'Discard' : lives ? 'Write' : updates ? 'Remove' : 'Skip'

// -------------------------------------------------------------------------------------
// the write has ended, or was not allowed
// -------------------------------------------------------------------------------------

/**
 * `done`; `failed`; `lost`: the lease was taken away; `refused`: this process has written or deleted the key since.
 * `superseded`: it is known what has overtaken the load, and when that ends. An update that answers leaves nothing behind
 * that was there before it: what overtook it has replaced that, or it is removed.
 */
export const onWritten = (
  outcome: 'done' | 'failed' | 'lost' | 'refused',
  updates: boolean,
  superseded: boolean
): 'Stored' | 'Discarded' | 'Faulted' | 'RemoveOlder' | 'AwaitSuccessor' | 'RemoveAll' => {
  switch (outcome) {
    case 'done':
      return 'Stored'
    case 'failed':
      return 'Faulted'
    case 'lost':
      return updates ? 'RemoveOlder' : 'Discarded'
    case 'refused':
      return !updates ? 'Discarded' : superseded ? 'AwaitSuccessor' : 'RemoveAll'
  }
}

// -------------------------------------------------------------------------------------
// a flight that a caller has joined has ended
// -------------------------------------------------------------------------------------

/**
 * `late`: the caller asked after what the flight answers was loaded or read: after its function began, or, if it answers
 * with a stale entry, in any case. `old`: what it answers may be older than a deletion or a purge by another process, as a
 * stale entry may be in a ring with leases or tags. `spoiled`: its arguments changed, so that the answer is for
 * its first caller alone.
 */
export const onJoined = (late: boolean, old: boolean, spoiled: boolean): 'Take' | 'RunOwn' | 'LookAgain' =>
  spoiled ? 'RunOwn' : late && old ? 'LookAgain' : 'Take'
