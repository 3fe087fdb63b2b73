import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as IOE from 'fp-ts/IOEither'
import * as O from 'fp-ts/Option'
import * as T from 'fp-ts/Task'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import {
  Codec,
  dict,
  Duration,
  fromIOEitherFunction,
  fromPromiseFunction,
  fromTaskFunction,
  Policy,
  Ring,
  ring
} from '../src'
import { lru } from '../src/stores/memory/lru'

const right = <A>(answer: E.Either<unknown, A>): A => {
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}

describe('lifts', () => {
  test('a function that gives promises', async () => {
    const fetchName = async (id: number): Promise<string> => {
      if (id < 0) throw new Error('no such user')
      return `user ${String(id)}`
    }
    const name = pipe(fromPromiseFunction(fetchName, E.toError), ring(dict()))
    expect(name.key(1)).toBe('fetchName:1')
    expect(await name(1)()).toEqual(E.right('user 1'))
    expect(await name(-1)()).toEqual(E.left(new Error('no such user')))
    const throwing = (): Promise<number> => {
      throw new Error('at once')
    }
    expect(await fromPromiseFunction(throwing, E.toError)()()).toEqual(E.left(new Error('at once')))
  })

  test('a Task and an IOEither', async () => {
    const square = (n: number): T.Task<number> => T.of(n * n)
    const root = (n: number): IOE.IOEither<string, number> =>
      n < 0 ? IOE.left('negative') : IOE.right(Math.sqrt(n))
    const squared = ring(fromTaskFunction(square), { store: dict() })
    const rooted = ring(fromIOEitherFunction(root), { store: dict() })
    expect([squared.key(2), rooted.key(2)]).toEqual(['square:2', 'root:2'])
    expect(await squared(3)()).toEqual(E.right(9))
    expect(await rooted(9)()).toEqual(E.right(3))
    expect(await rooted(-1)()).toEqual(E.left('negative'))
  })

  test('nothing is run before the task is', async () => {
    let runs = 0
    const cached = ring(
      fromPromiseFunction(async (n: number) => runs++ + n, E.toError),
      { store: dict(), name: 'n' }
    )
    const task = cached(1)
    expect(runs).toBe(0)
    await task()
    expect(runs).toBe(1)
  })
})

describe('toPromiseFunction', () => {
  const parts = () => {
    const cached = ring(
      (id: number): TE.TaskEither<Error, string> =>
        id < 0 ? TE.left(new Error('no such user')) : TE.right(`user ${String(id)}`),
      {
        store: dict<Uint8Array>(),
        codec: Codec.json(t.string),
        name: 'user',
        commands: (_, base) => ({ double: (id: number) => base.get(2 * id) })
      }
    )
    return { cached, promised: Ring.toPromiseFunction(cached) }
  }

  test('every command is run at once, and gives a promise', async () => {
    const { cached, promised } = parts()
    expect(await promised(1)).toBe('user 1')
    expect(await promised.get(1)).toEqual(O.some('user 1'))
    expect(await promised.execute(1)).toBe('user 1')
    await promised.set('mine')(1)
    expect(await promised(1)).toBe('mine')
    expect(await promised.update(1)).toBe('user 1')
    expect(await promised.has(1)).toBe(true)
    expect(await promised.touch(1)).toBe(true)
    await promised.delete(1)
    expect(await promised.getMany([[1], [2]])).toEqual([O.none, O.none])
    expect(await promised.getOrUpdateMany([[1], [-1]])).toEqual([
      E.right('user 1'),
      E.left(new Error('no such user'))
    ])
    await promised.setMany([[[3], 'c']])
    expect(await promised.hasMany([[3], [4]])).toEqual([true, false])
    await promised.clear()
    expect(await promised.has(3)).toBe(false)
    expect(promised.key(1)).toBe(cached.key(1))
    expect(promised.decode(right(promised.encode('x')))).toEqual(E.right('x'))
    expect(promised.store).toBe(cached.store)
    expect(right(await promised.double(1)())).toEqual(O.none)
  })

  test('a left is a rejection', async () => {
    const { promised } = parts()
    await expect(promised(-1)).rejects.toThrow('no such user')
  })
})

describe('map', () => {
  const parts = () => {
    const user = ring((id: number) => TE.right({ id, name: `user ${String(id)}` }), {
      store: dict(),
      name: 'user'
    })
    return {
      names: pipe(
        user,
        Ring.map(({ name }) => name)
      ),
      user
    }
  }

  test('what is read and loaded is seen through the function; what is stored is not', async () => {
    const { names, user } = parts()
    expect(await names(1)()).toEqual(E.right('user 1'))
    expect(await names.get(1)()).toEqual(E.right(O.some('user 1')))
    expect(await user.get(1)()).toEqual(E.right(O.some({ id: 1, name: 'user 1' })))
    expect(await names.update(2)()).toEqual(E.right('user 2'))
    expect(await names.execute(2)()).toEqual(E.right('user 2'))
    expect(await names.getMany([[1], [9]])()).toEqual(E.right([O.some('user 1'), O.none]))
    expect(await names.getOrUpdateMany([[1], [3]])()).toEqual(E.right([E.right('user 1'), E.right('user 3')]))
    expect(await names.updateMany([[1]])()).toEqual(E.right([E.right('user 1')]))
    expect(await names.executeMany([[1]])()).toEqual(E.right([E.right('user 1')]))
    right(await names.delete(1)())
    expect(await user.has(1)()).toEqual(E.right(false))
    expect(names.key(1)).toBe(user.key(1))
  })

  test('what takes values is refused, and stores nothing', async () => {
    const { names, user } = parts()
    const { codec, encode, set, setMany } = names as unknown as typeof user
    expect(await set('x' as never)(1)()).toMatchObject({ left: { _tag: 'EncodeError' } })
    expect(await setMany([[[1], 'x' as never]])()).toMatchObject({ left: { _tag: 'EncodeError' } })
    expect(encode('x' as never)).toMatchObject({ left: { _tag: 'EncodeError' } })
    expect(codec.encode('x' as never)).toMatchObject({ left: { _tag: 'EncodeError' } })
    expect(codec.decode({ name: 'a' })).toEqual(E.right('a'))
    expect(await user.has(1)()).toEqual(E.right(false))
  })

  test('map of identity, and of one function after the other', async () => {
    const { user } = parts()
    const f = ({ name }: { readonly name: string }): string => name
    const g = (text: string): number => text.length
    const same = pipe(
      user,
      Ring.map((a) => a)
    )
    expect(await same(1)()).toEqual(await user(1)())
    const twice = pipe(user, Ring.map(f), Ring.map(g))
    const once = pipe(
      user,
      Ring.map((a) => g(f(a)))
    )
    for (const id of [1, 10, 100]) {
      expect(await twice(id)()).toEqual(await once(id)())
      expect(await twice.get(id)()).toEqual(await once.get(id)())
      expect(await twice.getMany([[id], [id + 1]])()).toEqual(await once.getMany([[id], [id + 1]])())
    }
    const bound = pipe(user, Ring.map(f), Ring.bind(10))
    expect(await bound()()).toEqual(E.right('user 10'))
  })

  test('a ring over a view needs a name, as two views would meet in one', () => {
    const { names } = parts()
    expect(() => ring(names, { store: dict() })).toThrow('a ring needs a name')
  })

  test('imap: there and back', async () => {
    const cents = ring((id: number) => TE.right(id * 100), {
      store: dict<Uint8Array>(),
      codec: Codec.json(t.number),
      name: 'price'
    })
    const euros = pipe(
      cents,
      Ring.imap(
        (n) => n / 100,
        (n: number) => n * 100
      )
    )
    right(await euros.set(3)(7)())
    expect(await cents.get(7)()).toEqual(E.right(O.some(300)))
    expect(await euros.get(7)()).toEqual(E.right(O.some(3)))
    right(await euros.setMany([[[8], 4]])())
    expect(await cents.get(8)()).toEqual(E.right(O.some(400)))
    expect(euros.encode(5)).toEqual(cents.encode(500))
    expect(euros.decode(right(cents.encode(500)))).toEqual(E.right(5))
    expect(euros.codec.encode(5)).toEqual(cents.encode(500))
    expect(euros.codec.decode(right(cents.encode(500)))).toEqual(E.right(5))
    expect(await euros(1)()).toEqual(E.right(1))
  })

  test('commands of an author stay as they are, also in the place of others', async () => {
    const own = ring((id: number) => TE.right(id), {
      store: dict(),
      name: 'own',
      commands: (_, base) => ({
        get: (id: number) => `got ${String(id)}`,
        toString: () => 'a ring',
        delete: (id: number) => base.has(id)
      })
    })
    const doubled = pipe(
      own,
      Ring.map((n) => n * 2)
    )
    expect(doubled.get(1)).toBe('got 1')
    expect(await doubled(1)()).toEqual(E.right(2))
    expect(await Ring.toPromiseFunction(own).delete(1)()).toEqual(E.right(true))
    expect(Ring.toPromiseFunction(own).get(1)).toBe('got 1')
    expect(
      pipe(
        own,
        Ring.contramap((text: string) => [Number(text)])
      ).get(1)
    ).toBe('got 1')
    const other = ring((id: number) => TE.right(id), { store: dict(), name: 'other' })
    const link = Ring.linked(Ring.expires(other, (id: number) => [[id]]))
    expect(() => link(own)).toThrow('a ring with a delete of its own cannot be linked')
    const called = ring((id: number) => TE.right(id), {
      store: dict(),
      name: 'called',
      commands: () => ({ peek: () => 7 }),
      default: 'peek'
    })
    expect(called()).toBe(7)
    expect(
      pipe(
        called,
        Ring.contramap((text: string) => [Number(text)])
      )()
    ).toBe(7)
    expect((Ring.toPromiseFunction(called) as unknown as () => number)()).toBe(7)
  })
})

describe('one config for several rings', () => {
  test('using', async () => {
    const cached = Ring.using({ store: dict<Uint8Array>(), policy: Policy.ttl(Duration.minutes(5)) })
    const fetchName = (id: number): TE.TaskEither<Error, string> => TE.right(`user ${String(id)}`)
    const fetchAge = (id: number): TE.TaskEither<Error, number> => TE.right(id)
    const name = cached(fetchName, { codec: Codec.json(t.string) })
    const age = cached(fetchAge, {
      codec: Codec.json(t.number),
      name: 'age',
      tags: (id) => [`user:${String(id)}`]
    })
    expect(await name(1)()).toEqual(E.right('user 1'))
    expect(await age(1)()).toEqual(E.right(1))
    expect([name.key(1), age.key(1)]).toEqual(['fetchName:1', 'age:1'])
    right(await age.purge('user:1')())
    expect(await age.has(1)()).toEqual(E.right(false))
    const inMemory = Ring.using({ store: lru({ max: 10 }) })
    expect(await inMemory(fetchName)(2)()).toEqual(E.right('user 2'))
  })

  test('a record', async () => {
    const store = lru({ max: 10 })
    const users = Ring.record({ store, policy: Policy.ttl(Duration.minutes(5)) })({
      name: (id: number): TE.TaskEither<Error, string> => TE.right(`user ${String(id)}`),
      age: (id: number): TE.TaskEither<Error, number> => TE.right(id)
    })
    expect(await users.name(7)()).toEqual(E.right('user 7'))
    expect(await users.age(7)()).toEqual(E.right(7))
    expect([users.name.key(7), users.age.key(7)]).toEqual(['name:7', 'age:7'])
    expect(users.age.store.backend).toBe(store.backend)
  })
})

test('a cached function is one of fp-ts: traverse, Do and pipe', async () => {
  let loads = 0
  const user = ring((id: number) => TE.fromIO(() => ({ id, n: ++loads })), { store: dict(), name: 'user' })
  const program = pipe(
    TE.Do,
    TE.bind('all', () => pipe([1, 2, 1], TE.traverseArray(user))),
    TE.bind('first', ({ all }) => TE.fromOption(() => 'none' as const)(O.fromNullable(all[0]))),
    TE.chainFirstW(({ first }) => user.delete(first.id)),
    TE.bindW('again', ({ first }) => user(first.id))
  )
  expect(right(await program())).toEqual({
    all: [
      { id: 1, n: 1 },
      { id: 2, n: 2 },
      { id: 1, n: 1 }
    ],
    first: { id: 1, n: 1 },
    again: { id: 1, n: 3 }
  })
})
