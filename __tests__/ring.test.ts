import * as E from 'fp-ts/Either'

import { Codec, dict } from '../src'
import { cbor } from '../src/codecs/cbor'
import { lru } from '../src/stores/lru'
import { ringLaws, Value } from './laws/ring'

/** A clock that is turned by hand. */
const manual = () => {
  let now = 1_000
  return { clock: { now: () => now }, pass: async (ms: number) => void (now += ms) }
}
const garbage = new Uint8Array([0xff, 0x7b])

{
  const { clock, pass } = manual()
  ringLaws(
    'dict, by reference',
    async () => ({ store: dict({ clock }), codec: { encode: E.right, decode: E.right } as never }),
    pass
  )
}
{
  const { clock, pass } = manual()
  ringLaws(
    'dict and json',
    async () => ({ store: dict<Uint8Array>({ clock }), codec: Codec.json(Value), garbage }),
    pass
  )
}
{
  const { clock, pass } = manual()
  ringLaws(
    'lru and cbor',
    async () => ({ store: lru<Uint8Array>({ max: 10_000, clock }), codec: cbor(Value), garbage }),
    pass
  )
}
