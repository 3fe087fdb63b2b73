/**
 * What validation costs: decoding 300 records (100 KB) against `JSON.parse` of the same input.
 *
 * ```sh
 * npx tsx bench/decode.ts
 * ```
 *
 * The three take turns, so that a machine that slows down slows them all. The gate is the first ratio: 1.15.
 */
import * as t from 'io-ts'

import * as Codec from '../src/Codec'
import { cbor } from '../src/codecs/cbor'

const User = t.type({
  id: t.number,
  name: t.string,
  email: t.string,
  active: t.boolean,
  score: t.number,
  tags: t.array(t.string),
  address: t.type({
    street: t.string,
    city: t.string,
    zip: t.string,
    geo: t.type({ lat: t.number, lng: t.number })
  }),
  bio: t.string,
  createdAt: t.string,
  manager: t.union([t.number, t.null])
})

const users = Array.from({ length: 300 }, (_, i) => ({
  id: i,
  name: `User number ${String(i)}`,
  email: `user${String(i)}@example.com`,
  active: i % 2 === 0,
  score: i * 1.37,
  tags: ['alpha', 'beta', 'gamma'],
  address: {
    street: `Main street ${String(i)}`,
    city: 'Springfield',
    zip: '12345',
    geo: { lat: 12.34 + i, lng: -45.6 }
  },
  bio: 'Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do',
  createdAt: '2026-01-01T00:00:00Z',
  manager: i % 3 === 0 ? i : null
}))

const type = t.array(User)
const json = Codec.json(type)
const packed = cbor(type)
const text = JSON.stringify(users)
const bytes = new TextEncoder().encode(text)
const binary = packed.encode(users)
if (binary._tag === 'Left') throw binary.left

const subjects: Readonly<Record<string, () => unknown>> = {
  'JSON.parse(text)': () => JSON.parse(text) as unknown,
  'JSON.parse(text of bytes)': () => JSON.parse(new TextDecoder().decode(bytes)) as unknown,
  'json decode': () => json.decode(bytes),
  'JSON.parse, then io-ts': () => type.decode(JSON.parse(text)),
  'cbor decode': () => packed.decode(binary.right),
  'JSON.stringify': () => JSON.stringify(users),
  'json encode': () => json.encode(users),
  'cbor encode': () => packed.encode(users)
}

const rounds = 400
const times = new Map<string, Array<number>>(Object.keys(subjects).map((name) => [name, []]))
for (let i = 0; i < rounds * 1.5; i++)
  for (const [name, run] of Object.entries(subjects)) {
    const started = process.hrtime.bigint()
    run()
    const us = Number(process.hrtime.bigint() - started) / 1000
    if (i >= rounds / 2) times.get(name)?.push(us)
  }

const median = (name: string): number => {
  const sorted = [...(times.get(name) ?? [])].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? NaN
}

console.log(`300 records: ${String(bytes.length)} bytes of JSON, ${String(binary.right.length)} of CBOR`)
for (const name of Object.keys(subjects))
  console.log(name.padEnd(28), median(name).toFixed(1).padStart(8), 'µs')
const ratio = (a: string, b: string): string => `${a} / ${b}: ${(median(a) / median(b)).toFixed(3)}`
console.log(ratio('json decode', 'JSON.parse(text)'))
console.log(ratio('json decode', 'JSON.parse(text of bytes)'))
console.log(ratio('json encode', 'JSON.stringify'))
