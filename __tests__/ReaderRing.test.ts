import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import type * as RTE from 'fp-ts/ReaderTaskEither'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, Policy, type RingEvent, ringReader } from '../src'

const right = <A>(answer: E.Either<unknown, A>): A => {
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}

interface Env {
  readonly tenant: string
  readonly log: (id: number) => void
}

const parts = () => {
  const loads: Array<string> = []
  const fetchName =
    (id: number): RTE.ReaderTaskEither<Env, Error, string> =>
    ({ log, tenant }) =>
      TE.fromIO(() => {
        log(id)
        loads.push(`${tenant}/${String(id)}`)
        return `${tenant} ${String(id)}`
      })
  const env = (tenant: string): Env => ({ tenant, log: () => undefined })
  return { acme: env('acme'), env, fetchName, loads, other: env('other') }
}

describe('ringReader', () => {
  test('every effect waits for the environment', async () => {
    const { acme, fetchName, loads } = parts()
    const name = ringReader(fetchName, {
      store: dict<Uint8Array>(),
      codec: Codec.json(t.string),
      keyEnv: ({ tenant }) => tenant,
      tags: ({ tenant }, id) => [`${tenant}:${String(id)}`]
    })
    expect(name.name).toBe('fetchName')
    expect(right(await name.get(1)(acme)())).toEqual(O.none)
    expect(right(await name(1)(acme)())).toBe('acme 1')
    expect(right(await name.getOrUpdate(1)(acme)())).toBe('acme 1')
    expect(right(await name.get(1)(acme)())).toEqual(O.some('acme 1'))
    expect(loads).toEqual(['acme/1'])
    expect(right(await name.execute(1)(acme)())).toBe('acme 1')
    expect(right(await name.update(1)(acme)())).toBe('acme 1')
    expect(loads).toHaveLength(3)
    right(await name.set('mine')(1)(acme)())
    expect(right(await name(1)(acme)())).toBe('mine')
    expect(right(await name.has(1)(acme)())).toBe(true)
    expect(right(await name.touch(1)(acme)())).toBe(true)
    expect(right(await name.explain(1)(acme)())).toMatchObject({ holds: 'value', key: name.key(1)(acme) })
    right(await name.delete(1)(acme)())
    expect(right(await name.has(1)(acme)())).toBe(false)
    right(
      await name.setMany([
        [[1], 'a'],
        [[2], 'b']
      ])(acme)()
    )
    expect(right(await name.getMany([[2], [1], [3]])(acme)())).toEqual([O.some('b'), O.some('a'), O.none])
    expect(right(await name.getOrUpdateMany([[1], [3]])(acme)())).toEqual([E.right('a'), E.right('acme 3')])
    expect(right(await name.executeMany([[1]])(acme)())).toEqual([E.right('acme 1')])
    expect(right(await name.updateMany([[1]])(acme)())).toEqual([E.right('acme 1')])
    expect(right(await name.hasMany([[1], [9]])(acme)())).toEqual([true, false])
    expect(right(await name.touchMany([[1], [9]])(acme)())).toEqual([true, false])
    right(await name.purge('acme:1')(undefined)())
    expect(right(await name.hasMany([[1], [2]])(acme)())).toEqual([false, true])
    right(await name.deleteMany([[2]])(acme)())
    expect(right(await name.has(2)(acme)())).toBe(false)
    expect(name.decode(right(name.encode('x')))).toEqual(E.right('x'))
    expect(name.keyMany([[1], [2]])(acme)).toEqual([name.key(1)(acme), name.key(2)(acme)])
  })

  test('nothing happens until a task is run', async () => {
    const { acme, fetchName, loads } = parts()
    const name = ringReader(fetchName, { store: dict(), keyEnv: 'none' })
    const task = name(1)(acme)
    await new Promise(setImmediate)
    expect(loads).toEqual([])
    right(await task())
    expect(loads).toEqual(['acme/1'])
  })

  test('an environment is in the key as far as keyEnv says', async () => {
    const { acme, env, fetchName, loads, other } = parts()
    const apart = ringReader(fetchName, { store: dict(), keyEnv: ({ tenant }) => ({ tenant }) })
    expect(right(await apart(1)(acme)())).toBe('acme 1')
    expect(right(await apart(1)(other)())).toBe('other 1')
    expect(apart.key(1)(acme)).toBe("fetchName:1~(tenant='acme')")
    const together = ringReader(fetchName, { store: dict(), keyEnv: 'none' })
    expect(right(await together(1)(acme)())).toBe('acme 1')
    expect(right(await together(1)(other)())).toBe('acme 1')
    expect(together.key(1)(acme)).toBe('fetchName:1')
    expect(loads).toEqual(['acme/1', 'other/1', 'acme/1'])
    const own = ringReader(fetchName, {
      store: dict(),
      key: (id) => `n${String(id)}`,
      keyEnv: ({ tenant }) => tenant
    })
    // what looks like the part of another environment is none
    expect(own.key(1)(env("a'~'b"))).not.toBe(own.key(1)(env('b')))
    expect(new Set([env('a'), env("a'"), env('~'), env("'a'")].map((e) => own.key(1)(e))).size).toBe(4)
  })

  test('a part of the environment that has no key is a KeyError, and the function is run all the same', async () => {
    const { acme, fetchName, loads } = parts()
    // @ts-expect-error functions have no key of their own
    const name = ringReader(fetchName, { store: dict(), keyEnv: ({ log }: Env) => log })
    expect(await name.get(1)(acme)()).toMatchObject({ left: { _tag: 'KeyError' } })
    expect(right(await name(1)(acme)())).toBe('acme 1')
    expect(loads).toHaveLength(1)
  })

  test('clear takes away the entries of all environments', async () => {
    const { acme, fetchName, other } = parts()
    const name = ringReader(fetchName, { store: dict(), keyEnv: ({ tenant }) => tenant })
    right(await name(1)(acme)())
    right(await name(1)(other)())
    right(await name.clear()(undefined)())
    expect(right(await name.has(1)(acme)())).toBe(false)
    expect(right(await name.has(1)(other)())).toBe(false)
  })

  test('a batch has the environment of its command, and of it alone', async () => {
    const { acme, fetchName, other } = parts()
    const batches: Array<readonly [string, ReadonlyArray<number>]> = []
    const name = ringReader(fetchName, {
      store: dict(),
      keyEnv: ({ tenant }) => tenant,
      batch: (list) => (env) =>
        TE.fromIO(() => {
          batches.push([env.tenant, list.map(([id]) => id)])
          return list.map(([id]) => `${env.tenant} ${String(id)}`)
        })
    })
    const answers = await Promise.all([
      name.getOrUpdateMany([[1], [2]])(acme)(),
      name.getOrUpdateMany([[1], [2]])(other)()
    ])
    expect(answers.map(right)).toEqual([
      [E.right('acme 1'), E.right('acme 2')],
      [E.right('other 1'), E.right('other 2')]
    ])
    expect(batches).toEqual([
      ['acme', [1, 2]],
      ['other', [1, 2]]
    ])
  })

  test('callers share a load, and its events', async () => {
    const { acme, fetchName, loads } = parts()
    const events: Array<RingEvent.RingEvent['_tag']> = []
    const name = ringReader(fetchName, {
      store: dict(),
      keyEnv: 'none',
      observe: (event) => () => void events.push(event._tag)
    })
    await Promise.all([name(1)(acme)(), name(1)({ ...acme })()])
    expect(loads).toHaveLength(1)
    expect(events.filter((tag) => tag === 'Store')).toHaveLength(1)
  })

  test('a load in the background has the environment of who asked', async () => {
    let now = 0
    const clock = { now: () => now }
    const { acme, fetchName, loads, other } = parts()
    const name = ringReader(fetchName, {
      store: dict({ clock }),
      clock,
      keyEnv: 'none',
      policy: Policy.policy(Policy.ttl(Duration.seconds(1)), Policy.staleWhileRevalidate(Duration.seconds(9)))
    })
    right(await name(1)(acme)())
    now = 2_000
    expect(right(await name(1)(other)())).toBe('acme 1')
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(loads).toEqual(['acme/1', 'other/1'])
  })

  test('data-last', async () => {
    const { acme, fetchName } = parts()
    const name = pipe(fetchName, ringReader(dict<Uint8Array>(), Codec.json(t.string), { keyEnv: 'none' }))
    expect(right(await name(1)(acme)())).toBe('acme 1')
    const keyed = pipe(fetchName, ringReader(dict(), { keyEnv: ({ tenant }: Env) => tenant }))
    expect(keyed.key(1)(acme)).toBe("fetchName:1~'acme'")
    expect(right(await keyed(1)(acme)())).toBe('acme 1')
  })

  test('wrong wiring throws', () => {
    expect(() => ringReader((id: number) => () => TE.right(id), { store: dict(), keyEnv: 'none' })).toThrow(
      'a ring needs a name'
    )
    const { fetchName } = parts()
    expect(() => ringReader(fetchName, { store: dict() } as never)).toThrow('ringReader needs keyEnv')
  })
})
