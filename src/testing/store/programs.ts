/**
 * Random programs of a store's operations: each step must answer as the model does.
 *
 * @internal
 */
import * as fc from 'fast-check'

import * as D from '../../Duration'
import { someKeys, somePrefixes } from '../key/mistaken'
import { refuses, run } from '../words/words'
import { type Case, longLives, minute, shortLives, waits } from './case'
import * as finds from './finds'
import { makeModel } from './reference'

type Command<R> =
  | { readonly op: 'get' | 'read' | 'delete' | 'has' | 'peek'; readonly key: string }
  | { readonly op: 'set'; readonly key: string; readonly value: R; readonly ttl: D.Duration }
  | { readonly op: 'touch'; readonly key: string; readonly ttl: D.Duration }
  | {
      readonly op: 'getMany' | 'readMany' | 'hasMany' | 'deleteMany' | 'together'
      readonly keys: ReadonlyArray<string>
    }
  | { readonly op: 'setMany'; readonly entries: ReadonlyArray<readonly [string, R, D.Duration]> }
  | { readonly op: 'touchMany'; readonly entries: ReadonlyArray<readonly [string, D.Duration]> }
  | { readonly op: 'clear'; readonly prefix: string }
  | { readonly op: 'wait'; readonly ms: number }

/** Few keys for each program, so that its commands use the same ones. */
export const commands = <R>(c: Case<R>): fc.Arbitrary<ReadonlyArray<Command<R>>> =>
  fc
    .uniqueArray(fc.constantFrom(...someKeys), { minLength: 1, maxLength: 4 })
    .chain((pool) => commandsOn(c, fc.constantFrom(...pool)))

const commandsOn = <R>(c: Case<R>, key: fc.Arbitrary<string>): fc.Arbitrary<ReadonlyArray<Command<R>>> => {
  const keys = fc.array(key, { maxLength: 9 })
  const value = c.values
  const short = shortLives(c)
  const ttl = fc.constantFrom(
    D.zero,
    D.milliseconds(-5),
    minute,
    D.hours(1),
    ...longLives,
    D.forever,
    ...short
  )
  const one = <O extends 'get' | 'read' | 'delete' | 'has' | 'peek'>(op: O) =>
    fc.record({ op: fc.constant(op), key })
  const many = <O extends 'getMany' | 'readMany' | 'hasMany' | 'deleteMany' | 'together'>(op: O) =>
    fc.record({ op: fc.constant(op), keys })
  const passing = fc.record({ op: fc.constant('wait' as const), ms: fc.constantFrom(...waits) })
  return fc.array(
    fc.oneof<Array<fc.Arbitrary<Command<R>>>>(
      one('get'),
      one('read'),
      one('delete'),
      one('has'),
      one('peek'),
      fc.record({ op: fc.constant('set' as const), key, value, ttl }),
      fc.record({ op: fc.constant('touch' as const), key, ttl }),
      many('getMany'),
      many('readMany'),
      many('hasMany'),
      many('deleteMany'),
      many('together'),
      fc.record({
        op: fc.constant('setMany' as const),
        entries: fc.array(fc.tuple(key, value, ttl), { maxLength: 9 })
      }),
      fc.record({
        op: fc.constant('touchMany' as const),
        entries: fc.array(fc.tuple(key, ttl), { maxLength: 9 })
      }),
      ...(c.clears
        ? [fc.record({ op: fc.constant('clear' as const), prefix: fc.constantFrom(...somePrefixes) })]
        : []),
      ...(c.instant && c.granularity === 0 ? [passing] : [])
    ),
    { maxLength: 25 }
  )
}

export const execute = async <R>(
  c: Case<R>,
  prefix: string,
  program: ReadonlyArray<Command<R>>
): Promise<void> => {
  const { store } = c
  const model = makeModel(c)
  const full = (key: string): string => prefix + key
  const ends = (ttl: number): boolean => ttl > 0 && ttl !== Infinity
  const wanted = (key: string): finds.Wanted<R> => {
    const entry = model.at(key)
    return entry === undefined ? undefined : { value: entry.value, left: entry.left() }
  }
  const all = (keys: ReadonlyArray<string>): ReadonlyArray<finds.Wanted<R>> => keys.map(wanted)
  for (const [i, command] of program.entries()) {
    const step = `step ${String(i)}`
    const what = `${command.op}, ${step}`
    model.begin()
    switch (command.op) {
      case 'get':
        await finds.get(c, full(command.key), wanted(command.key), step)
        break
      case 'read':
        await finds.read(c, full(command.key), wanted(command.key), step)
        break
      case 'peek':
        finds.peek(c, full(command.key), wanted(command.key), step)
        break
      case 'has':
        await finds.has(c, full(command.key), model.at(command.key) !== undefined, step)
        break
      case 'delete':
        await run(what, store.delete(full(command.key)))
        model.delete(command.key)
        break
      case 'set': {
        const te = store.set(full(command.key), command.value, command.ttl)
        if (!c.lifetime && ends(command.ttl)) await refuses(what, te)
        else {
          await run(what, te)
          model.set(command.key, command.value, command.ttl)
        }
        break
      }
      case 'touch': {
        const { key, ttl } = command
        if (!c.lifetime && ends(ttl)) await refuses(what, store.touch(full(key), ttl))
        else await finds.touch(c, [full(key), ttl], model.touch(key, ttl), step)
        break
      }
      case 'getMany':
        await finds.getMany(c, command.keys.map(full), all(command.keys), step)
        break
      case 'readMany':
        await finds.readMany(c, command.keys.map(full), all(command.keys), step)
        break
      case 'together':
        await Promise.all(command.keys.map((key) => finds.get(c, full(key), wanted(key), step)))
        await Promise.all(command.keys.map((key) => finds.read(c, full(key), wanted(key), step)))
        break
      case 'hasMany': {
        const are = command.keys.map((key) => model.at(key) !== undefined)
        await finds.hasMany(c, command.keys.map(full), are, step)
        break
      }
      case 'deleteMany':
        await run(what, store.deleteMany(command.keys.map(full)))
        command.keys.forEach(model.delete)
        break
      case 'setMany': {
        const te = store.setMany(command.entries.map(([key, value, ttl]) => [full(key), value, ttl]))
        if (!c.lifetime && command.entries.some(([, , ttl]) => ends(ttl))) await refuses(what, te)
        else {
          await run(what, te)
          for (const [key, value, ttl] of command.entries) model.set(key, value, ttl)
        }
        break
      }
      case 'touchMany': {
        const entries = command.entries.map(([key, ttl]) => [full(key), ttl] as const)
        if (!c.lifetime && entries.some(([, ttl]) => ends(ttl))) await refuses(what, store.touchMany(entries))
        else {
          const touched = command.entries.map(([key, ttl]) => model.touch(key, ttl))
          await finds.touchMany(c, entries, touched, step)
        }
        break
      }
      case 'clear':
        await run(what, store.clear(prefix + command.prefix))
        model.clear(command.prefix)
        break
      case 'wait':
        await c.wait(command.ms)
        model.pass(command.ms)
        break
    }
  }
}
