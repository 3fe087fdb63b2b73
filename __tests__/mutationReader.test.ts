/** Functions of an environment that change what caches hold; and the end of the work of readers. */
import { describe, expect, test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'

import type { RingError } from '../src'
import { dict, Duration, invalidatesReader, Ring, ring, ringReader } from '../src'

interface Env {
  readonly tenant: string
  readonly table: Map<number, string>
}
interface Mailer {
  readonly mail: (id: number) => void
}

const setUp = () => {
  const store = dict()
  const fetchName =
    (id: number): RTE.ReaderTaskEither<Env, 'no such user', string> =>
    ({ table }) =>
    async () =>
      E.fromNullable('no such user' as const)(table.get(id))
  const saveName =
    (id: number, text: string): RTE.ReaderTaskEither<Env, 'read-only', string> =>
    ({ table, tenant }) =>
      tenant === 'frozen' ? TE.left('read-only') : TE.fromIO(() => (table.set(id, text), text))
  const name = ringReader(fetchName, {
    store,
    keyEnv: ({ tenant }) => tenant,
    tags: ({ tenant }) => [tenant]
  })
  const count = ring((tenant: string): TE.TaskEither<never, number> => TE.right(tenant.length), {
    store,
    name: 'count'
  })
  const env = (tenant: string): Env => ({ tenant, table: new Map([[1, `${tenant} 1`]]) })
  return { count, env, fetchName, name, saveName, store }
}

describe('invalidatesReader', () => {
  test('runs the effects in the environment of the call, after the function, and keeps its value and name', async () => {
    const { env, name, saveName } = setUp()
    const save = pipe(
      saveName,
      invalidatesReader((_, id) => [name.delete(id)])
    )
    expect(save.name).toBe('saveName')
    const [acme, other] = [env('acme'), env('other')]
    await Promise.all([name(1)(acme)(), name(1)(other)()])
    expect(await save(1, 'Ada')(acme)()).toEqual(E.right('Ada'))
    expect(await name.get(1)(acme)()).toEqual(E.right(O.none))
    // the control: that of another environment stays
    expect(await name.get(1)(other)()).toEqual(E.right(O.some('other 1')))
    expect(await name(1)(acme)()).toEqual(E.right('Ada'))
  })

  test('writes through, purges, and takes effects of rings and of other environments', async () => {
    const { count, env, name, saveName } = setUp()
    const mailed: Array<number> = []
    const tell =
      (id: number): RTE.ReaderTaskEither<Mailer, never, void> =>
      ({ mail }) =>
        TE.fromIO(() => mail(id))
    const save = pipe(
      saveName,
      invalidatesReader((saved, id) => [name.set(saved)(id), count.delete('acme'), tell(id)])
    )
    expectTypeOf(save).returns.toEqualTypeOf<
      RTE.ReaderTaskEither<
        Env & Mailer,
        'read-only' | RingError.InvalidationError<string, RingError.RingError>,
        string
      >
    >()
    const acme = { ...env('acme'), mail: (id: number) => mailed.push(id) }
    await count('acme')()
    expect(await save(1, 'Ada')(acme)()).toEqual(E.right('Ada'))
    expect(await name.get(1)(acme)()).toEqual(E.right(O.some('Ada')))
    expect(await count.has('acme')()).toEqual(E.right(false))
    expect(mailed).toEqual([1])
    const purge = pipe(
      saveName,
      invalidatesReader(() => [name.purge('acme')])
    )
    await purge(1, 'Grace')(acme)()
    expect(await name.get(1)(acme)()).toEqual(E.right(O.none))
  })

  test('when the function fails, none is run; when one fails, the value and the errors are kept', async () => {
    const { env, name, saveName } = setUp()
    const save = pipe(
      saveName,
      invalidatesReader((_, id) => [
        TE.left('down' as const),
        name.delete(id),
        () => Promise.reject(new Error('a bug'))
      ])
    )
    const frozen = env('frozen')
    await name(1)(frozen)()
    expect(await save(1, 'Ada')(frozen)()).toEqual(E.left('read-only'))
    expect(await name.has(1)(frozen)()).toEqual(E.right(true))
    const acme = env('acme')
    await name(1)(acme)()
    const answer = await save(1, 'Ada')(acme)()
    expect(answer).toMatchObject({ _tag: 'Left', left: { _tag: 'InvalidationError' } })
    const { left } = answer as E.Left<RingError.InvalidationError<string, unknown>>
    expect(left.value()).toBe('Ada')
    expect(left.errors()).toEqual(['down', new Error('a bug')])
    expect(await name.has(1)(acme)()).toEqual(E.right(false))
  })

  test('a function that returns no list, or throws, loses nothing', async () => {
    const { env, name, saveName } = setUp()
    for (const effects of [(_: string, id: number) => name.delete(id), () => undefined] as const) {
      const answer = await invalidatesReader(effects as never)(saveName)(...([1, 'Ada'] as never))(
        env('acme') as never
      )()
      const { left } = answer as unknown as E.Left<RingError.InvalidationError<string, unknown>>
      expect(left.message).toMatch(/the function of invalidatesReader returned .*, not a list of effects/)
      expect(left.value()).toBe('Ada')
    }
  })

  test('nothing happens until it is run in an environment, and twice what is run twice', async () => {
    const { env, name, saveName } = setUp()
    let made = 0
    const save = pipe(
      saveName,
      invalidatesReader((_, id) => {
        made++
        return [name.delete(id)]
      })
    )
    const task = save(1, 'Ada')(env('acme'))
    expect(made).toBe(0)
    await task()
    await task()
    expect(made).toBe(2)
  })

  test('outside of a pipe the effects say what they are made of; more than there is does not compile', () => {
    const { name, saveName } = setUp()
    const after = invalidatesReader((_: string, id: number) => [name.delete(id)])
    expectTypeOf(after(saveName)).parameters.toEqualTypeOf<[id: number, text: string]>()
    const asksMore = invalidatesReader((_: string, _id: number, _text: string, more: Date) => [
      name.delete(more.getTime())
    ])
    // @ts-expect-error the effects ask for more arguments than the function has
    asksMore(saveName)
  })
})

describe('Ring.drain of readers', () => {
  const slow = () => {
    const answers = new Map<string, () => void>()
    const load =
      (id: number): RTE.ReaderTaskEither<{ readonly tenant: string }, never, string> =>
      ({ tenant }) =>
      () =>
        new Promise((resolve) => answers.set(`${tenant} ${id}`, () => resolve(E.right(tenant))))
    return { answers, load }
  }
  const soon = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

  test('waits for the loads of all environments, and for what a mutation has begun', async () => {
    const { answers, load } = slow()
    const reader = ringReader(load, { store: dict(), keyEnv: ({ tenant }) => tenant })
    const touch = pipe(
      (_id: number): RTE.ReaderTaskEither<unknown, never, void> => RTE.right(undefined),
      invalidatesReader((_, id) => [reader.update(id)])
    )
    void reader(1)({ tenant: 'a' })()
    void touch(2)({ tenant: 'b' })()
    await soon()
    expect(Array.from(answers.keys()).sort()).toEqual(['a 1', 'b 2'])
    const within = Ring.drainWithin(Duration.milliseconds(10))
    expect(await within(reader)()).toBe(false)
    answers.get('a 1')?.()
    await soon()
    expect(await within(reader)()).toBe(false)
    answers.get('b 2')?.()
    expect(await Ring.drain(reader)()).toBe(true)
  })

  test('what is linked to a reader’s ring is not forgotten: a ring that expires entries of a reader', async () => {
    const { answers, load } = slow()
    const reader = ringReader(load, { store: dict(), keyEnv: 'none' })
    void reader(1)({ tenant: 'a' })()
    await soon()
    const other = ring((id: number): TE.TaskEither<never, number> => TE.right(id), {
      store: dict(),
      name: 'other'
    })
    expect(await Ring.drainWithin(Duration.milliseconds(10))(other, reader)()).toBe(false)
    answers.get('a 1')?.()
    expect(await Ring.drain(other, reader)()).toBe(true)
  })
})
