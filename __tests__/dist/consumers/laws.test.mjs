// The laws under node:test: those of a good store, and those of one with a fault, which has to be found.
import assert from 'node:assert'
import { describe, test } from 'node:test'

import { Codec, dict, KeyFn } from 'fp-ring'
import { cbor } from 'fp-ring/cbor'
import { lru } from 'fp-ring/lru'
import { anything, codecLaws, keyLaws, storeLaws, testClock } from 'fp-ring/testing'
import * as fc from 'fast-check'
import * as t from 'io-ts'

const clock = testClock(1)
const options = { ...anything, clock, leases: true }

describe('dict', () => {
  for (const law of storeLaws(() => dict({ clock }), options)) test(law.name, law.run)
})
describe('lru', () => {
  for (const law of storeLaws(() => lru({ max: 10_000, clock }), options)) test(law.name, law.run)
})
describe('codecs', () => {
  for (const codec of [Codec.json(t.string), cbor(t.string)])
    for (const law of codecLaws(codec, { values: fc.string(), framed: true })) test(law.name, law.run)
})
describe('keys', () => {
  const values = fc.array(fc.oneof(fc.string(), fc.integer()), { maxLength: 3 })
  for (const law of keyLaws(KeyFn.structural('k'), { values })) test(law.name, law.run)
})

test('a fault is found', async () => {
  const broken = () => ({ ...dict({ clock }), clear: dict().clear })
  const clear = storeLaws(broken, options).find(({ name }) => name.startsWith('law 35'))
  await assert.rejects(clear.run)
})
