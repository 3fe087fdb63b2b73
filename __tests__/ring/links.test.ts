/** Cascades: the links of the original's first version, direct and indirect, with their scenarios. */
import { describe, expect, jest, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Ring, ring, type RingError, type Store } from '../../src'
import { fails, faulty, inTurn } from '../../src/testing'

const right = <A>(answer: E.Either<unknown, A>): A => {
  if (E.isLeft(answer)) throw answer.left
  return answer.right
}

const isStoreError = (answer: E.Either<unknown, unknown>): boolean =>
  E.isLeft(answer) && (answer.left as RingError.RingError)._tag === 'StoreError'

/** Every operation of it fails. */
const failing = faulty(inTurn(Array.from({ length: 100 }, () => fails)))(dict())

/** A user, and the assets that are the user's. */
const parts = (store: Store.Store<unknown> = dict()) => {
  const user = ring((userId: number) => TE.right(userId), { store, name: 'user' })
  const asset = ring((userId: number, assetId: number) => TE.right(userId * 1_000 + assetId), {
    store,
    name: 'asset',
    tags: (userId) => [`user:${String(userId)}`]
  })
  return { asset, user }
}

describe('direct links', () => {
  const linked = (store?: Store.Store<unknown>) => {
    const { asset, user } = parts(store)
    return {
      user,
      asset: pipe(asset, Ring.linked(Ring.expires(user, (userId: number, _assetId: number) => [[userId]])))
    }
  }

  test('an asset that changes expires its user, and not the other way round', async () => {
    const { asset, user } = linked()
    right(await user(1)())
    right(await asset(1, 1)())
    expect(right(await user.get(1)())).toEqual(O.some(1))
    right(await asset.set(1_003)(1, 1)())
    expect(right(await user.get(1)())).toEqual(O.none)
    expect(right(await asset.get(1, 1)())).toEqual(O.some(1_003))
    right(await user.set(2)(1)())
    expect(right(await asset.get(1, 1)())).toEqual(O.some(1_003))
    right(await asset.delete(1, 1)())
    expect(right(await user.get(1)())).toEqual(O.none)
    expect(right(await asset.get(1, 1)())).toEqual(O.none)
  })

  const changes: Readonly<
    Record<string, (of: ReturnType<typeof linked>['asset']) => TE.TaskEither<unknown, unknown>>
  > = {
    delete: (asset) => asset.delete(1, 1),
    deleteMany: (asset) => asset.deleteMany([[1, 1]]),
    set: (asset) => asset.set(7)(1, 1),
    setMany: (asset) => asset.setMany([[[1, 1], 7]]),
    update: (asset) => asset.update(1, 1),
    updateMany: (asset) => asset.updateMany([[1, 1]])
  }
  for (const [name, change] of Object.entries(changes)) {
    test(`${name} expires the user of that asset alone, when it is run`, async () => {
      const { asset, user } = linked()
      right(await user.getOrUpdateMany([[1], [2]])())
      right(await asset(1, 1)())
      const task = change(asset)
      expect(right(await user.has(1)())).toBe(true)
      right(await task())
      expect(right(await user.hasMany([[1], [2]])())).toEqual([false, true])
    })
  }

  test('reads, loads and touches expire nothing', async () => {
    const { asset, user } = linked()
    right(await user(1)())
    right(await asset(1, 1)())
    right(
      await asset.getOrUpdateMany([
        [1, 1],
        [1, 2]
      ])()
    )
    right(await asset.get(1, 1)())
    right(await asset.touch(1, 1)())
    right(await asset.has(1, 1)())
    right(await asset.execute(1, 3)())
    right(await asset.deleteMany([])())
    expect(right(await user.has(1)())).toBe(true)
  })

  test('the workflow: a user is made of assets, and of no more loads than are needed', async () => {
    const names: Record<number, string> = { 1: 'ring', 2: 'ding', 3: 'dong' }
    const history: Array<string> = []
    const store = dict()
    const asset = ring(
      (userId: number, assetId: number) =>
        TE.fromIO(() => {
          history.push(`asset:${String(userId)}:${String(assetId)}`)
          return { userId, assetId, name: names[assetId] }
        }),
      { store, name: 'asset' }
    )
    const user = ring(
      (userId: number) =>
        pipe(
          TE.fromIO(() => void history.push(`user:${String(userId)}`)),
          TE.chain(() => TE.traverseArray((assetId: number) => asset(userId, assetId))([1, 2, 3])),
          TE.map((assets) => assets.map(({ name }) => name))
        ),
      { store, name: 'user' }
    )
    const linkedAsset = pipe(
      asset,
      Ring.linked(Ring.expires(user, (userId: number, _assetId: number) => [[userId]]))
    )
    expect(right(await user(1)())).toEqual(['ring', 'ding', 'dong'])
    expect(history.splice(0)).toEqual(['user:1', 'asset:1:1', 'asset:1:2', 'asset:1:3'])
    names[3] = 'doh!'
    expect(right(await user(2)())).toEqual(['ring', 'ding', 'doh!'])
    expect(history.splice(0)).toEqual(['user:2', 'asset:2:1', 'asset:2:2', 'asset:2:3'])
    expect(right(await user(1)())).toEqual(['ring', 'ding', 'dong'])
    expect(history.splice(0)).toEqual([])
    // the name of the third has changed: its user is made anew, the other assets are not
    right(await linkedAsset.delete(1, 3)())
    expect(right(await user(1)())).toEqual(['ring', 'ding', 'doh!'])
    expect(history.splice(0)).toEqual(['user:1', 'asset:1:3'])
    // a change of the user alone concerns no asset
    right(await user.delete(1)())
    expect(right(await user(1)())).toEqual(['ring', 'ding', 'doh!'])
    expect(history.splice(0)).toEqual(['user:1'])
  })
})

describe('indirect links', () => {
  test('a user that changes expires all assets of the user, of which nobody knows the names', async () => {
    const { asset, user: alone } = parts()
    const user = pipe(alone, Ring.linked(Ring.purges(asset, (userId: number) => [`user:${String(userId)}`])))
    const there = async () =>
      right(
        await asset.getMany([
          [1, 1],
          [1, 2],
          [2, 1]
        ])()
      ).map(O.isSome)
    const fill = async () =>
      right(
        await asset.getOrUpdateMany([
          [1, 1],
          [1, 2],
          [2, 1]
        ])()
      )
    right(await user(1)())
    await fill()
    expect(await there()).toEqual([true, true, true])
    right(await user.set(2)(1)())
    expect(right(await user.get(1)())).toEqual(O.some(2))
    expect(await there()).toEqual([false, false, true])
    await fill()
    right(await user.delete(1)())
    expect(right(await user.get(1)())).toEqual(O.none)
    expect(await there()).toEqual([false, false, true])
    right(await user.delete(2)())
    expect(await there()).toEqual([false, false, false])
  })
})

describe('chains', () => {
  const chain = () => {
    const store = dict()
    const site = ring(() => TE.right('site'), { store, name: 'site' })
    const page = pipe(
      ring((id: number) => TE.right(`page ${String(id)}`), { store, name: 'page' }),
      Ring.linked(Ring.expires(site, (_id: number) => [[]]))
    )
    const comment = pipe(
      ring((id: number, n: number) => TE.right(`comment ${String(id)}/${String(n)}`), {
        store,
        name: 'comment'
      }),
      Ring.linked(Ring.expires(page, (id: number, _n: number) => [[id]]))
    )
    return { comment, page, site, store }
  }

  test('links are followed to the end', async () => {
    const { comment, page, site } = chain()
    right(await site()())
    right(await page(1)())
    right(await page(2)())
    right(await comment.update(1, 7)())
    expect(right(await site.has()())).toBe(false)
    expect(right(await page.hasMany([[1], [2]])())).toEqual([false, true])
  })

  test('links that lead back are found when they are built', () => {
    const { comment, page, site } = chain()
    expect(() => pipe(page, Ring.linked(Ring.expires(page, (id: number) => [[id]])))).toThrow(
      'these links make a circle: page -> page'
    )
    expect(() => pipe(site, Ring.linked(Ring.expires(comment, () => [[1, 2] as const])))).toThrow(
      'these links make a circle: site -> comment -> page -> site'
    )
    // the same ring in another form is the same ring
    expect(() =>
      pipe(
        page,
        Ring.contramap((id: string) => [Number(id)]),
        Ring.linked(Ring.expires(comment, (id: string) => [[Number(id), 1] as const]))
      )
    ).toThrow('page -> comment -> page')
  })

  test('two ways to one ring are no circle', async () => {
    const { page, site } = chain()
    const both = pipe(
      ring((n: number) => TE.right(n), { store: dict(), name: 'both' }),
      Ring.linked(
        Ring.expires(site, (_n: number) => [[]]),
        Ring.expires(page, (n: number) => [[n]])
      )
    )
    right(await site()())
    right(await page(1)())
    right(await both.delete(1)())
    expect(right(await site.has()())).toBe(false)
    expect(right(await page.has(1)())).toBe(false)
  })

  test('the ring itself is first, then what is linked: nobody makes the others of what is out of date', async () => {
    const order: Array<string> = []
    const spied = (name: string): Store.Store<unknown> => {
      const inner = dict()
      const spy =
        (operation: string) =>
        <A>(task: TE.TaskEither<RingError.StoreError, A>): TE.TaskEither<RingError.StoreError, A> =>
        async () => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          order.push(`${name} ${operation}`)
          return task()
        }
      return {
        ...inner,
        delete: (key) => spy('delete')(inner.delete(key)),
        deleteMany: (keys) => spy('delete')(inner.deleteMany(keys))
      }
    }
    const user = ring((id: number) => TE.right(id), { store: spied('user'), name: 'user' })
    const asset = pipe(
      ring((userId: number, id: number) => TE.right(userId + id), { store: spied('asset'), name: 'asset' }),
      Ring.linked(Ring.expires(user, (userId: number, _id: number) => [[userId]]))
    )
    right(await asset.delete(1, 2)())
    expect(order).toEqual(['asset delete', 'user delete'])
  })
})

describe('faults', () => {
  test('a link that fails is a failure of the command, and the others are followed all the same', async () => {
    const { user } = parts()
    const broken = ring((id: number) => TE.right(id), { store: failing, name: 'broken' })
    const asset = pipe(
      ring((userId: number, id: number) => TE.right(userId + id), { store: dict(), name: 'asset' }),
      Ring.linked(
        Ring.expires(broken, (userId: number, _id: number) => [[userId]]),
        Ring.expires(user, (userId: number, _id: number) => [[userId]])
      )
    )
    right(await user(1)())
    expect(isStoreError(await asset.delete(1, 2)())).toBe(true)
    expect(right(await user.has(1)())).toBe(false)
    right(await user(1)())
    expect(isStoreError(await asset.update(1, 2)())).toBe(true)
    expect(right(await asset.get(1, 2)())).toEqual(O.some(3))
    expect(right(await user.has(1)())).toBe(false)
  })

  test('a change that failed may have been made: what is linked expires, and the failure is that of the change', async () => {
    const { user } = parts()
    const asset = pipe(
      ring((userId: number, id: number) => TE.right(userId + id), { store: failing, name: 'asset' }),
      Ring.linked(Ring.expires(user, (userId: number, _id: number) => [[userId]]))
    )
    right(await user(1)())
    expect(isStoreError(await asset.delete(1, 2)())).toBe(true)
    expect(right(await user.has(1)())).toBe(false)
  })

  test('a link that throws is a KeyError, and no value is in its message', async () => {
    const { user } = parts()
    const asset = pipe(
      ring((userId: number, id: number) => TE.right(userId + id), { store: dict(), name: 'asset' }),
      Ring.linked(
        Ring.expires(user, (_userId: number, _id: number): ReadonlyArray<[number]> => {
          throw new Error('a secret')
        })
      )
    )
    const answer = await asset.delete(1, 2)()
    expect(answer).toMatchObject({ left: { _tag: 'KeyError' } })
    expect(JSON.stringify(answer)).not.toContain('secret')
  })

  test('a function that throws where a TaskEither must not: links are followed, and it is thrown', async () => {
    const { user } = parts()
    const throwing = pipe(
      ring(
        (_id: number): TE.TaskEither<never, number> =>
          () =>
            Promise.reject(new Error('a bug')),
        {
          store: dict(),
          name: 'throwing'
        }
      ),
      Ring.linked(Ring.expires(user, (id: number) => [[id]]))
    )
    right(await user(1)())
    await throwing
      .update(1)()
      .catch(() => undefined)
    expect(right(await user.has(1)())).toBe(false)
  })

  test('tags without number', async () => {
    const asset = ring((n: number) => TE.right(n), { store: dict(), name: 'asset', tags: () => [] })
    const purged: Array<string> = []
    const purge = ((...tags: ReadonlyArray<string>) => TE.fromIO(() => void purged.push(...tags))) as never
    jest.spyOn(asset, 'purge').mockImplementation(purge)
    const all = pipe(
      ring((n: number) => TE.right(n), { store: dict(), name: 'all' }),
      Ring.linked(Ring.purges(asset, (n) => Array.from({ length: n }, (_, i) => `t${String(i)}`)))
    )
    right(await all.delete(300_000)())
    expect(new Set(purged).size).toBe(300_000)
  })

  test('the command that a ring is when it is called is linked, too', async () => {
    const { user } = parts()
    const refresh = pipe(
      ring((userId: number) => TE.right(userId), { store: dict(), name: 'refresh', default: 'update' }),
      Ring.linked(Ring.expires(user, (userId: number) => [[userId]]))
    )
    right(await user(1)())
    expect(right(await refresh(1)())).toBe(1)
    expect(right(await user.has(1)())).toBe(false)
  })
})

test('a linked ring is the ring, but for its links: whatever is asked, the answers are the same', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({
          command: fc.constantFrom('call', 'get', 'update', 'delete', 'set', 'has', 'touch', 'getMany'),
          n: fc.nat({ max: 3 })
        }),
        { maxLength: 30 }
      ),
      async (program) => {
        const answersOf = async (withLinks: boolean): Promise<ReadonlyArray<unknown>> => {
          let loads = 0
          const other = ring((n: number) => TE.right(n), { store: dict(), name: 'other' })
          const plain = ring((n: number) => TE.fromIO(() => n * 100 + loads++), {
            store: dict<Uint8Array>(),
            codec: Codec.json(t.number),
            name: 'same'
          })
          const cached = withLinks
            ? pipe(plain, Ring.linked(Ring.expires(other, (n: number) => [[n]])))
            : plain
          const answers: Array<unknown> = []
          for (const { command, n } of program) {
            answers.push(
              await (command === 'call'
                ? cached(n)()
                : command === 'set'
                ? cached.set(n)(n)()
                : command === 'getMany'
                ? cached.getMany([[n], [n + 1]])()
                : cached[command as 'get'](n)())
            )
          }
          return answers
        }
        expect(await answersOf(true)).toEqual(await answersOf(false))
      }
    ),
    { numRuns: 100 }
  ))
