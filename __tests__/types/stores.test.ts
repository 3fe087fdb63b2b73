/** What the types promise of stores: what a combinator keeps, what a tier and a feed take, and what they do not. */
import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { pipe } from 'fp-ts/function'
import type * as O from 'fp-ts/Option'
import type * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'
import { createClient, createCluster } from 'redis'

import type { DictEntry, RingError } from '../../src'
import { Codec, dict, Duration, noop, Policy, ring, Store } from '../../src'
import type { leaseOperations, storeOperations } from '../../src/stores/kit/operations'
import { memjs, type MemjsClient } from '../../src/stores/memcached/memjs'
import { lru } from '../../src/stores/memory/lru'
import { redis, redisHash, tracking } from '../../src/stores/redis'

type Bytes = Uint8Array

const PriceType = t.type({ amount: t.number })
type Price = t.TypeOf<typeof PriceType>
const json = Store.encoded(Codec.json(PriceType))
declare const fetchPrice: (id: string) => TE.TaskEither<Error, Price>

type Listed = (typeof storeOperations)[number] | (typeof leaseOperations)[number]

// nothing here runs
const promises = (): void => {
  expectTypeOf<Listed>().toEqualTypeOf<Store.Operation>()

  const far = redis(createClient(), { namespace: 'shop:' })
  const hash = redisHash(createClient(), { key: 'h' })
  const hidden = memjs(null as unknown as MemjsClient)
  const near = dict<Bytes>()

  // what a store can do beside the algebra passes through combinators
  const through = pipe(far, Store.prefixed('a'), Store.timed(Duration.seconds(1)), Store.readOnly)
  expectTypeOf(through).toEqualTypeOf(far)
  expectTypeOf(pipe(far, json).leases).toEqualTypeOf<Store.Leases<Price>>()
  expectTypeOf(pipe(far, json).rawKey).toEqualTypeOf<(key: string) => string>()
  expectTypeOf(pipe(hidden, Store.batched()).lifetime).toEqualTypeOf<'hidden'>()
  expectTypeOf(pipe(near, Store.prefixed('a'))).toEqualTypeOf(near)

  // a feed needs a store that knows its keys in Redis
  tracking(far)
  tracking(through)
  tracking(
    pipe(
      redis(createCluster({ rootNodes: [] })),
      Store.mapKey((key) => key.trim()),
      json
    )
  )
  // @ts-expect-error nothing of Redis
  tracking(near)
  // @ts-expect-error fields of a hash are no keys
  tracking(hash)
  // @ts-expect-error its backend is two
  tracking(Store.tiered({ near, far }))

  // a tier has to know what is left of a lifetime
  // @ts-expect-error it is hidden
  Store.tiered({ near, far: hidden })
  // @ts-expect-error it is hidden, through a combinator too
  Store.tiered({ near, far: pipe(hidden, Store.prefixed('a')) })
  // @ts-expect-error it is hidden
  Store.tiered({ near: hidden, far })
  expectTypeOf(Store.tiered({ near, far }).rawKey).toEqualTypeOf<(key: string) => string>()
  expectTypeOf(Store.tiered({ near, far }).leases).toEqualTypeOf<Store.Leases<Bytes>>()

  // what lies near is what lies far: the near store need not say so
  const prices = pipe(far, json)
  const tiers = {
    lru: Store.tiered({ near: lru({ max: 1 }), far: prices }),
    dict: Store.tiered({ near: dict(), far: prices, ttl: Duration.seconds(1) }),
    noop: Store.tiered({ near: noop(), far: prices }),
    typed: Store.tiered({ near: dict<Price>(), far: prices }),
    three: Store.tiered({ near: dict(), far: Store.tiered({ near: lru({ max: 1 }), far: prices }) })
  }
  for (const tier of Object.values(tiers)) {
    expectTypeOf(tier.get('k')).toEqualTypeOf<TE.TaskEither<RingError.StoreError, O.Option<Price>>>()
    expectTypeOf(tier.leases).toEqualTypeOf<Store.Leases<Price>>()
  }
  expectTypeOf(tiers.typed.backend.near).toEqualTypeOf<Map<string, DictEntry<Price>>>()
  expectTypeOf(tiers.noop.backend.near).toEqualTypeOf<undefined>()
  expectTypeOf(tiers.three.backend.far.far).toEqualTypeOf(far.backend)
  ring(fetchPrice, { store: tiers.lru, policy: Policy.lease() })
  // @ts-expect-error other values
  Store.tiered({ near: dict<string>(), far: prices })
  // @ts-expect-error other values, of a wider type
  Store.tiered({ near: dict<Price | undefined>(), far: prices })
  // @ts-expect-error a function that returns something else
  ring(null as unknown as () => TE.TaskEither<Error, string>, { store: tiers.lru })

  // noop stands for every store
  const anyStore: ReadonlyArray<Store.Store<Price> & Store.Leasing<Price>> = [noop()]
  const anyBytes: Store.Store<Bytes> = noop()
  void [anyStore, anyBytes]
  ring(fetchPrice, { store: noop(), policy: Policy.lease() })
  ring(fetchPrice, { store: noop(), codec: Codec.json(PriceType) })
  pipe(fetchPrice, ring(noop(), Policy.ttl(Duration.seconds(1))))
  expectTypeOf(pipe(noop(), json)).toExtend<Store.Store<Price> & Store.Leasing<Price>>()
}

test('the types of stores promise what they do', () => {
  expectTypeOf(promises).toBeFunction()
})
