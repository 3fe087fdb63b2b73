/**
 * Faults of the engine, each of which the model finds: a text of a module, and what takes its place. `in`: a part of the names of
 * the programs that find it.
 */
import type { Fault } from './load'

export interface Planted extends Fault {
  readonly name: string
  readonly in: string
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
  next('a first caller begins a flight that nobody joins', "return 'Hold'\n", "return 'Watch'\n"),
  next(
    'a caller waits for an update although there is an entry',
    "return 'Watch'\n    case 'reading'",
    "return 'Join'\n    case 'reading'"
  ),
  next('a leased ring joins a read', "return leased ? 'Watch' : 'Join'", "return 'Join'"),
  next('a read is not shared', "return leased ? 'Watch' : 'Join'", "return 'Watch'"),
  next(
    'a load is not shared',
    "case 'loading':\n      return 'Join'",
    "case 'loading':\n      return 'Hold'"
  ),
  // onFound
  next('a stale entry is not refreshed', "? 'Serve' : 'ServeAndRefresh'", "? 'Serve' : 'Serve'"),
  next(
    'a load that has just failed is tried again in the background',
    "other === 'loading' || throttled ? 'Serve'",
    "other === 'loading' ? 'Serve'"
  ),
  next(
    'a caller waits although there is a stale entry',
    "? 'Serve' : 'ServeAndRefresh'",
    "? 'Serve' : 'Load'"
  ),
  next(
    'an expired entry begins a load beside another',
    "return other === 'loading'\n        ? 'Join'",
    "return other === 'loading'\n        ? 'Load'"
  ),
  next(
    'an expired entry is served while it is loaded',
    "return other === 'loading'\n        ? 'Join'",
    "return other === 'loading'\n        ? 'Serve'"
  ),
  next(
    'a load that has just failed is tried again for an expired entry',
    ": throttled\n        ? 'Serve'",
    ": false\n        ? 'Serve'"
  ),
  next(
    'an expired entry is served although no load has failed',
    ": intact\n        ? 'Load'",
    ": intact\n        ? 'Serve'"
  ),
  next(
    'an expired entry that is read twice is loaded twice',
    ": other === 'reading'\n        ? 'Join'",
    ": other === 'reading'\n        ? 'Load'"
  ),
  next(
    'an expired entry that was deleted while it was read is shared',
    ": intact\n        ? 'Load'\n        : 'LookAgain'",
    ": 'Load'"
  ),
  next(
    'an entry that cannot be decoded is loaded twice',
    "return other === 'none' ? 'Load' : 'Join'",
    "return 'Load'"
  ),
  next(
    'an entry that cannot be decoded is not replaced',
    "return other === 'none' ? 'Load' : 'Join'",
    "return other === 'none' ? 'LoadBlind' : 'Join'"
  ),
  next(
    'two callers whose reads fail load twice',
    "return other === 'none' ? 'LoadBlind' : 'Join'",
    "return 'LoadBlind'"
  ),
  next(
    'a store that has failed is asked for a lease',
    "return other === 'none' ? 'LoadBlind' : 'Join'",
    "return other === 'none' ? 'Load' : 'Join'"
  ),
  next('a strict ring loads although the store has failed', "return 'Fail'", "return 'Load'"),
  // onClaim
  next('what another process has stored is loaded again', "claimed === 'Served' || ", ''),
  next(
    'what another process loads is loaded beside it, although there is an entry',
    " || (claimed === 'Left' && seen)",
    ''
  ),
  next(
    'an expired entry is served where there is no lease',
    "claimed === 'Served' || ",
    "claimed === 'Served' || claimed === 'Unheld' || "
  ),
  // onRan
  next('an answer is stored whose arguments have changed', "mine ? 'Keep' : 'Discard'", "'Keep'"),
  next('no answer is stored', "mine ? 'Keep' : 'Discard'", "'LetGo'"),
  next('every answer is discarded', "mine ? 'Keep' : 'Discard'", "'Discard'"),
  next('an error takes the place of an entry', "!worth ? 'LetGo'", "!worth ? 'Keep'"),
  // onPrepared
  next('a load without its lease writes', "!able ? 'Discard'", "!able ? 'Write'"),
  next('nothing is written', "lives ? 'Write'", "lives ? 'Skip'"),
  next('an update whose value is not stored leaves what was there', "updates ? 'Remove'", "updates ? 'Skip'"),
  next('what is not to be stored removes what was there', "updates ? 'Remove' : 'Skip'", "'Remove'"),
  // onWritten
  next('a write is taken for a discarded one', "return 'Stored'", "return 'Discarded'"),
  next('a write that fails is taken for a stored one', "return 'Faulted'", "return 'Discarded'"),
  next(
    'an update that lost its lease leaves what was there',
    "return updates ? 'RemoveOlder' : 'Discarded'",
    "return 'Discarded'"
  ),
  next(
    'an update that was overtaken does not wait for what overtook it',
    "superseded ? 'AwaitSuccessor' : 'RemoveAll'",
    "'Discarded'"
  ),
  next(
    'an update that was overtaken removes what overtook it',
    "superseded ? 'AwaitSuccessor' : 'RemoveAll'",
    "'RemoveAll'"
  ),
  // onJoined
  next('a caller takes a load that has lost its lease', "late && old ? 'LookAgain' : 'Take'", "'Take'"),
  next('a caller takes what was loaded for other arguments', "spoiled ? 'RunOwn' : late", 'late')
]

const orders: ReadonlyArray<Planted> = [
  flights(
    'a fence keeps nothing out',
    'flight.ticket > slot.fence && slot.mutations === 0 && !',
    'slot.mutations === 0 && !'
  ),
  flights(
    'what began during a deletion is stored',
    'flight.ticket > slot.fence && slot.mutations === 0 && !',
    'flight.ticket > slot.fence && !'
  ),
  flights(
    'a load that took too long is stored',
    'slot.mutations === 0 && !slots.overdue(flight)',
    'slot.mutations === 0'
  ),
  flights(
    'a deletion moves the fence only when it begins',
    'return await io()\n    } finally {\n      for (const key of keys) {\n        const slot = slots.of(key)\n        slots.fence(slot)',
    'return await io()\n    } finally {\n      for (const key of keys) {\n        const slot = slots.of(key)'
  ),
  flights(
    'a deletion moves the fence only when it ends',
    'const slot = slots.get(key)\n        if (slot !== undefined) slots.fence(slot)',
    'const slot = slots.get(key)\n        if (slot !== undefined) slots.tidy(key, slot)'
  ),
  flights(
    'a deletion does not wait for a write',
    'for (let before = writesOf(slots, keys); before !== undefined; before = writesOf(slots, keys))\n        await before',
    ''
  ),
  flights(
    'a deletion begins beside a write',
    'writesOf(slots, keys) === undefined ? io() : undefined',
    'io()'
  ),
  flights('an older update overwrites a newer one', '    slot.fence = ticket\n', ''),
  flights(
    'two writes overtake each other',
    'before !== undefined && mayStore(flight)',
    'before === undefined && before !== undefined'
  ),
  flights(
    'a read is joined after a write has ended',
    "if (slot.flight?.phase === 'reading') slot.flight = undefined\n  }",
    '}'
  ),
  flights(
    'a load that is being written is joined under leases',
    "leased && slot.flight?.phase === 'settling' ? undefined : slot.flight",
    'slot.flight'
  ),
  flights('a load from before a purge is joined', 'slot.flight.epoch !== epoch()', 'false'),
  flights('a load that takes too long is joined', 'slots.overdue(slot.flight)', 'false'),
  flights('a write does not count for what was read', 'Math.max(slot.fence, slot.settled)', 'slot.fence'),
  flights(
    'a deletion does not count for what was read',
    'Math.max(slot.fence, slot.settled)',
    'slot.settled'
  ),
  flights('a purge does not count for what was read', ' &&\n        flight.epoch === epoch()', ''),
  flights(
    'a clear keeps nothing out',
    'mutateAll: (io) => {\n      for (const [, slot] of slots.entries()) slots.fence(slot)',
    'mutateAll: (io) => {'
  ),
  flights(
    'a read is joined after a clear',
    "if (flight?.phase === 'reading' || flight?.stale !== undefined) slot.flight = undefined",
    ''
  ),
  flights(
    'a write ends unnoticed',
    'slot.writing = undefined\n      slots.tidy(key, slot)',
    'slot.writing = undefined'
  ),
  flights('what overtook an update is not known', 'mover.since >= flight.ticket', 'false'),
  flights(
    'what was there before an update is taken for what overtook it',
    'mover.since >= flight.ticket',
    'true'
  ),
  slots('a key stays although nothing is under way for it', 'slots.delete(key)', 'void 0'),
  slots(
    'a flight that is over can be joined',
    'if (slot.flight === flight) slot.flight = undefined\n    tidy',
    'tidy'
  ),
  slots(
    'a flight that ends ends another',
    'if (slot.flight === flight) slot.flight = undefined\n    tidy',
    'slot.flight = undefined\n    tidy'
  ),
  slots('a fence stays where it is', 'slot.fence = tickets', ''),
  slots(
    'a load can be joined after a deletion',
    'slot.flight = undefined\n      slot.fence = tickets',
    'slot.fence = tickets'
  ),
  slots(
    'flights share one ticket',
    'enters(row, flight, ++tickets, epoch)',
    'enters(row, flight, tickets, epoch)'
  ),
  flight('a load without its lease is not marked', 'open(flight).old = true', ''),
  flight('a load with a caller is not marked', 'open(flight).shared = true', ''),
  flight('a load for other arguments is not marked', 'f.spoiled = spoiled', ''),
  flight('a load does not know when its function began', 'f.began = ticket\n', 'f.began = Infinity\n')
]

const stages: ReadonlyArray<Planted> = [
  plant('join.ts')(
    'a caller takes a stale entry that was deleted before its call',
    'stale || flight.began <= asked',
    'flight.began <= asked'
  ),
  plant('join.ts')(
    'who looks again is not served what is stale',
    'return rescued(own, await',
    'return (await'
  ),
  plant('join.ts')('an error is not excused', "serves(fallback, 'Stale')\n    return stale", 'return answer'),
  plant('join.ts')(
    'a stale entry that was deleted while it was read again is shared',
    'if (intact) keepsStale',
    'keepsStale'
  ),
  plant('getOrUpdateMany.ts')(
    'a list shares a stale entry that was deleted while it was read',
    'const shares = !touched.has(key)',
    'const shares = true'
  ),
  plant('getOrUpdateMany.ts')(
    'a list loads what is being loaded',
    'const under = otherOf(key).flight\n',
    "const under = undefined as ReturnType<typeof otherOf>['flight']\n"
  ),
  plant('getOrUpdateMany.ts')(
    'a list takes what others load as it is',
    'const loaded = joins ? joined(engine, { key, args, flight }, { spent }) : flight.answer',
    'const loaded = flight.answer'
  ),
  plant('loadPlain.ts')(
    'a load in memory that throws keeps its key',
    '    } finally {\n      flights.release(flight)',
    '      flights.release(flight)\n    } finally {'
  ),
  plant('load.ts')(
    'a load that throws keeps its key',
    'if (ran instanceof Thrown) flights.release(flight)\n      const settled = end(one, ran instanceof Thrown ? letGo(one) : store(one, ran, removes, since))',
    'if (ran instanceof Thrown) throw ran.cause\n      const settled = store(one, ran, removes, since)'
  ),
  plant('load.ts')(
    'a load keeps its key',
    'return checked.then(release, release) : release()',
    'return checked.then(() => undefined) : undefined'
  ),
  plant('load.ts')(
    'an answer that is not stored keeps its lease',
    '    return letGo(one)\n  }\n\n  /** The end',
    '    return undefined\n  }\n\n  /** The end'
  ),
  plant('load.ts')(
    'a purge by another process is not looked for',
    'const checked = checkPurged(one)',
    'const checked: Soon<void> = undefined'
  ),
  plant('load.ts')(
    'a key is free before its value is written',
    'const settled = end(one,',
    'flights.release(flight)\n      const settled = end(one,'
  ),
  plant('lost.ts')(
    'a lease that is lost is not noticed',
    'if (E.isLeft(holds) || !holds.right) ages(flight)',
    ''
  ),
  plant('lost.ts')(
    'a load without its lease can be joined',
    "if (claim._tag !== 'Held') {\n      ages(flight)",
    "if (claim._tag !== 'Held') {"
  ),
  plant('lost.ts')('a lease is not given back', 'void leasing.release(key, token)', ''),
  plant('lost.ts')('a purge by another process changes nothing', '!sameStamps(stamps, found.right)', 'false'),
  plant('supersede.ts')('a write that lost its lease is not noticed', '        ages(one.flight)\n', ''),
  plant('supersede.ts')(
    'an entry from before an update is taken for a newer one',
    'isNewer(is, was) ?',
    'true ?'
  ),
  plant('supersede.ts')(
    'a fault of what overtook an update is not told',
    'E.isLeft(ended) ? asRingError(ended.left) : undefined',
    'undefined'
  ),
  plant('settle.ts')('a write that failed is not marked', 'if (leasing !== undefined) ages(flight)', ''),
  plant('write.ts')(
    'a write does not look at its lease',
    ': leases.commit(key, token, ...written(prepared))',
    ': andThen(leases.override([[key, ...written(prepared)] as const]), E.map(() => true))'
  ),
  plant('write.ts')(
    'a deletion leaves the lease',
    'leases === undefined\n        ? plainly\n',
    'true\n        ? plainly\n'
  ),
  plant('claim.ts')(
    'an answer of another process is not marked as old',
    'if (flight.shared) ages(flight)\n',
    ''
  ),
  plant('claim.ts')(
    'a caller that has waited keeps the generations from before',
    "claim._tag === 'Held' && claim.waited && tags !== undefined",
    'false'
  ),
  plant('claim.ts')(
    'a caller that waits takes no entry of another process',
    'E.isRight(again) && isAnswer(one.seen, again.right) ? again.right : undefined',
    'undefined'
  ),
  plant('lease.ts')('an update does not take the lease of another', "wanted.mode === 'seize' ?", 'false ?'),
  plant('lease.ts')(
    'a lease that failed is not given back',
    '{\n      void release(key, token)\n      if (isLater(asking))',
    '{\n      if (isLater(asking))'
  ),
  plant('lease.ts')(
    'a load goes on without its lease',
    "if (answer._tag === 'Won') return { _tag: 'Held'",
    "if (answer._tag !== 'Found') return { _tag: 'Held'"
  ),
  plant('judge.ts')(
    'entries are served whatever generations they have',
    'tagged ? !sameStamps(written, stamps ?? []) : written.length > 0',
    'false'
  ),
  plant('tags.ts')(
    'what begins during a purge is joined after it',
    'const purged = await store.deleteMany(tagKeys)()\n    shared.count++',
    'const purged = await store.deleteMany(tagKeys)()'
  ),
  plant('tags.ts')(
    'a purge does nothing',
    'const purged = await store.deleteMany(tagKeys)()',
    'const purged: E.Either<StoreError, void> = E.right(undefined)'
  ),
  plant('tags.ts')(
    'each load draws a generation of its own',
    'return stamp === undefined ? draw(key)',
    'return stamp !== undefined || stamp === undefined ? draw(key)'
  ),
  plant('failures.ts')(
    'a load that has failed is not remembered',
    'any.note(key, ended + retryThrottle)',
    ''
  ),
  plant('commands.ts')(
    'a set writes beside a load',
    'engine.flights.mutate([key], () => engine.put(key, prepared.right))',
    'engine.put(key, prepared.right)'
  ),
  plant('commands.ts')(
    'a deletion goes on beside a load',
    'engine.flights.mutate([key], () => engine.put(key, O.none))',
    'engine.put(key, O.none)'
  ),
  plant('loadMany.ts')(
    'a batch runs what another process has stored',
    '(readies[i] as Ready<Err, A, R>).claim) // SAFETY',
    'freely) // SAFETY'
  ),
  plant('loadMany.ts')(
    'a batch keeps its keys',
    'for (const { flight } of group) flights.release(flight)\n    }\n  }',
    '}\n  }'
  )
]

export const faults: ReadonlyArray<Planted> = [...choices, ...orders, ...stages]
