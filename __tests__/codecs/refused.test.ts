/**
 * What it costs to refuse a large entry. The children have a heap in which all errors of io-ts have no room.
 */
import { spawnSync } from 'node:child_process'

import { describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

import * as Codec from '../../src/Codec'

const script = (body: string): string => `
  const t = require('io-ts')
  const E = require('fp-ts/Either')
  const Codec = require('./src/Codec.ts')
  const { cbor } = require('./src/codecs/cbor.ts')
  const members = 'abcdefghijkl'.split('').map((k) => t.type({ [k]: t.string, n: t.number }))
  const type = t.array(t.union(members))
  const text = (mib) => new TextEncoder().encode('[' + '{},'.repeat(mib * 349500) + '{}]')
  // an array of so many empty maps
  const maps = (n) => Uint8Array.from([0x9a, n >>> 24, n >>> 16, n >>> 8, n, ...new Array(n).fill(0xa0)])
  const kept = () => { gc(); gc(); return process.memoryUsage().heapUsed / 2 ** 20 }
  ${body}`

interface Ended {
  readonly told: unknown
  readonly killed: boolean
}

/** A process of its own with so many MiB of heap. */
const inChild = (heap: number, body: string): Ended => {
  const flags = [
    '--expose-gc',
    `--max-old-space-size=${String(heap)}`,
    '--require',
    'tsx/cjs',
    '-e',
    script(body)
  ]
  const { signal, status, stdout } = spawnSync(process.execPath, flags, {
    encoding: 'utf8',
    timeout: 120_000
  })
  return { told: stdout === '' ? undefined : JSON.parse(stdout), killed: signal !== null || status !== 0 }
}

/** How often a function lists the properties of a record with more than a thousand of them. */
const listings = (run: () => unknown): number => {
  let seen = 0
  const own = { keys: Object.keys, names: Object.getOwnPropertyNames }
  const spy =
    (list: (o: object) => Array<string>) =>
    (o: object): Array<string> => {
      const names = list(o)
      if (names.length > 1_000) seen++
      return names
    }
  Object.keys = spy(own.keys)
  Object.getOwnPropertyNames = spy(own.names)
  try {
    run()
  } finally {
    Object.keys = own.keys
    Object.getOwnPropertyNames = own.names
  }
  return seen
}

describe('a large record that is refused', () => {
  const record = (last: unknown): Uint8Array =>
    new TextEncoder().encode(
      JSON.stringify({
        ...Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`k${String(i)}`, i])),
        last
      })
    )

  it.each([
    ['a record', t.record(t.string, t.number)],
    ['a record in a type', t.readonly(t.record(t.string, t.number))],
    ['a union of records', t.union([t.record(t.string, t.string), t.record(t.string, t.number)])]
  ])('has its properties listed once: %s', (_, type: t.Mixed) => {
    const codec = Codec.json(type)
    expect(listings(() => codec.decode(record(1)))).toBeLessThanOrEqual(1)
    expect(E.isLeft(codec.decode(record('no')))).toBe(true)
    expect(listings(() => codec.decode(record('no')))).toBe(1)
    // the control: two decodes list twice, so nothing is kept between them
    expect(listings(() => [codec.decode(record('no')), codec.decode(record('no'))])).toBe(2)
  })

  it('a predicate that decodes something else meanwhile does not end that', () => {
    const inner = Codec.json(t.record(t.string, t.number))
    const type = t.refinement(
      t.record(t.string, t.number),
      (r) => E.isRight(inner.decode(record(1))) && r['last'] === 2
    )
    const codec = Codec.json(type)
    expect(E.isLeft(codec.decode(record(1)))).toBe(true)
    expect(E.isRight(codec.decode(record(2)))).toBe(true)
  })
})

describe('a large entry that is refused', () => {
  it('law 5: is a left within the memory that parsing takes, and its error keeps none of it', () => {
    const { killed, told } = inChild(
      160,
      `const codecs = [[Codec.json(type), text(1)], [cbor(type), maps(175000)], [Codec.json(t.type({ a: t.string })), text(1)]]
      const errors = []
      const before = kept()
      for (const [codec, bytes] of codecs) errors.push(codec.decode(bytes).left)
      const grown = kept() - before
      process.stdout.write(JSON.stringify([grown < 10, errors.map((e) => e._tag), errors.map((e) => e.errors().length)]))`
    )
    expect({ killed, told }).toEqual({
      killed: false,
      told: [true, ['DecodeError', 'DecodeError', 'DecodeError'], [16, 16, 1]]
    })
  }, 150_000)

  it('the control: all errors of io-ts have no room there', () => {
    const { killed } = inChild(160, `type.decode(JSON.parse(Buffer.from(text(1)).toString()))`)
    expect(killed).toBe(true)
  }, 150_000)

  it('takes a time like that of parsing it', () => {
    const { told } = inChild(
      600,
      `const codec = Codec.json(type)
      const bytes = text(1)
      const time = (f) => { gc(); const start = process.cpuUsage(); f(); const { user, system } = process.cpuUsage(start); return user + system }
      const least = (f) => Math.min(...Array.from({ length: 5 }, () => time(f)))
      const parse = least(() => JSON.parse(new TextDecoder().decode(bytes)))
      const refuse = least(() => codec.decode(bytes))
      process.stdout.write(JSON.stringify(refuse / parse))`
    )
    // all errors of io-ts take 50 times as long
    expect(told).toBeLessThan(5)
  }, 150_000)
})
