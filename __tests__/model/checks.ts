/**
 * What must hold after every run.
 *
 * - Laws 21, 22, 34: a call that begins after a change has ended gets nothing from before the change (`isBefore`). The same holds
 *   for what the store has in the end, because the probes at the end are calls.
 * - Law 20: a process loads a key once at a time, unless the key is changed meanwhile. Law 22: with leases so do all processes.
 * - Law 24: every call ends. A load that took too long is neither stored nor joined.
 * - Laws 3, 15, 28: a value has the key of its call; an expired entry is served only where a load fails; a call whose entry may
 *   be served does not fail.
 * - Laws 26, 29, 30: errors are those of the function, of a load that had not ended when the call began; nothing else is thrown.
 * - Laws 27, 31: changes fail only where the store fails. Law 36: no key, lease or timer is left over. Law 38: every read is told.
 */
import type { Call, Change, Given, History, Load } from './history'

type Check = (history: History) => string | undefined

/** What a value is called: its key, and the load or the name of what gave it. */
export const valueOf = (key: number, from: number | string): string => `${String(key)}#${String(from)}`
export const keyOf = (value: string): number => Number(value.split('#')[0])
const fromOf = (value: string): string => value.split('#')[1] ?? ''

const loadOf = ({ loads }: History, value: string): Load | undefined =>
  loads.find(({ id }) => String(id) === fromOf(value))

type From = Pick<Load, 'ring' | 'began' | 'ended'> | Given

/** Whether something is from before a change, so that no call that begins after the change gets it. */
const isBefore = ({ plan }: History, from: From, change: Change): boolean => {
  // a load that took longer than it may
  if (change.kind === 'wait') return from.began < change.began && from.ended > change.began
  if ('kind' in from) {
    if (from.kind === 'set' && !(from.ended < change.began)) return false
    return from.ring === change.ring || plan.lease === true || change.kind === 'purge'
  }
  const effect = change.effect ?? change.began
  if (change.kind === 'purge') return from.began < effect
  if (from.ring === change.ring)
    return from.began < (change.kind === 'update' || change.kind === 'clear' ? change.began : change.ended)
  return (
    plan.lease === true &&
    change.kind !== 'clear' &&
    from.began < (change.kind === 'update' ? change.began : effect)
  )
}

const concerns = (change: Change, key: number): boolean =>
  change.kind === 'purge' || change.kind === 'clear' || change.kind === 'wait' || change.key === key

/** The change that a call must know of, and does not. */
const missed = (history: History, call: Call, from: From): Change | undefined =>
  history.changes.find(
    (change) =>
      change.ok && change.ended < call.began && concerns(change, call.key) && isBefore(history, from, change)
  )

const first = <A>(list: ReadonlyArray<A>, f: (a: A) => string | undefined): string | undefined => {
  for (const one of list) {
    const wrong = f(one)
    if (wrong !== undefined) return wrong
  }
  return undefined
}

const isReading = ({ kind }: Call): boolean => kind === 'call' || kind === 'many' || kind === 'probe'

const answers: Check = (history) =>
  first(history.calls, (call) => {
    const { answer, began, key, name, ring } = call
    if (answer?._tag !== 'value') return undefined
    const { value } = answer
    if (keyOf(value) !== key && !call.changed) return `law 3: ${name} got ${value}, of another key`
    const load = loadOf(history, value)
    const from = load ?? history.given.get(fromOf(value))
    if (from === undefined) return `${name} got ${value}, which nobody made`
    if (call.kind === 'update')
      return load === undefined || load.began < began || load.ring !== ring
        ? `${name} got ${value}, which it has not loaded`
        : undefined
    const change = missed(history, call, from)
    return change === undefined
      ? undefined
      : `law 21: ${name} got ${value}, from before ${change.name}, which had ended`
  })

const isStoreError = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && '_tag' in error && error._tag === 'StoreError'

const failures: Check = (history) =>
  first(history.calls, (call) => {
    const { answer, began, name, ring } = call
    if (answer === undefined || answer._tag === 'value' || answer._tag === 'none') return undefined
    const what = answer._tag === 'error' ? answer.error : answer.cause
    const load =
      answer._tag === 'error'
        ? history.loads.find(({ how, id }) => how === 'error' && what === `error#${String(id)}`)
        : history.loads.find(
            ({ how, id }) =>
              how === 'thrown' && what instanceof Error && what.message === `thrown#${String(id)}`
          )
    if (load === undefined) {
      const mayFail =
        history.broke && (call.kind === 'update' || call.kind === 'get' || history.plan.strict === true)
      if (answer._tag === 'error' && isStoreError(what) && mayFail) return undefined
      return `law 30: ${name} failed with ${String(what)}`
    }
    if (load.ring !== ring || load.ended < began)
      return `law 29: ${name} got ${String(what)}, which is not its own`
    const change = call.kind === 'update' ? undefined : missed(history, call, load)
    return change === undefined
      ? undefined
      : `law 21: ${name} got ${String(what)}, from before ${change.name}, which had ended`
  })

const ends: Check = ({ calls, changes, loads, plan }) => {
  const waited = changes.find(({ kind }) => kind === 'wait')?.began ?? Infinity
  // who calls after its limit of time waits for it no longer
  const hangs = (call: Call): boolean =>
    loads.some(
      ({ began, how, keys }) =>
        how === 'runs' &&
        (call.kind === 'many' || keys.includes(call.key)) &&
        (began > waited || call.began < waited)
    )
  return (
    first(calls, (call) =>
      call.answer !== undefined || (plan.hangs === true && hangs(call))
        ? undefined
        : `law 24: ${call.name} never ended`
    ) ??
    first(changes, ({ ended, kind, name }) =>
      ended === Infinity && !(plan.hangs === true && kind === 'update')
        ? `law 24: ${name} never ended`
        : undefined
    )
  )
}

const acknowledged: Check = ({ broke, changes }) =>
  first(changes, ({ ended, kind, name, ok }) =>
    ended === Infinity || ok || broke || kind === 'update' ? undefined : `law 31: ${name} failed`
  )

/** Whether a key was changed between two times, by a change that makes a load of its own necessary. */
const isChanged = (
  { changes, plan }: History,
  ring: number,
  key: number,
  from: number,
  to: number
): boolean =>
  changes.some(
    (change) =>
      concerns(change, key) &&
      (change.ring === ring || change.kind === 'wait' || plan.lease === true || change.kind === 'purge') &&
      change.began < to &&
      change.ended > from
  )

const loadsOnce: Check = (history) => {
  const { broke, loads, plan } = history
  if (plan.mutable === true || (plan.lease === true && broke)) return undefined
  return first(loads, (one) =>
    first(loads, (other) => {
      const key = one.keys.find((k) => other.keys.includes(k))
      const isFleet = one.ring !== other.ring
      if (key === undefined || other.id <= one.id || other.began > one.ended) return undefined
      if (isFleet && plan.lease !== true) return undefined
      return isChanged(history, one.ring, key, Math.min(one.since, other.since), other.began)
        ? undefined
        : `law ${isFleet ? '22' : '20'}: loads ${one.id} and ${other.id} of key ${key} at once`
    })
  )
}

/** Law 9: what has been loaded and stored is not loaded again. */
const loadsNoMore: Check = ({ broke, changes, loads, plan }) => {
  const isAlone = plan.lease === true || plan.rings !== 2
  if (broke || !isAlone || changes.length > 0 || plan.mutable === true || plan.keepsNothing === true)
    return undefined
  // without leases two loads may draw a generation each, and the entry of the one that drew first is hidden
  if (plan.tags === true && plan.lease !== true) return undefined
  // a read of a list is not shared, nor is that of a stale entry: what it finds may be loaded meanwhile
  if (plan.there === 'stale' || plan.there === 'expired') return undefined
  if (plan.actors.some(({ act }) => act === 'many')) return undefined
  return first([1, 2], (key) => {
    const done = loads.filter(({ how, keys }) => how === 'value' && keys.includes(key))
    return done.length > 1 ? `law 9: key ${String(key)} was loaded ${String(done.length)} times` : undefined
  })
}

/** Law 25: no call waits until a lease ends that nobody needs. */
export const waitsForNoLease: Check = ({ calls, loads }) =>
  loads.some(({ how }) => how === 'runs')
    ? undefined
    : first(calls, ({ at, endedAt, name }) =>
        endedAt - at >= 1_000
          ? `law 25: ${name} waited for a lease for ${String(endedAt - at)} ms`
          : undefined
      )
const waits: Check = (history) =>
  history.broke ||
  history.plan.early !== undefined ||
  !only(history, 'delete', 'update', 'set', 'purge', 'clear')
    ? undefined
    : waitsForNoLease(history)

const only = ({ changes }: History, ...kinds: ReadonlyArray<Change['kind']>): boolean =>
  changes.every(({ kind }) => kinds.includes(kind))

const fallbacks: Check = (history) => {
  const { calls, loads, plan } = history
  const { kind, there } = plan
  if (there === undefined || there === 'invalid' || !only(history, 'update')) return undefined
  if (plan.keepsNothing === true) return undefined
  const old = (call: Call): boolean => call.answer?._tag === 'value' && fromOf(call.answer.value) === 'old'
  return first(
    calls.filter((call) => isReading(call) && call.key === 1),
    (call) => {
      if (call.answer?._tag === 'error') return `law 28: ${call.name} failed, and an entry may be served`
      const failed = loads.some(
        ({ ended, how, ring }) => how !== 'value' && ring === call.ring && ended <= call.ended
      )
      if (there === 'expired' && old(call) && !failed && (plan.lease !== true || plan.rings !== 2))
        return `law 15: ${call.name} got an expired entry, and no load had failed`
      if (there === 'expired' || plan.lease === true || kind !== 'memory' || call.answer?._tag !== 'value')
        return undefined
      const load = loadOf(history, call.answer.value)
      return load !== undefined && load.ended > call.began
        ? `law 15: ${call.name} waited for a load, and its entry is ${there}`
        : undefined
    }
  )
}

/** An entry that is stale is loaded again, once: while it is served, a load that has failed is not tried again at once. */
const refreshes: Check = (history) => {
  const { calls, loads, plan } = history
  const { broke } = history
  if (broke || history.changes.length > 0 || (plan.there !== 'stale' && plan.there !== 'expired'))
    return undefined
  const asks = calls.some((call) => call.key === 1 && isReading(call))
  if (asks && !loads.some(({ keys }) => keys.includes(1))) return 'law 15: a stale entry was not loaded again'
  if (plan.lease === true || plan.throttle === 0) return undefined
  return first(loads, (one) => {
    const again = loads.find(
      ({ began, id, ring }) =>
        id > one.id && ring === one.ring && began > one.ended && (one.how === 'error' || one.how === 'thrown')
    )
    return again === undefined || (plan.there === 'expired' && one.how === 'thrown')
      ? undefined
      : `load ${again.id} began although load ${one.id} had just failed`
  })
}

/** Law 9: what was loaded is stored, where nothing is against it. */
const stores: Check = (history) => {
  const { broke, calls, loads, plan } = history
  if (broke || plan.keepsNothing === true || plan.mutable === true) return undefined
  // without leases two loads may draw a generation each, and the entry of the one that drew first is hidden
  if (plan.tags === true && plan.lease !== true) return undefined
  const rings = new Set(loads.map(({ ring }) => ring)).size
  if (!only(history, ...(plan.lease === true || rings > 1 ? [] : (['update'] as const)))) return undefined
  return first(
    calls.filter(({ kind, name }) => kind === 'get' && name.startsWith('at the end')),
    ({ answer, began, key }) => {
      const loaded = loads.some(
        ({ ended, keys, how }) => how === 'value' && ended < began && keys.includes(key)
      )
      return loaded && answer?._tag !== 'value'
        ? `law 9: key ${key} was loaded, and is not stored`
        : undefined
    }
  )
}

/** Law 28: a load that fails leaves an entry as it is. */
const leaves: Check = (history) => {
  const { broke, calls, changes, loads, plan } = history
  if (plan.there !== 'fresh' || broke || !only(history, 'update') || changes.some(({ ok }) => ok))
    return undefined
  return first(
    calls.filter(({ key, kind }) => kind === 'get' && key === 1),
    ({ answer, name }) =>
      answer?._tag === 'none' && loads.every(({ how }) => how !== 'value')
        ? `law 28: ${name} found nothing, and the entry was never deleted`
        : undefined
  )
}

const tidy: Check = ({ broke, held, leased, plan, unheard }) =>
  unheard.length > 0
    ? `law 30: a rejection was not heard: ${String(unheard[0])}`
    : plan.hangs !== true && held.some((size) => size > 0)
    ? `law 36: ${String(Math.max(...held))} keys are still held`
    : !broke && plan.hangs !== true && leased.length > 0
    ? `law 25: the lease of key ${String(leased[0])} was not given back`
    : undefined

/** Law 26: one deadline for everything that a call asks of the store. */
const inTime: Check = ({ calls, plan }) =>
  plan.deadline === undefined || plan.early !== undefined
    ? undefined
    : first(calls, ({ at, endedAt, name }) =>
        endedAt - at > plan.deadline! ? `law 26: ${name} took ${String(endedAt - at)} ms` : undefined
      )

const told: Check = ({ broke, calls, changes, discards, plan, reads }) =>
  plan.observed !== true
    ? undefined
    : first(Array.from(reads.keys()), (ring) => {
        const made = calls.filter(
          (call) => call.ring === ring && (isReading(call) || call.kind === 'get')
        ).length
        if (changes.length === 0 && !broke && discards[ring]! > 0)
          return 'law 38: a value was discarded, and nothing was in its way'
        return reads[ring] === made
          ? undefined
          : `law 38: ${String(made)} reads, and ${String(reads[ring])} were told`
      })

const own: Check = (history) => history.plan.also?.(history)

const checks: ReadonlyArray<Check> = [
  answers,
  failures,
  ends,
  acknowledged,
  loadsOnce,
  loadsNoMore,
  waits,
  fallbacks,
  refreshes,
  stores,
  leaves,
  inTime,
  told,
  own,
  tidy
]

/** What is wrong in a run; `undefined` if nothing is. */
export const wrongIn = (history: History): string | undefined => first(checks, (check) => check(history))
