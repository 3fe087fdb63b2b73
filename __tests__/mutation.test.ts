import { inspect } from 'node:util'

import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { dict, invalidates, ring, type RingError } from '../src'
import { fails, faulty, inTurn } from '../src/testing'

const right = <A>(answer: E.Either<unknown, A>): A => {
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}
const left = <L>(answer: E.Either<L, unknown>): L => {
  if (E.isRight(answer)) throw new Error('a right')
  return answer.left
}

interface User {
  readonly id: number
  readonly name: string
}

const parts = () => {
  const table = new Map<number, User>([[1, { id: 1, name: 'Ada' }]])
  const fetchUser =
    (id: number): TE.TaskEither<'no such user', User> =>
    async () =>
      E.fromNullable('no such user' as const)(table.get(id))
  const saveUser = (id: number, name: string): TE.TaskEither<'read only', User> =>
    id < 0
      ? TE.left('read only')
      : TE.fromIO(() => {
          const saved = { id, name }
          table.set(id, saved)
          return saved
        })
  const store = dict()
  const user = ring(fetchUser, { store, name: 'user', tags: () => ['users'] })
  const count = ring(() => TE.fromIO(() => table.size), { store, name: 'count', tags: () => ['users'] })
  return { count, saveUser, table, user }
}

describe('invalidates', () => {
  test('effects run after the function has succeeded, and before it answers', async () => {
    const { count, saveUser, user } = parts()
    const save = pipe(
      saveUser,
      invalidates((saved) => [user.delete(saved.id), count.purge('users')])
    )
    expect(right(await user(1)())).toEqual({ id: 1, name: 'Ada' })
    expect(right(await count()())).toBe(1)
    const task = save(2, 'Grace')
    expect(right(await count.has()())).toBe(true)
    expect(right(await task())).toEqual({ id: 2, name: 'Grace' })
    expect(right(await count.has()())).toBe(false)
    expect(right(await count()())).toBe(2)
    right(await save(1, 'Mary')())
    expect(right(await user(1)())).toEqual({ id: 1, name: 'Mary' })
    expect(save.name).toBe('saveUser')
  })

  test('write-through: set and update', async () => {
    const { saveUser, user } = parts()
    const save = pipe(
      saveUser,
      invalidates((saved, id) => [user.set(saved)(id)])
    )
    right(await save(1, 'Mary')())
    expect(right(await user.get(1)())).toEqual(O.some({ id: 1, name: 'Mary' }))
    const reload = pipe(
      saveUser,
      invalidates((_, id) => [user.update(id)])
    )
    right(await reload(1, 'Edith')())
    expect(right(await user.get(1)())).toEqual(O.some({ id: 1, name: 'Edith' }))
  })

  test('a function that fails changes nothing, and no effect is made', async () => {
    const { saveUser, user } = parts()
    let made = 0
    const save = pipe(
      saveUser,
      invalidates((saved) => {
        made++
        return [user.delete(saved.id)]
      })
    )
    right(await user(1)())
    expect(left(await save(-1, 'x')())).toBe('read only')
    expect(made).toBe(0)
    expect(right(await user.has(1)())).toBe(true)
  })

  test('effects run at the same time, in the order of their beginnings; the answer waits for all', async () => {
    const order: Array<string> = []
    let endA = (): void => undefined
    const mayEndA = new Promise<void>((resolve) => (endA = resolve))
    const effect = (name: string, wait: Promise<void>): TE.TaskEither<never, void> => {
      return async () => {
        order.push(`${name} begins`)
        await wait
        order.push(`${name} ends`)
        endA()
        return E.right(undefined)
      }
    }
    const save = pipe(
      (n: number) => TE.right(n),
      invalidates(() => [effect('a', mayEndA), effect('b', Promise.resolve())])
    )
    right(await save(1)())
    expect(order).toEqual(['a begins', 'b begins', 'b ends', 'a ends'])
  })

  test('an effect that fails is an InvalidationError that keeps the value; the others are run to their end', async () => {
    const { saveUser, table, user } = parts()
    const broken = ring((id: number) => TE.right(id), {
      store: pipe(dict(), faulty(inTurn(Array.from({ length: 9 }, () => fails)))),
      name: 'broken'
    })
    const rejecting: TE.TaskEither<never, void> = () => Promise.reject(new Error('a bug'))
    const save = pipe(
      saveUser,
      invalidates((saved) => [broken.delete(saved.id), rejecting, user.delete(saved.id)])
    )
    right(await user(1)())
    const error = left(await save(1, 'Mary')()) as RingError.InvalidationError<User, RingError.RingError>
    expect(error).toBeInstanceOf(Error)
    expect(error._tag).toBe('InvalidationError')
    expect(error.value()).toEqual({ id: 1, name: 'Mary' })
    expect(error.errors()).toEqual([
      expect.objectContaining({ _tag: 'StoreError', operation: 'delete' }),
      new Error('a bug')
    ])
    expect(table.get(1)?.name).toBe('Mary')
    expect(right(await user.has(1)())).toBe(false)
    // the caller may do without
    const answer = await pipe(
      save(1, 'Grace'),
      TE.orElse((e) => (e === 'read only' ? TE.left(e) : TE.right(e.value())))
    )()
    expect(answer).toEqual(E.right({ id: 1, name: 'Grace' }))
  })

  test('effects that cannot be made are one, too', async () => {
    const { saveUser } = parts()
    const save = pipe(
      saveUser,
      invalidates((): ReadonlyArray<TE.TaskEither<never, void>> => {
        throw new Error('a bug')
      })
    )
    const error = left(await save(1, 'Mary')())
    expect(error).toMatchObject({ _tag: 'InvalidationError' })
    expect((error as Error).cause).toEqual(new Error('a bug'))
  })

  test('neither the value nor the errors are shown by what prints errors', async () => {
    const save = pipe(
      (secret: string) => TE.right(secret),
      invalidates(() => [TE.left(new Error('hunter2'))])
    )
    const error = left(await save('hunter2')())
    expect(inspect(error) + String(error) + JSON.stringify(error)).not.toContain('hunter2')
  })
})
