/** What validation costs: decoding 300 records, 100 KB, against `JSON.parse` of the same text. */
import { Codec } from 'fp-ring'
import { cbor } from 'fp-ring/cbor'
import * as t from 'io-ts'

import { User, userOf, valueOf } from './fixtures'
import { compare, rowsOf, type Scenario } from './harness'

const users = Array.from({ length: 300 }, (_, id) => userOf(id))
const type = t.array(User)
const json = Codec.json(type)
const packed = cbor(type)
const text = JSON.stringify(users)
const bytes = new TextEncoder().encode(text)
const binary = valueOf(packed.encode(users))

export const decode: Scenario = async () => {
  const samples = await compare({
    'JSON.parse of text': (n) => {
      for (let i = 0; i < n; i++) JSON.parse(text)
    },
    'JSON.parse of bytes': (n) => {
      for (let i = 0; i < n; i++) JSON.parse(new TextDecoder().decode(bytes))
    },
    'json of bytes': (n) => {
      for (let i = 0; i < n; i++) valueOf(json.decode(bytes))
    },
    'JSON.parse, io-ts': (n) => {
      for (let i = 0; i < n; i++) valueOf(type.decode(JSON.parse(text)))
    },
    'cbor of bytes': (n) => {
      for (let i = 0; i < n; i++) valueOf(packed.decode(binary))
    }
  })
  const scenario = 'decode: 300 records'
  const target = { cpu: 1.15 }
  return [
    ...rowsOf(samples, { scenario, baseline: 'JSON.parse of text', ours: 'json of bytes', targets: target }),
    ...rowsOf(samples, { scenario, baseline: 'JSON.parse of bytes', ours: 'json of bytes', targets: target }),
    ...(['JSON.parse, io-ts', 'cbor of bytes'] as const).flatMap((ours) =>
      rowsOf(samples, { scenario, baseline: 'JSON.parse of text', ours, targets: { cpu: undefined } })
    )
  ]
}
