/**
 * Random programs of a store's leases: each step must answer as a `Map` of leases beside a `Map` of entries does.
 *
 * @internal
 */
import * as fc from 'fast-check'
import { none, type Option, some } from 'fp-ts/Option'

import * as D from '../../Duration'
import type { Leases } from '../../Store'
import { ensure, run } from '../words/words'
import { type Case, isNear, type Left, minute, shortLives, waits } from './case'
import * as finds from './finds'
import { isBusyFor } from './leaseWords'
import { type Life, makeLives, makeModel } from './reference'

/** An entry to be written by `override`. */
export type Write<R> = readonly [key: string, value: Option<R>, ttl: D.Duration]

/** The arguments of `acquire`. */
interface Wish {
  readonly key: string
  readonly token: string
  readonly ttl: D.Duration
  readonly beyond: D.Duration
}

type LeaseCommand<R> =
  | (Wish & { readonly op: 'acquire' })
  | {
      readonly op: 'seize' | 'renew'
      readonly key: string
      readonly token: string
      readonly ttl: D.Duration
    }
  | { readonly op: 'release'; readonly key: string; readonly token: string }
  | {
      readonly op: 'commit'
      readonly key: string
      readonly token: string
      readonly value: Option<R>
      readonly ttl: D.Duration
    }
  | { readonly op: 'override'; readonly entries: ReadonlyArray<Write<R>> }
  | { readonly op: 'set'; readonly key: string; readonly value: R; readonly ttl: D.Duration }
  | { readonly op: 'read' | 'delete'; readonly key: string }
  | { readonly op: 'wait'; readonly ms: number }

const leaseKeys = ['a', '{a}']
const tokens = ['one', 'two', 'three']

/** Only a few keys and tokens, so that holders compete. */
export const leaseCommands = <R>(c: Case<R>): fc.Arbitrary<ReadonlyArray<LeaseCommand<R>>> => {
  const passes = c.instant && c.granularity === 0
  const key = fc.constantFrom(...leaseKeys)
  const token = fc.constantFrom(...tokens)
  const value = c.values
  const short = shortLives(c)
  const lease = fc.constantFrom(minute, D.hours(1), ...short)
  const ttl = fc.constantFrom(D.zero, D.milliseconds(-5), minute, D.hours(1), D.forever, ...short)
  const beyond = fc.constantFrom(D.zero, D.seconds(30), minute, D.minutes(30), D.forever, ...short)
  const op = <O extends LeaseCommand<R>['op']>(name: O): fc.Arbitrary<O> => fc.constant(name)
  const written = fc.oneof(value.map(some), fc.constant(none))
  return fc.array(
    fc.oneof<Array<fc.Arbitrary<LeaseCommand<R>>>>(
      fc.record({ op: op('acquire'), key, token, ttl: lease, beyond }),
      fc.record({ op: op('seize'), key, token, ttl: lease }),
      fc.record({ op: op('renew'), key, token, ttl: lease }),
      fc.record({ op: op('release'), key, token }),
      fc.record({ op: op('commit'), key, token, value: written, ttl }),
      fc.record({ op: op('override'), entries: fc.array(fc.tuple(key, written, ttl), { maxLength: 4 }) }),
      fc.record({ op: op('set'), key, value, ttl }),
      fc.record({ op: op('read'), key }),
      fc.record({ op: op('delete'), key }),
      ...(passes ? [fc.record({ op: op('wait'), ms: fc.constantFrom(...waits) })] : [])
    ),
    { maxLength: 25 }
  )
}

interface LeaseModel {
  readonly begin: () => void
  /** The holder of a lease, and its remaining lifetime. */
  readonly held: (key: string) => { readonly token: string; readonly left: Left } | undefined
  readonly take: (key: string, token: string, ttl: number) => void
  readonly free: (key: string) => void
  readonly pass: (ms: number) => void
}

const makeLeaseModel = <R>(c: Case<R>): LeaseModel => {
  const leases = new Map<string, Life & { readonly token: string }>()
  const lives = makeLives(c)
  return {
    begin: lives.begin,
    held: (key) => {
      const lease = leases.get(key)
      return lease !== undefined && lease.until > lives.now()
        ? { token: lease.token, left: lease.left() }
        : undefined
    },
    take: (key, token, ttl) => void leases.set(key, { token, ...lives.from(ttl) }),
    free: (key) => void leases.delete(key),
    pass: lives.pass
  }
}

export const executeLeases = async <R>(
  c: Case<R>,
  leases: Leases<R>,
  prefix: string,
  program: ReadonlyArray<LeaseCommand<R>>
): Promise<void> => {
  const entries = makeModel(c)
  const model = makeLeaseModel(c)
  const full = (key: string): string => prefix + key
  const owns = (key: string, token: string): boolean => model.held(key)?.token === token
  const same = (what: string, actual: unknown, expected: unknown): void =>
    ensure(actual === expected, () => `${what}: ${String(actual)}, and ${String(expected)} expected`)
  const wanted = (key: string): finds.Wanted<R> => {
    const entry = entries.at(key)
    return entry === undefined ? undefined : { value: entry.value, left: entry.left() }
  }
  const acquire = async (what: string, { beyond, key, token, ttl }: Wish): Promise<void> => {
    const answer = await run(what, leases.acquire(full(key), token, ttl, beyond))
    const held = model.held(key)
    const left = entries.life(key)
    if (isNear(c, left, beyond) ? answer._tag === 'Found' : left > beyond) {
      same(what, answer._tag, 'Found')
      if (answer._tag === 'Found') finds.isEntry(c, what, some(answer.entry), wanted(key))
    } else if (held !== undefined) isBusyFor(c, answer, held.left, what)
    else {
      same(what, answer._tag, 'Won')
      model.take(key, token, ttl)
    }
  }
  for (const [i, command] of program.entries()) {
    const what = `step ${String(i)}, ${command.op}`
    entries.begin()
    model.begin()
    switch (command.op) {
      case 'acquire':
        await acquire(what, command)
        break
      case 'seize':
        await run(what, leases.seize(full(command.key), command.token, command.ttl))
        model.take(command.key, command.token, command.ttl)
        break
      case 'renew': {
        const owned = owns(command.key, command.token)
        same(what, await run(what, leases.renew(full(command.key), command.token, command.ttl)), owned)
        if (owned) model.take(command.key, command.token, command.ttl)
        break
      }
      case 'release':
        await run(what, leases.release(full(command.key), command.token))
        if (owns(command.key, command.token)) model.free(command.key)
        break
      case 'commit': {
        const { key, token, value, ttl } = command
        const owned = owns(key, token)
        same(what, await run(what, leases.commit(full(key), token, value, ttl)), owned)
        if (owned) {
          model.free(key)
          if (value._tag === 'Some') entries.set(key, value.value, ttl)
          else entries.delete(key)
        }
        break
      }
      case 'override':
        await run(what, leases.override(command.entries.map(([key, value, ttl]) => [full(key), value, ttl])))
        for (const [key, value, ttl] of command.entries) {
          model.free(key)
          if (value._tag === 'Some') entries.set(key, value.value, ttl)
          else entries.delete(key)
        }
        break
      case 'set':
        await run(what, c.store.set(full(command.key), command.value, command.ttl))
        entries.set(command.key, command.value, command.ttl)
        break
      case 'delete':
        await run(what, c.store.delete(full(command.key)))
        entries.delete(command.key)
        break
      case 'read':
        await finds.read(c, full(command.key), wanted(command.key), what)
        break
      case 'wait':
        await c.wait(command.ms)
        model.pass(command.ms)
        entries.pass(command.ms)
        break
    }
  }
  model.begin()
  for (const key of leaseKeys) {
    await finds.read(c, full(key), wanted(key), 'in the end')
    await acquire('in the end', { key, token: 'another', ttl: minute, beyond: D.forever })
  }
  await run('override', leases.override(leaseKeys.map((key) => [full(key), none, minute])))
}
