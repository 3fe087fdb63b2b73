/** Faults of the engine, each of which the model finds. */
import type { Fault } from './load'

export interface Planted extends Fault {
  readonly name: string
  /** A part of the names of the programs that find it. */
  readonly in: string
  /** How many interleavings are tried, if it is rare. */
  readonly tries?: number
}

const plant =
  (module: string) =>
  (name: string, from: string, to: string, programs = ''): Planted => ({
    name,
    module,
    from,
    to,
    in: programs
  })

const next = plant('next.ts')
const flights = plant('flights.ts')
const slots = plant('slots.ts')
const flight = plant('flight.ts')

const choices: ReadonlyArray<Planted> = [
  // onArrival
  next(
    'a first caller begins a flight that nobody joins',
    "return 'Hold'\n",
    "return 'Watch'\n",
    'far: two callers'
  ),
  next(
    'a caller waits for an update although there is an entry',
    "return 'Watch'\n    case 'reading'",
    "return 'Join'\n    case 'reading'",
    'fresh: a caller, a list, an update that may fail'
  ),
  next(
    'a leased ring joins a read',
    "return others ? 'Watch' : 'Join'",
    "return 'Join'",
    'fleet, fresh: two callers, a deletion by the other'
  ),
  next(
    'a tagged ring joins a read',
    "return others ? 'Watch' : 'Join'",
    "return 'Join'",
    'tags, two processes, fresh: two callers, a purge by the other'
  ),
  next('a read is not shared', "return others ? 'Watch' : 'Join'", "return 'Watch'", 'far: two callers'),
  next(
    'a load is not shared',
    "case 'loading':\n      return 'Join'",
    "case 'loading':\n      return 'Hold'",
    'memory: two callers'
  ),
  // onFound
  next(
    'a stale entry is not refreshed',
    "? 'Serve' : 'ServeAndRefresh'",
    "? 'Serve' : 'Serve'",
    'memory: stale: three callers'
  ),
  next(
    'a load that has just failed is tried again in the background',
    "other === 'loading' || throttled ? 'Serve'",
    "other === 'loading' ? 'Serve'",
    'stale: three callers, all loads fail'
  ),
  next(
    'a caller waits although there is a stale entry',
    "? 'Serve' : 'ServeAndRefresh'",
    "? 'Serve' : 'Load'",
    'memory: stale: three callers'
  ),
  next(
    'an expired entry is served while it is loaded',
    "return other === 'loading'\n        ? 'Join'",
    "return other === 'loading'\n        ? 'Serve'",
    'expired: two callers, an update'
  ),
  next(
    'a load that has just failed is tried again for an expired entry',
    ": throttled\n        ? 'Serve'",
    ": false\n        ? 'Serve'",
    'expired: three callers, all loads fail'
  ),
  next(
    'an expired entry is served although no load has failed',
    ": intact\n        ? 'Load'",
    ": intact\n        ? 'Serve'",
    'memory: expired: three callers'
  ),
  next(
    'an expired entry that was deleted while it was read is shared',
    ": intact\n        ? 'Load'\n        : 'LookAgain'",
    ": 'Load'",
    'far: expired: two callers, a deletion, all loads fail'
  ),
  next(
    'an entry that cannot be decoded is not replaced',
    "return other === 'none' ? 'Load' : 'Join'",
    "return other === 'none' ? 'LoadBlind' : 'Join'",
    'lease, an entry that cannot be decoded'
  ),
  next(
    'a store that has failed is asked for a lease',
    "return other === 'none' ? 'LoadBlind' : 'Join'",
    "return other === 'none' ? 'Load' : 'Join'",
    'every read fails, lease'
  ),
  next('a strict ring loads although the store has failed', "return 'Fail'", "return 'Load'", 'strict'),
  // onClaim
  next(
    'what another process has stored is loaded again',
    "claimed === 'Served' || ",
    '',
    'far: fleet: a caller each'
  ),
  next(
    'what another process loads is loaded beside it, although there is an entry',
    " || (claimed === 'Left' && seen)",
    '',
    'fleet, expired: a caller each'
  ),
  next(
    'an expired entry is served where there is no lease',
    "claimed === 'Served' || ",
    "claimed === 'Served' || claimed === 'Unheld' || ",
    'every lease fails, expired'
  ),
  // onRan
  next(
    'an answer is stored whose arguments have changed',
    "mine ? 'Keep' : 'Discard'",
    "'Keep'",
    'arguments'
  ),
  next('no answer is stored', "mine ? 'Keep' : 'Discard'", "'LetGo'", 'memory: two callers'),
  next('every answer is discarded', "mine ? 'Keep' : 'Discard'", "'Discard'", 'memory: two callers'),
  next(
    'an error takes the place of an entry',
    "!worth ? 'LetGo'",
    "!worth ? 'Keep'",
    'fresh: an update that fails'
  ),
  // onPrepared
  next('nothing is written', "lives ? 'Write'", "lives ? 'Skip'", 'far: two callers'),
  next(
    'an update whose value is not stored leaves what was there',
    "updates ? 'Remove'",
    "updates ? 'Skip'",
    'fresh: an update whose value is not stored'
  ),
  // onWritten
  next('a write is taken for a discarded one', "return 'Stored'", "return 'Discarded'", 'far: two callers'),
  next(
    'a write that fails is taken for a stored one',
    "return 'Faulted'",
    "return 'Discarded'",
    'every write fails, fresh'
  ),
  next(
    'an update that lost its lease leaves what was there',
    "return updates ? 'RemoveOlder' : 'Discarded'",
    "return 'Discarded'",
    'fleet, fresh: two updates'
  ),
  next(
    'an update that was overtaken removes what overtook it',
    "superseded ? 'AwaitSuccessor' : 'RemoveAll'",
    "'RemoveAll'",
    'two callers, two updates'
  ),
  // onJoined
  next(
    'a caller takes a load that has lost its lease',
    "late && old ? 'LookAgain' : 'Take'",
    "'Take'",
    'fleet: two callers, a deletion by the other'
  ),
  next('a caller takes what was loaded for other arguments', "spoiled ? 'RunOwn' : late", 'late', 'arguments')
]

const orders: ReadonlyArray<Planted> = [
  flights(
    'a fence keeps nothing out',
    'flight.ticket > slot.fence && slot.mutations === 0 && !',
    'slot.mutations === 0 && !',
    'memory: two callers, a deletion'
  ),
  flights(
    'what began during a deletion is stored',
    'flight.ticket > slot.fence && slot.mutations === 0 && !',
    'flight.ticket > slot.fence && !',
    'far: two callers, a deletion'
  ),
  flights(
    'a load that took too long is stored',
    'slot.mutations === 0 && !slots.overdue(flight)',
    'slot.mutations === 0',
    'a load that takes too long'
  ),
  flights(
    'a deletion moves the fence only when it begins',
    'return await io()\n    } finally {\n      for (const key of keys) {\n        const slot = slots.of(key)\n        slots.fence(slot)',
    'return await io()\n    } finally {\n      for (const key of keys) {\n        const slot = slots.of(key)',
    'far: two callers, a deletion'
  ),
  flights(
    'a deletion moves the fence only when it ends',
    'const slot = slots.get(key)\n        if (slot !== undefined) slots.fence(slot)',
    'const slot = slots.get(key)\n        if (slot !== undefined) slots.tidy(key, slot)',
    'memory: two callers, a deletion'
  ),
  flights(
    'a deletion does not wait for a write',
    'for (let before = writesOf(slots, keys); before !== undefined; before = writesOf(slots, keys))\n        await before',
    '',
    'far: two callers, a deletion'
  ),
  flights(
    'a deletion begins beside a write',
    'writesOf(slots, keys) === undefined ? io() : undefined',
    'io()',
    'far: two callers, a deletion'
  ),
  flights(
    'an older update overwrites a newer one',
    '    slot.fence = ticket\n',
    '',
    'two callers, two updates'
  ),
  flights(
    'two writes overtake each other',
    'before !== undefined && mayStore(flight)',
    'before === undefined && before !== undefined',
    'far: two callers, two updates'
  ),
  flights(
    'a read is joined after a write has ended',
    "if (slot.flight?.phase === 'reading') slot.flight = undefined\n  }",
    '}',
    'far: fresh: two updates, the second fails, two callers'
  ),
  flights(
    'a load that is being written is joined under leases',
    "leased && slot.flight?.phase === 'settling' ? undefined : slot.flight",
    'slot.flight',
    'far: fleet: two callers, a deletion by the other'
  ),
  flights(
    'a load that takes too long is joined',
    'slots.overdue(slot.flight)',
    'false',
    'a load that takes too long'
  ),
  flights(
    'a write does not count for what was read',
    'Math.max(slot.fence, slot.settled)',
    'slot.fence',
    'far: expired: two callers, an update, the second load fails'
  ),
  flights(
    'a deletion does not count for what was read',
    'Math.max(slot.fence, slot.settled)',
    'slot.settled',
    'far: expired: two callers, a deletion, all'
  ),
  flights(
    'a clear keeps nothing out',
    'mutateAll: (io) => {\n      for (const [, slot] of slots.entries()) slots.fence(slot)',
    'mutateAll: (io) => {',
    'memory: two callers, a clear'
  ),
  flights(
    'a read is joined after a clear',
    "if (flight?.phase === 'reading' || flight?.stale !== undefined) slot.flight = undefined",
    '',
    'far: fresh: two callers, a clear'
  ),
  flights(
    'a write ends unnoticed',
    'slot.writing = undefined\n      slots.tidy(key, slot)',
    'slot.writing = undefined',
    'far: a load that takes too long: a caller of another key'
  ),
  flights(
    'what overtook an update is not known',
    'mover.since >= flight.ticket',
    'false',
    'far: two callers, two updates'
  ),
  flights(
    'what was there before an update is taken for what overtook it',
    'mover.since >= flight.ticket',
    'true',
    'update'
  ),
  slots(
    'a key stays although nothing is under way for it',
    'slots.delete(key)',
    'void 0',
    'memory: two callers'
  ),
  slots(
    'a flight that is over can be joined',
    'if (slot.flight === flight) slot.flight = undefined\n    tidy',
    'tidy',
    'far: two callers'
  ),
  slots(
    'a flight that ends ends another',
    'if (slot.flight === flight) slot.flight = undefined\n    tidy',
    'slot.flight = undefined\n    tidy',
    'memory: expired: three callers, a deletion'
  ),
  slots('a fence stays where it is', 'slot.fence = tickets', '', 'memory: two callers, a deletion'),
  slots(
    'a load can be joined after a deletion',
    'slot.flight = undefined\n      slot.fence = tickets',
    'slot.fence = tickets',
    'memory: two callers, a deletion'
  ),
  slots(
    'flights share one ticket',
    'enters(row, flight, ++tickets, epoch)',
    'enters(row, flight, tickets, epoch)',
    ''
  ),
  flight(
    'a load without its lease is not marked',
    'open(flight).old = true',
    '',
    'fleet: two callers, a deletion by the other'
  ),
  flight(
    'a load with a caller is not marked',
    'open(flight).shared = true',
    '',
    'fleet: two callers, a deletion by the other'
  ),
  flight('a load for other arguments is not marked', 'f.spoiled = spoiled', '', 'arguments'),
  flight(
    'a load does not know when its function began',
    'f.began = ticket\n',
    'f.began = Infinity\n',
    'fleet: two callers, a deletion by the other'
  )
]

const stages: ReadonlyArray<Planted> = [
  plant('join.ts')(
    'a caller takes a stale entry that was deleted before its call',
    'stale || flight.began <= asked',
    'flight.began <= asked',
    'fleet, expired: two callers, a deletion by the other'
  ),
  plant('join.ts')(
    'a load that was begun by a second look keeps its failure',
    'loaded.then((answer) => rescued(flight, answer))',
    'loaded',
    'far: tags, expired, loads are tried again at once'
  ),
  plant('supersede.ts')(
    'an update that was overtaken does not wait for what overtook it',
    ': andThen(instead, (ended) => (E.isLeft(ended) ? asRingError(ended.left) : undefined))',
    ': undefined',
    'far: fresh: an update, a deletion, a get'
  ),
  plant('supersede.ts')(
    'an update that took too long leaves what was there',
    'flights.overdue(flight) ? undefined : flights.superseded(flight)',
    'flights.superseded(flight) ?? E.right(undefined)',
    'fresh: an update that takes too long'
  ),
  plant('fallbacks.ts')(
    'an error is not excused',
    "serves(fallback, 'Stale')\n    return stale",
    'return answer',
    'memory: expired: three callers, all'
  ),
  plant('join.ts')(
    'a stale entry that was deleted while it was read again is shared',
    'if (intact && seen !== undefined) keepsStale',
    'if (seen !== undefined) keepsStale',
    'far: expired: three callers, a deletion'
  ),
  plant('getOrUpdateMany.ts')(
    'a list shares a stale entry that was deleted while it was read',
    'const shares = !touched.has(key)',
    'const shares = true',
    'far: expired: a list'
  ),
  plant('getOrUpdateMany.ts')(
    'a list loads what is being loaded',
    'const under = otherOf(key).flight\n',
    "const under = undefined as ReturnType<typeof otherOf>['flight']\n",
    'a list, two callers'
  ),
  plant('getOrUpdateMany.ts')(
    'a list takes what others load as it is',
    'const loaded = joins ? joined(engine, { key, args, flight }, { spent }) : flight.answer',
    'const loaded = flight.answer',
    'fleet: a list, a caller, a deletion by the other'
  ),
  plant('loadPlain.ts')(
    'a load in memory that throws keeps its key',
    '    } finally {\n      flights.release(flight)',
    '      flights.release(flight)\n    } finally {',
    'memory: two callers, the load may throw'
  ),
  plant('load.ts')(
    'a load that throws keeps its key',
    'if (ran instanceof Thrown) flights.release(flight)\n      const settled = end(one, ran instanceof Thrown ? letGo(one) : store(one, ran, removes, since))',
    'if (ran instanceof Thrown) throw ran.cause\n      const settled = store(one, ran, removes, since)',
    'far: two callers, the load may throw'
  ),
  plant('load.ts')(
    'a load keeps its key',
    'isLater(checked) ? checked.then(release, release) : release()',
    'isLater(checked) ? checked.then(() => undefined) : undefined',
    'far: two callers'
  ),
  plant('load.ts')(
    'an answer that is not stored keeps its lease',
    '    return letGo(one)\n  }\n\n  /** The end',
    '    return undefined\n  }\n\n  /** The end',
    'fleet: a caller each, the load may fail'
  ),
  plant('load.ts')(
    'a purge by another process is not looked for',
    'const checked = checkPurged(one)',
    'const checked: Soon<void> = undefined',
    'two callers, a purge by the other'
  ),
  plant('load.ts')(
    'a key is free before its value is written',
    'const settled = end(one,',
    'flights.release(flight)\n      const settled = end(one,',
    'far: two callers'
  ),
  plant('lost.ts')(
    'a lease that is lost is not noticed',
    'if (E.isLeft(holds) || !holds.right) ages(flight)',
    '',
    'fleet: two callers, a deletion by the other, all'
  ),
  plant('lost.ts')(
    'a load without its lease can be joined',
    "if (claim._tag !== 'Held') {\n      ages(flight)",
    "if (claim._tag !== 'Held') {",
    'every lease fails'
  ),
  plant('lost.ts')(
    'a lease is not given back',
    'void leasing.release(key, token)',
    '',
    'lease: two callers, the load may'
  ),
  plant('lost.ts')(
    'a purge by another process changes nothing',
    '!sameStamps(stamps, found.right)',
    'false',
    'two callers, a purge by the other'
  ),
  plant('policies/underLease.ts')(
    'a write that lost its lease is not noticed',
    '        onLost()\n',
    '',
    'fleet: two callers, a deletion by the other'
  ),
  plant('policies/underLease.ts')(
    'an entry from before an update is taken for a newer one',
    'isNewer(is, was) ?',
    'true ?',
    'fleet, fresh: '
  ),
  plant('supersede.ts')(
    'a fault of what overtook an update is not told',
    'E.isLeft(ended) ? asRingError(ended.left) : undefined',
    'undefined',
    'one call breaks, fresh: an update, a deletion'
  ),
  plant('settle.ts')(
    'a write that failed is not marked',
    'if (leasing !== undefined) ages(flight)',
    '',
    'every commit fails'
  ),
  plant('policies/underLease.ts')(
    'a write does not look at its lease',
    '        leases.commit(key, token, ...entry),',
    '        andThen(leases.override([[key, ...entry] as const]), E.map(() => true)),',
    'fleet: a caller each, a deletion'
  ),
  plant('write.ts')(
    'a deletion leaves the lease',
    'leases === undefined\n        ? plainly\n',
    'true\n        ? plainly\n',
    'fleet: two callers, a deletion by the other'
  ),
  {
    ...plant('claim.ts')(
      'an answer of another process is not marked as old',
      'if (flight.shared) ages(flight)\n',
      '',
      'far: fleet: two callers, a set and a deletion by the other'
    ),
    tries: 12_000
  },
  plant('claim.ts')(
    'a caller that waits takes no entry of another process',
    'E.isRight(again) && isAnswer(seen, again.right) ? again.right : undefined',
    'undefined',
    'fleet: a caller each'
  ),
  plant('policies/lease.ts')(
    'an update does not take the lease of another',
    "wanted.mode === 'seize' ?",
    'false ?',
    'fleet: two callers, an update by the other'
  ),
  plant('policies/lease.ts')(
    'a lease that failed is not given back',
    '{\n      void release(key, token)\n      if (isLater(asking))',
    '{\n      if (isLater(asking))',
    'the first lease fails after it took effect'
  ),
  plant('policies/lease.ts')(
    'a load goes on without its lease',
    "if (answer._tag === 'Won') return { _tag: 'Held'",
    "if (answer._tag !== 'Found') return { _tag: 'Held'",
    'fleet: a caller each'
  ),
  plant('judge.ts')(
    'entries are served whatever generations they have',
    'tagged ? !sameStamps(written, stamps ?? []) : written.length > 0',
    'false',
    'memory: tags'
  ),
  plant('tags.ts')(
    'a purge does nothing',
    'const purged = await store.deleteMany(tagKeys)()',
    'const purged: E.Either<StoreError, void> = E.right(undefined)',
    'tags'
  ),
  plant('tags.ts')(
    'two processes draw a generation each',
    'agree === undefined\n        ? andThen(',
    'true\n        ? andThen(',
    'far: tags, fleet: a caller each, of two keys'
  ),
  plant('failures.ts')(
    'a load that has failed is not remembered',
    'any.note(key, ended + retryThrottle)',
    '',
    'stale: three callers, all loads fail'
  ),
  plant('commands.ts')(
    'a set writes beside a load',
    'engine.flights.mutate([key], () => engine.put(key, prepared.right))',
    'engine.put(key, prepared.right)',
    'two callers, a set'
  ),
  plant('commands.ts')(
    'a deletion goes on beside a load',
    'engine.flights.mutate([key], () => engine.put(key, O.none))',
    'engine.put(key, O.none)',
    'memory: two callers, a deletion'
  ),
  plant('loadMany.ts')(
    'a batch runs what another process has stored',
    '(readies[i] as Ready<Err, A, R>).claim) // SAFETY',
    'freely) // SAFETY',
    'fleet: a list each, in batches'
  ),
  plant('loadMany.ts')(
    'a batch keeps its keys',
    'for (const { flight } of group) flights.release(flight)\n    }\n  }',
    '}\n  }',
    'two lists in batches'
  )
]

export const faults: ReadonlyArray<Planted> = [...choices, ...orders, ...stages]
