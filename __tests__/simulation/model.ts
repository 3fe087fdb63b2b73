/**
 * What happened in a run, and whether it may happen. The model knows the laws and nothing of how a ring keeps them; what
 * it promises, and where it excuses, is said at the top of `simulation.test.ts`.
 */
import * as E from 'fp-ts/Either'

import { RingError } from '../../src'
import type { Change, Plan } from './plan'
import type { Message, Sighting } from './store'

// -------------------------------------------------------------------------------------
// what is recorded
// -------------------------------------------------------------------------------------

/** A version of a row of the database, and the load or the `set` that this copy of it is from. */
export interface Value {
  readonly key: number
  readonly version: number
  readonly from: number
}

export interface Failure {
  readonly kind: 'down' | 'gone'
  readonly key: number
  readonly from: number
}

/** A place in the order of the run, in virtual time, and by the clock of a node. */
export interface Moment {
  readonly tick: number
  readonly time: number
  readonly clock: number
}

/** One run of the function. */
export interface Load {
  readonly id: number
  readonly node: number
  readonly key: number
  readonly began: Moment
  /** When the oldest flight began that holds the key, by the order of the run and by the clock of the node. */
  readonly held: Pick<Moment, 'tick' | 'clock'>
  version: number | undefined
  ended: Moment | undefined
  result: 'value' | Failure['kind'] | 'throws' | undefined
}

/** A command that changes what is cached. */
export interface Mutation {
  readonly id: number
  readonly kind: Change
  readonly node: number
  readonly keys: ReadonlyArray<number>
  readonly began: Moment
  /** What it wrote, where that was given. */
  readonly version: number | undefined
  ended: Moment | undefined
  answer: E.Either<unknown, unknown> | undefined
}

/** A read of one key, by itself or in a bulk. */
export interface Call {
  readonly kind: 'one' | 'many' | 'get'
  readonly node: number
  readonly key: number
  readonly began: Moment
  /** When the oldest flight began that it could join; its own beginning, where there was none. */
  readonly since: number
  /** The requests that it sent at once: none, where it joined somebody. */
  readonly reads: ReadonlyArray<Message>
  ended: Moment | undefined
  answer: E.Either<unknown, Value | undefined> | undefined
  /** What it was rejected with. */
  threw: { readonly cause: unknown } | undefined
}

/** A time in which nothing reaches the store from some machine, nor comes back. */
export interface Outage {
  readonly machine: number
  readonly from: number
  to: number
}

export interface Node {
  readonly id: number
  readonly machine: number
  alive: boolean
}

/** What a raw value is a copy of. */
export interface Copy {
  readonly from: number
  readonly error: boolean
}

export interface History {
  readonly plan: Plan
  readonly nodes: Array<Node>
  readonly loads: Map<number, Load>
  readonly mutations: Array<Mutation>
  readonly calls: Array<Call>
  readonly outages: Array<Outage>
  /** When the clock of a node jumped. */
  readonly jumps: Array<{ readonly node: number; readonly tick: number; readonly time: number }>
  /** By node and key of the store. */
  readonly messages: Map<string, Array<Message>>
  /** The requests that carry a copy, by where that is from. */
  readonly writes: Map<number, Array<Message>>
  readonly copyOf: (raw: unknown) => Copy | undefined
  readonly keyOf: (key: number) => string
}

export interface Violation {
  readonly law: number
  readonly time: number
  readonly what: string
  /** It is one only because who joins what another process has made out of date is to look again. */
  readonly joined?: true
}

// -------------------------------------------------------------------------------------
// what is promised
// -------------------------------------------------------------------------------------

const describeMutation = (m: Mutation): string =>
  `${m.kind} ${m.id} of node ${m.node} (t=${m.began.time.toFixed(0)})`

/** Sums of fractions of milliseconds. */
const rounding = 0.01

export const grace = ({ policy }: Plan): number => Math.max(policy.staleWhileRevalidate, policy.staleIfError)

/** How long a call may take: the reads, the wait for a lease, the loads, the writes before it and its own. */
export const longestCall = ({ load, network, policy }: Plan): number => {
  const stuck = load.stuck > 0 ? 2 * policy.loadTimeout + load.time.most : 0
  return (policy.lease?.wait ?? 0) + 20 * network.deadline + 3 * Math.max(load.time.most, stuck) + 1_000
}

export const checks = (history: History): ReadonlyArray<Violation> => {
  const { calls, copyOf, jumps, keyOf, loads, messages, mutations, nodes, outages, plan, writes } = history
  const { network, policy } = plan
  const found: Array<Violation> = []
  const kept = grace(plan)
  const leased = policy.lease !== undefined

  const sets = new Map(mutations.map((m) => [m.id, m]))
  const loadsOf = new Map<string, Array<Load>>()
  for (const load of loads.values()) {
    const place = `${load.node}:${load.key}`
    const there = loadsOf.get(place)
    if (there === undefined) loadsOf.set(place, [load])
    else there.push(load)
  }
  const loadsAt = (node: number, key: number): ReadonlyArray<Load> => loadsOf.get(`${node}:${key}`) ?? []

  const violated = (law: number, at: Moment | undefined, what: string, joined = false): void => {
    found.push({ law, time: at?.time ?? 0, what, ...(joined ? { joined } : {}) })
  }

  /** Whether the clock of a node jumped, so that everything was late by it. */
  const jumped = (node: number, from: number, to: number): boolean =>
    jumps.some((jump) => jump.node === node && jump.tick > from && jump.tick < to)

  /** What a node has seen of a copy in the store, from some tick to another. */
  const sightings = (node: number, key: number, from: number, to: number, copy: Copy) =>
    (messages.get(`${node}:${keyOf(key)}`) ?? []).flatMap((message) =>
      message.operation === 'acquire' || message.outcome !== 'right'
        ? []
        : message.seen
            .filter((seen) => {
              const its = copyOf(seen.raw)
              return (
                seen.key === keyOf(key) &&
                seen.tick >= from &&
                seen.tick <= to &&
                its?.from === copy.from &&
                its.error === copy.error
              )
            })
            .map((seen) => ({
              ...seen,
              aged: message.operation === 'read' || message.operation === 'readMany'
            }))
    )

  /** Whether something was written of which nobody knows when it lands: only where messages overtake each other. */
  const mayLandLate = (from: number): boolean =>
    !network.ordered && (writes.get(from) ?? []).some(({ outcome }) => outcome !== 'right')

  /** Whether a mutation has made an end of a copy, so that calls after it must not get it. */
  const ends = (mutation: Mutation, from: number): boolean => {
    const load = loads.get(from)
    const { began, ended, kind, node } = mutation
    if (ended === undefined) return false
    if (load === undefined) {
      const set = sets.get(from)
      // one that was not acknowledged may come late; one that overlaps may come last
      return (
        set !== undefined &&
        set.id !== mutation.id &&
        set.ended !== undefined &&
        set.answer?._tag === 'Right' &&
        set.ended.tick < began.tick
      )
    }
    const fromItsStart = kind === 'purge' || kind === 'clear' || kind === 'update'
    const own = load.node === node && load.began.tick < (fromItsStart ? began.tick : ended.tick)
    const fleet = (leased && kind !== 'clear') || kind === 'purge'
    const fenced = kind === 'purge' || (leased && kind !== 'clear')
    if (own) return fenced || !mayLandLate(from)
    return fleet && load.began.tick < began.tick
  }

  /** A bulk that nobody waits for any more goes on: what it had read when it began a load is older than that. */
  const joinedFrom = (call: Call): number =>
    call.since < call.began.tick ? call.began.time - 3 * network.deadline : Infinity

  /** Nothing that was invalidated is served to who asks after that. */
  const checkInvalidation = (call: Call, copy: Copy): void => {
    for (const mutation of mutations) {
      const { answer, ended, keys, kind, node } = mutation
      if (ended === undefined || answer?._tag !== 'Right' || !keys.includes(call.key)) continue
      if (ended.tick >= call.began.tick) continue
      // other nodes do not hear of it: there one may join what had begun before, but where a lease tells
      const joined = call.node !== node && (ended.tick >= call.since || ended.time >= joinedFrom(call))
      if (joined && !(leased && plan.calm && kind !== 'clear' && kind !== 'purge')) continue
      if (!ends(mutation, copy.from)) continue
      const load = loads.get(copy.from)
      const law = kind === 'purge' ? 34 : load?.node === node ? 21 : 22
      violated(
        law,
        call.began,
        `${call.kind}(${call.key}) on node ${call.node} is served ${
          copy.error ? 'an error' : 'a value'
        } from ${copy.from} (node ${load?.node ?? '-'}, t=${
          load?.began.time.toFixed(0) ?? '-'
        }) after ${describeMutation(mutation)}`,
        joined
      )
      return
    }
  }

  /** Whether a load of this node failed lately, so that what is stale may be served. */
  const failedLately = (call: Call): boolean =>
    loadsAt(call.node, call.key).some(
      ({ ended, result }) =>
        ended !== undefined &&
        result !== 'value' &&
        ended.tick <= (call.ended?.tick ?? 0) &&
        call.began.clock - ended.clock <= (policy.retryThrottle ?? 1_000)
    )
  /** Who finds that somebody else has the lease need not wait, where there is something stale: so says the guide. */
  const leasedElsewhere = (call: Call): boolean =>
    (messages.get(`${call.node}:${keyOf(call.key)}`) ?? []).some(
      ({ applied, busy }) =>
        busy && applied !== undefined && applied > call.since && applied < (call.ended?.tick ?? 0)
    )
  const waitedFor = (call: Call, limit: number | undefined): boolean =>
    limit !== undefined && call.ended !== undefined && call.ended.clock - call.began.clock > limit - rounding

  /** The load that a call was answered by, and not the store. */
  const direct = (call: Call, from: number): Load | undefined => {
    const load = loads.get(from)
    return call.kind !== 'get' &&
      load?.node === call.node &&
      load.key === call.key &&
      load.ended !== undefined &&
      load.ended.tick >= call.since &&
      load.ended.tick <= (call.ended?.tick ?? 0)
      ? load
      : undefined
  }

  /** A value is fresh, or stale and may be served, or just loaded. */
  const checkAge = (call: Call, value: Value): void => {
    const { ended } = call
    if (ended === undefined || direct(call, value.from)?.result === 'value') return
    const copy = { from: value.from, error: false }
    const seen = sightings(call.node, call.key, 0, ended.tick, copy).filter(
      ({ tick, time }) => tick >= call.since || time >= joinedFrom(call)
    )
    const say = (what: string, last: Sighting | undefined): void =>
      violated(
        15,
        ended,
        `${call.kind}(${call.key}) on node ${call.node}, asked at ${call.began.time.toFixed(
          0
        )}, is served the value from ${value.from}, ${what}` +
          (last === undefined
            ? ''
            : `: ${last.remaining - kept} left of its lifetime when it was read (t=${last.time.toFixed(0)})`)
      )
    const last = seen[seen.length - 1]
    if (last === undefined) return say('which was neither loaded nor read for it', undefined)
    // a ring that has just seen how long an entry is fresh does not ask again, and who joins a load may get what was
    // stale when that began: both may be wrong by a trip there and back
    const own = call.kind === 'get' || call.reads.length > 0
    const inTime = seen.some(
      ({ aged, remaining }) =>
        remaining > kept ||
        kept - remaining < policy.staleWhileRevalidate + (aged && own ? 0 : 2 * network.deadline)
    )
    // it is judged when it was read; the answer has to come back, and a lease may be asked for in between
    const gone = last.time + last.remaining + 5 * network.deadline
    if (ended.time > gone && !inTime && call.kind !== 'many') return say('which has been over for long', last)
    if (inTime) return
    const rescued =
      kept - last.remaining < policy.staleIfError &&
      (leasedElsewhere(call) ||
        failedLately(call) ||
        waitedFor(call, policy.softTimeout) ||
        waitedFor(call, policy.timeout))
    if (!rescued) say('which is past its stale window', last)
  }

  /** An error is one of a load that the call waited for, or one that the policy stores. */
  const checkError = (call: Call, error: unknown): void => {
    const { ended } = call
    if (ended === undefined) return
    if (error instanceof RingError.TimeoutError) {
      if (!waitedFor(call, policy.timeout)) violated(26, ended, 'a TimeoutError before its time')
      return
    }
    const failure = error as Partial<Failure> | undefined
    const from = failure?.from
    if (from === undefined) {
      violated(26, ended, `${call.kind}(${call.key}) on node ${call.node} fails with ${String(error)}`)
      return
    }
    if (failure?.key !== call.key) violated(3, ended, 'the error of another key')
    const copy = { from, error: true }
    checkInvalidation(call, copy)
    const load = direct(call, from)
    if (load !== undefined) return
    const stored = sightings(call.node, call.key, call.since, ended.tick, copy).length > 0
    if (policy.negative === undefined || failure?.kind !== 'gone' || !stored)
      violated(
        29,
        ended,
        `${call.kind}(${call.key}) on node ${call.node} is told of the error '${
          failure?.kind ?? ''
        }' of load ${from}`
      )
  }

  /** Whether a key was changed while a call, or what it joined, was under way. */
  const disturbed = (call: Call): boolean =>
    mutations.some(
      ({ began, ended, keys }) =>
        keys.includes(call.key) &&
        began.tick < (call.ended?.tick ?? Infinity) &&
        (ended === undefined || ended.tick > call.since)
    )

  /** A failed load does not hide what may be served instead. */
  const checkRescue = (call: Call, failure: Partial<Failure>): void => {
    const { ended } = call
    const [read] = call.reads
    if (ended === undefined || call.kind !== 'one' || failure.kind !== 'down' || read?.outcome !== 'right')
      return
    // it may have been told of the failure before it knew what there is
    if (read.answered! >= ended.time) return
    if (policy.staleIfError === 0 || direct(call, failure.from ?? -1) === undefined) return
    if (disturbed(call) || plan.tags) return
    for (const { key, raw, remaining, time } of read.seen) {
      const copy = copyOf(raw)
      if (key !== keyOf(call.key) || copy === undefined || copy.error) continue
      if (
        ended.time < time + remaining - kept + policy.staleIfError &&
        !jumped(call.node, call.began.tick, ended.tick)
      )
        violated(
          28,
          ended,
          `one(${call.key}) on node ${call.node} fails with load ${
            failure.from ?? ''
          }, where the value from ${copy.from} may be served until ${(
            time +
            remaining -
            kept +
            policy.staleIfError
          ).toFixed(0)}`
        )
    }
  }

  /** Who may be served what is stale does not wait longer than `softTimeout` for a load. */
  const checkSoftTimeout = (call: Call): void => {
    const { ended } = call
    const [read] = call.reads
    const { softTimeout } = policy
    if (softTimeout === undefined || ended === undefined || call.kind !== 'one' || read?.outcome !== 'right')
      return
    if (plan.tags || disturbed(call) || jumped(call.node, call.began.tick, ended.tick)) return
    for (const { key, raw, remaining, time } of read.seen) {
      const copy = copyOf(raw)
      if (key !== keyOf(call.key) || copy === undefined || copy.error) continue
      const usable = time + remaining - kept + policy.staleIfError
      const asked = read.answered! + softTimeout
      // a read that somebody else's load has made out of date is repeated, and the timer with it
      if (asked < usable && ended.time > asked + softTimeout + network.deadline + rounding)
        violated(
          15,
          ended,
          `one(${call.key}) on node ${call.node} waits for ${(ended.time - call.began.time).toFixed(
            0
          )}, where the value from ${copy.from} may be served after ${(asked - call.began.time).toFixed(0)}`
        )
    }
  }

  const alive = new Set(nodes.filter((node) => node.alive).map(({ id }) => id))
  const machineOf = (node: number): number => nodes[node]!.machine
  const bound = longestCall(plan)

  const checkEnd = (
    what: string,
    {
      began,
      ended,
      node
    }: { readonly began: Moment; readonly ended: Moment | undefined; readonly node: number },
    limit: number
  ): void => {
    if (ended === undefined) {
      if (alive.has(node)) violated(24, began, `${what} on node ${node} never ends`)
    } else if (ended.time - began.time > limit + rounding) {
      violated(
        24,
        began,
        `${what} on node ${node} takes ${(ended.time - began.time).toFixed(0)}, not ${limit}`
      )
    }
  }

  /** Without a store a call takes as long as the function, and one deadline. */
  const checkOutage = (call: Call): void => {
    const { ended } = call
    if (ended === undefined || call.kind !== 'one' || call.since < call.began.tick || plan.near) return
    const down = outages.some(
      ({ from, machine, to }) =>
        machine === machineOf(call.node) && from < call.began.time && ended.time <= to
    )
    const mutated = mutations.some(
      ({ began, ended: end, node }) =>
        node === call.node && began.tick < ended.tick && (end === undefined || end.tick > call.began.tick)
    )
    if (!down || mutated || jumped(call.node, call.began.tick, ended.tick)) return
    const loading = loadsAt(call.node, call.key)
      .filter(({ began }) => began.tick > call.began.tick && began.tick < ended.tick)
      .reduce((sum, load) => sum + (load.ended?.time ?? ended.time) - load.began.time, 0)
    // one that asks meanwhile may be further, and wait for its lease
    const company = calls.some(
      (other) =>
        other !== call &&
        other.node === call.node &&
        other.key === call.key &&
        other.began.tick < ended.tick &&
        (other.ended === undefined || other.ended.tick > call.began.tick)
    )
    const took = ended.time - call.began.time
    if (took > network.deadline * (company ? 2 : 1) + loading + rounding)
      violated(26, ended, `one(${call.key}) on node ${call.node} takes ${took.toFixed(0)} without a store`)
  }

  for (const call of calls) {
    const { answer, ended } = call
    checkEnd(`${call.kind}(${call.key})`, call, call.kind === 'get' ? 2 * network.deadline : bound)
    if (
      policy.timeout !== undefined &&
      call.kind === 'one' &&
      ended !== undefined &&
      ended.clock - call.began.clock > policy.timeout + rounding &&
      ended.time - call.began.time > policy.timeout + rounding
    )
      violated(24, ended, `one(${call.key}) on node ${call.node} waits longer than its timeout`)
    checkOutage(call)
    checkSoftTimeout(call)
    if (call.threw !== undefined) {
      const cause = call.threw.cause as { readonly from?: number }
      const load = loads.get(cause.from ?? -1)
      if (load?.node !== call.node || load.result !== 'throws' || load.ended!.tick < call.since)
        violated(
          30,
          ended,
          `${call.kind}(${call.key}) on node ${call.node} rejects with ${String(call.threw.cause)}`
        )
    }
    if (answer === undefined) continue
    if (E.isLeft(answer)) {
      // the commands return the faults of the store, the cached function does not
      if (call.kind === 'get' && RingError.isRingError(answer.left)) continue
      checkError(call, answer.left)
      checkRescue(call, answer.left as Partial<Failure>)
    } else if (answer.right !== undefined) {
      const value = answer.right
      const version = loads.get(value.from)?.version ?? sets.get(value.from)?.version
      if (value.key !== call.key || value.version !== version)
        violated(3, ended, `${call.kind}(${call.key}) is served ${JSON.stringify(value)}`)
      checkInvalidation(call, { from: value.from, error: false })
      checkAge(call, value)
    }
  }

  for (const mutation of mutations) {
    const { answer, began, kind, node } = mutation
    checkEnd(describeMutation(mutation), mutation, bound)
    if (kind === 'update' && answer?._tag === 'Right') {
      const { from } = answer.right as Value
      const load = loads.get(from)
      if (load?.node !== node || load.began.tick < began.tick)
        violated(20, began, `${describeMutation(mutation)} answers with an older load`)
    }
  }

  checkLoads()
  return found.sort((a, b) => a.time - b.time)

  function checkLoads(): void {
    /** Whether something between two loads allows the second. */
    const between = (first: Load, second: Load, onlyOn?: number): boolean =>
      mutations.some(
        ({ began, ended, keys, kind, node }) =>
          (onlyOn === undefined || node === onlyOn) &&
          (keys.includes(first.key) || kind === 'purge') &&
          began.tick < second.began.tick &&
          (ended === undefined || ended.tick > Math.min(first.held.tick, second.held.tick))
      )
    for (const all of loadsOf.values()) {
      all.forEach((second, i) => {
        for (const first of all.slice(0, i)) {
          if (first.ended !== undefined && first.ended.tick < second.began.tick) continue
          // who waits for a lease holds the key as well
          const waits = policy.lease === undefined ? 0 : policy.lease.wait + 4 * network.deadline
          if (second.began.clock - first.held.clock + waits > policy.loadTimeout) continue
          if (between(first, second, first.node)) continue
          // a load that took too long by a clock that jumped does not hold its key any more
          if (jumps.some(({ node, time }) => node === first.node && time > first.began.time - bound)) continue
          violated(
            20,
            second.began,
            `node ${first.node} loads ${first.key} while it does: ${first.id}, ${second.id}`
          )
        }
      })
    }
    for (const load of loads.values()) {
      const { began, ended, id } = load
      if (ended === undefined || ended.clock - began.clock <= policy.loadTimeout + rounding) continue
      if ((writes.get(id) ?? []).some(({ sent }) => sent > ended.tick))
        violated(24, ended, `load ${id} took longer than it may, and is stored`)
    }
    if (!plan.calm || !leased) return
    const all = [...loads.values()]
    all.forEach((second, i) => {
      for (const first of all.slice(0, i)) {
        if (first.key !== second.key || first.node === second.node) continue
        if (first.ended !== undefined && first.ended.tick < second.began.tick) continue
        if (between(first, second)) continue
        violated(
          22,
          second.began,
          `load ${second.id} of node ${second.node} while node ${first.node} loads ${first.key} (${first.id})`
        )
      }
    })
  }
}
