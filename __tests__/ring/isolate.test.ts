import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient } from 'redis'

import * as Codec from '../../src/Codec'
import * as D from '../../src/Duration'
import * as Policy from '../../src/Policy'
import * as Ring from '../../src/Ring'
import { batched, encoded, tiered } from '../../src/Store'
import { dict } from '../../src/stores/memory/dict'
import { redis } from '../../src/stores/redis'
import { anyRedis, randomNamespace, sleep } from '../integration/servers'

type Value = Array<string>
const Value = t.array(t.string)
const json = Codec.json(Value)

let stop: () => unknown = () => undefined
let connected: ReturnType<typeof createClient>
beforeAll(async () => {
  const server = await anyRedis()
  stop = server.stop
  connected = createClient({ url: server.url })
  await connected.connect()
})
afterAll(() => {
  connected.destroy()
  stop()
})

// -------------------------------------------------------------------------------------
// where values are kept
// -------------------------------------------------------------------------------------

type Fetch = (id: number) => TE.TaskEither<string, Value>

/** A ring over each kind of store, by what it makes of a function and a policy. */
const places = {
  'dict, references': (fetch: Fetch, policy: Policy.Policy) => Ring.ring(fetch, { store: dict(), policy }),
  'dict, Codec.clone': (fetch: Fetch, policy: Policy.Policy) =>
    Ring.ring(fetch, { store: dict(), codec: Codec.clone<Value>(), policy }),
  'dict, json': (fetch: Fetch, policy: Policy.Policy) =>
    Ring.ring(fetch, { store: dict<Uint8Array>(), codec: json, policy }),
  'tiers of bytes': (fetch: Fetch, policy: Policy.Policy) =>
    Ring.ring(fetch, {
      store: tiered({ near: dict<Uint8Array>(), far: dict<Uint8Array>(), ttl: D.minutes(1) }),
      codec: json,
      policy
    }),
  'a near tier of values': (fetch: Fetch, policy: Policy.Policy) =>
    Ring.ring(fetch, {
      store: tiered({
        near: dict<Value>(),
        far: encoded(json)(redis(connected, { namespace: randomNamespace() })),
        ttl: D.minutes(1)
      }),
      policy
    }),
  'values decoded by the store, then batched': (fetch: Fetch, policy: Policy.Policy) =>
    Ring.ring(fetch, {
      store: pipe(encoded(json)(redis(connected, { namespace: randomNamespace() })), batched()),
      policy
    }),
  'redis, json': (fetch: Fetch, policy: Policy.Policy) =>
    Ring.ring(fetch, { store: redis(connected, { namespace: randomNamespace() }), codec: json, policy })
}

// SAFETY: the places differ in what lies in their stores alone, which no test looks at
type Any = ReturnType<(typeof places)['dict, references']>
const placed = Object.entries(places) as unknown as ReadonlyArray<
  readonly [string, (fetch: Fetch, policy: Policy.Policy) => Any]
>

// -------------------------------------------------------------------------------------
// how callers meet
// -------------------------------------------------------------------------------------

const values = (answers: ReadonlyArray<E.Either<unknown, Value>>): ReadonlyArray<Value> =>
  answers.map((answer) => {
    if (E.isLeft(answer)) throw new Error('a caller got no value')
    return answer.right
  })

const three = <Err>(command: TE.TaskEither<Err, Value>): Promise<ReadonlyArray<Value>> =>
  Promise.all([command(), command(), command()]).then(values)

const found = <Err>(command: TE.TaskEither<Err, O.Option<Value>>): TE.TaskEither<Err | string, Value> =>
  pipe(command, TE.chainW(TE.fromOption(() => 'nothing')))

interface Scene {
  readonly policy: Policy.Policy
  /** Values that different callers got, or that one caller got and gave. */
  readonly play: (one: Any, mode: { fails: boolean }) => Promise<ReadonlyArray<Value>>
}

const long = Policy.ttl(D.minutes(5))
const short = Policy.ttl(D.milliseconds(20))

const scenes: Readonly<Record<string, Scene>> = {
  'callers of one load': { policy: long, play: (one) => three(one(1)) },
  'callers of one read': {
    policy: long,
    play: async (one) => {
      await one.update(1)()
      return three(one(1))
    }
  },
  'gets of one tick': {
    policy: long,
    play: async (one) => {
      await one.update(1)()
      return three(found(one.get(1)))
    }
  },
  'equal arguments of a bulk load': {
    policy: long,
    play: async (one) => {
      const all = await one.getOrUpdateMany([[1], [1], [1]])()
      return E.isLeft(all) ? [] : values(all.right)
    }
  },
  'equal arguments of a bulk read': {
    policy: long,
    play: async (one) => {
      await one.update(1)()
      const all = await one.getMany([[1], [1], [1]])()
      return E.isLeft(all) ? [] : all.right.flatMap((value) => (O.isNone(value) ? [] : [value.value]))
    }
  },
  'equal arguments of a bulk update': {
    policy: long,
    play: async (one) => {
      const all = await one.updateMany([[1], [1], [1]])()
      return E.isLeft(all) ? [] : values(all.right)
    }
  },
  'a stale value, in the place of a load that failed': {
    policy: Policy.policy(short, Policy.staleIfError(D.minutes(1))),
    play: async (one, mode) => {
      await one.update(1)()
      await sleep(40)
      mode.fails = true
      return three(one(1))
    }
  },
  'a stale value, while it is refreshed, and the new one': {
    policy: Policy.policy(short, Policy.staleWhileRevalidate(D.minutes(1))),
    play: async (one) => {
      await one.update(1)()
      await sleep(40)
      const [stale, load] = await Promise.all([three(one(1)), one.update(1)()])
      return [...stale, ...values([load])]
    }
  },
  'what was set, and who reads it': {
    policy: long,
    play: async (one) => {
      const mine = ['mine']
      await one.set(mine)(1)()
      return [mine, ...(await three(found(one.get(1))))]
    }
  }
}

/** Whether some caller sees what another one did to its value: each writes its own number into it. */
const isSeen = (all: ReadonlyArray<Value>): boolean => {
  all.forEach((value, i) => value.push(`caller ${String(i)}`))
  return all.some((value) => value.filter((text) => text.startsWith('caller')).length !== 1)
}

const played = async (
  make: (fetch: Fetch, policy: Policy.Policy) => Any,
  { play, policy }: Scene,
  view: (one: Any) => Any
): Promise<{ readonly seen: boolean; readonly later: boolean }> => {
  const mode = { fails: false }
  const fetch: Fetch = (id) => async () => {
    await sleep(1)
    return mode.fails ? E.left('down') : E.right([`value ${String(id)}`])
  }
  const one = view(make(fetch, policy))
  const all = await play(one, mode)
  expect(all.length).toBeGreaterThanOrEqual(3)
  const seen = isSeen(all)
  const read = await one.get(1)()
  const later =
    E.isRight(read) &&
    O.isSome(read.right) &&
    read.right.value.some((text: string) => text.startsWith('caller'))
  return { seen, later }
}

const asIs = (one: Any): Any => one
const isolated = (one: Any): Any => pipe(one, Ring.isolate(Codec.clone<Value>()))

describe('Ring.isolate', () => {
  for (const [scene, it_] of Object.entries(scenes)) {
    it(`law 6: ${scene}: each caller has its own, over every store`, async () => {
      for (const [place, make] of placed)
        expect({ place, ...(await played(make, it_, isolated)) }).toEqual({
          place,
          seen: false,
          later: false
        })
    })

    it(`${scene}: without it, some callers share a value`, async () => {
      const results = []
      for (const [, make] of placed) results.push(await played(make, it_, asIs))
      expect(results.some(({ seen }) => seen)).toBe(true)
    })
  }

  it('callers who join one load share it although the codec isolates; what is read later is not theirs', async () => {
    const scene = scenes['callers of one load'] as Scene // SAFETY: it is above
    // SAFETY: as above
    for (const place of ['dict, Codec.clone', 'dict, json', 'redis, json'] as const)
      expect(await played(places[place] as unknown as (typeof placed)[0][1], scene, asIs)).toEqual({
        seen: true,
        later: false
      })
  })

  it('a codec of the ring serves too; a value that is refused is returned as it is; errors are not copied', async () => {
    const error = { _tag: 'Down' }
    const odd: { readonly f?: () => number; readonly a?: number } = { f: () => 1 }
    const fetch = (id: number): TE.TaskEither<typeof error, typeof odd> =>
      id === 0 ? TE.left(error) : TE.right(id === 1 ? odd : { a: id })
    const one = pipe(Ring.ring(fetch, { store: dict() }), Ring.isolate(Codec.clone<typeof odd>()))
    const [refused, failed, copied] = [await one(1)(), await one(0)(), await one(2)()]
    expect(E.isRight(refused) && refused.right).toBe(odd)
    expect(E.isLeft(failed) && failed.left).toBe(error)
    expect(copied).toEqual(E.right({ a: 2 }))
    expect(await one.execute(1)()).toEqual(E.right(odd))
    const throws = pipe(
      Ring.ring(fetch, { store: dict() }),
      Ring.isolate<typeof odd, unknown>({
        encode: () => {
          throw new Error('encode')
        },
        decode: E.right as never
      })
    )
    expect(await throws(1)()).toEqual(E.right(odd))
  })

  it('keeps the name, the keys and the commands of the author, and can be bound', async () => {
    const one = pipe(
      Ring.ring((id: number): TE.TaskEither<never, Value> => TE.right([String(id)]), {
        store: dict(),
        name: 'named',
        commands: ({ key }) => ({ keyOf: (id: number) => key(id) })
      }),
      Ring.isolate(Codec.clone())
    )
    expect([one.name, one.key(1), one.keyOf(2)]).toEqual(['named', 'named:1', 'named:2'])
    const bound = Ring.bind(7)(one)
    const [a, b] = [await bound()(), await bound()()]
    expect(a).toEqual(E.right(['7']))
    expect(E.isRight(a) && E.isRight(b) && a.right === b.right).toBe(false)
  })
})
