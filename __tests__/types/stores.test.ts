/** What the types promise of stores: what a combinator keeps, what a tier and a feed take, and what they do not. */
import { test } from '@jest/globals'
import { expectTypeOf } from 'expect-type'
import { pipe } from 'fp-ts/function'
import * as t from 'io-ts'
import { createClient, createCluster } from 'redis'

import { Codec, dict, Duration, Store } from '../../src'
import { memjs, type MemjsClient } from '../../src/stores/memjs'
import { redis, redisHash, tracking } from '../../src/stores/redis'

type Bytes = Uint8Array

const Price = t.type({ amount: t.number })
const json = Store.encoded(Codec.json(Price))

// nothing here runs
const promises = (): void => {
  const far = redis(createClient(), { namespace: 'shop:' })
  const hash = redisHash(createClient(), { key: 'h' })
  const hidden = memjs(null as unknown as MemjsClient)
  const near = dict<Bytes>()

  // what a store can do beside the algebra passes through combinators
  const through = pipe(far, Store.prefixed('a'), Store.timed(Duration.seconds(1)), Store.readOnly)
  expectTypeOf(through).toEqualTypeOf(far)
  expectTypeOf(pipe(far, json).leases).toEqualTypeOf<Store.Leases<t.TypeOf<typeof Price>>>()
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
}

test('the types of stores promise what they do', () => {
  expectTypeOf(promises).toBeFunction()
})
