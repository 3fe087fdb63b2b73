/**
 * Random programs of a store's operations: each step has to answer as the model does.
 *
 * @internal
 */
import * as fc from 'fast-check'
import { type Option, some } from 'fp-ts/Option'

import * as D from '../../../Duration'
import type { Entry } from '../../../Store'
import { someKeys, somePrefixes } from '../keys'
import { same as equal } from '../same'
import { ensure, refuses, run } from '../words'
import { type Case, longLives, minute, remains, shortLives, waits } from './case'
import { makeModel } from './model'

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

/** Few keys for each program, so that its commands meet. */
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
  const model = makeModel<R>(c.keeps)
  const full = (key: string): string => prefix + key
  const ends = (ttl: number): boolean => ttl > 0 && ttl !== Infinity
  const asModel = (what: string, key: string, answer: Option<R>): void => {
    const expected = model.at(key)
    ensure(
      expected === undefined
        ? answer._tag === 'None'
        : answer._tag === 'Some' && c.equals(answer.value, expected.value),
      () =>
        `${what} is ${answer._tag}, and ${expected === undefined ? 'None' : 'Some'} or another value expected`
    )
  }
  const asEntry = (what: string, key: string, answer: Option<Entry<R>>): void => {
    asModel(what, key, answer._tag === 'None' ? answer : some(answer.value.value))
    if (answer._tag === 'Some') remains(c, answer, model.left(key), what)
  }
  const same = (what: string, actual: unknown, expected: unknown): void =>
    ensure(equal(actual, expected), () => `${what}: ${String(actual)}, and ${String(expected)} expected`)

  for (const [i, command] of program.entries()) {
    const what = `step ${String(i)}, ${command.op}`
    switch (command.op) {
      case 'get':
        asModel(what, command.key, await run(what, store.get(full(command.key))))
        break
      case 'read':
        asEntry(what, command.key, await run(what, store.read(full(command.key))))
        break
      case 'peek': {
        const seen = store.peek?.(full(command.key))
        if (seen !== undefined) asModel(what, command.key, some(seen))
        const entry = store.peekEntry?.(full(command.key))
        if (entry !== undefined) asEntry(what, command.key, some(entry))
        break
      }
      case 'has':
        same(what, await run(what, store.has(full(command.key))), model.at(command.key) !== undefined)
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
        const te = store.touch(full(command.key), command.ttl)
        if (!c.lifetime && ends(command.ttl)) await refuses(what, te)
        else same(what, await run(what, te), model.touch(command.key, command.ttl))
        break
      }
      case 'getMany': {
        const answers = await run(what, store.getMany(command.keys.map(full)))
        same(what, answers.length, command.keys.length)
        answers.forEach((answer, j) => asModel(what, command.keys[j] ?? '', answer))
        break
      }
      case 'together': {
        const answers = await Promise.all(command.keys.map((key) => run(what, store.get(full(key)))))
        const entries = await Promise.all(command.keys.map((key) => run(what, store.read(full(key)))))
        answers.forEach((answer, j) => asModel(what, command.keys[j] ?? '', answer))
        entries.forEach((entry, j) => asEntry(what, command.keys[j] ?? '', entry))
        break
      }
      case 'readMany': {
        const answers = await run(what, store.readMany(command.keys.map(full)))
        same(what, answers.length, command.keys.length)
        answers.forEach((answer, j) => asEntry(what, command.keys[j] ?? '', answer))
        break
      }
      case 'hasMany':
        same(
          what,
          await run(what, store.hasMany(command.keys.map(full))),
          command.keys.map((key) => model.at(key) !== undefined)
        )
        break
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
        const te = store.touchMany(command.entries.map(([key, ttl]) => [full(key), ttl]))
        if (!c.lifetime && command.entries.some(([, ttl]) => ends(ttl))) await refuses(what, te)
        else
          same(
            what,
            await run(what, te),
            command.entries.map(([key, ttl]) => model.touch(key, ttl))
          )
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
