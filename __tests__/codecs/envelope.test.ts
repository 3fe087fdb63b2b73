/** The wire format of version 1. Golden entries of a released version are never changed: programs may hold them for long. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import { Codec, dict, Duration, Policy, ring } from '../../src'
import { bare, type Envelope, sameStamps, seal, unseal } from '../../src/codecs/envelope'
import { runs } from '../runs'

const hex = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString('hex')
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))

const stamp = (n: number): Uint8Array => new Uint8Array(16).fill(n)

const golden: ReadonlyArray<readonly [hex: string, envelope: Envelope]> = [
  ['ff524e4701000022416461 22'.replace(' ', ''), { kind: 'value', stamps: [], payload: bytes('2241646122') }],
  [
    `ff524e470101002261627365 6e7422`.replace(' ', ''),
    { kind: 'error', stamps: [], payload: bytes('22616273656e7422') }
  ],
  [
    `ff524e47010002${'01'.repeat(16)}${'02'.repeat(16)}7b7d`,
    { kind: 'value', stamps: [stamp(1), stamp(2)], payload: bytes('7b7d') }
  ],
  [`ff524e47010101${'07'.repeat(16)}`, { kind: 'error', stamps: [stamp(7)], payload: bytes('') }],
  [`ff524e47010200${'08'.repeat(16)}`, { kind: 'generation', stamps: [], payload: stamp(8) }]
]

const right = <A>(e: E.Either<unknown, A>): A => {
  if (E.isLeft(e)) throw e.left
  return e.right
}

describe('the envelope', () => {
  test.each(golden)('golden entry %s', (text, envelope) => {
    const sealed = seal(envelope, 'bytes')
    expect(E.isRight(sealed) && hex(sealed.right)).toBe(text)
    const opened = unseal(bytes(text), 'bytes')
    if (E.isLeft(opened)) throw opened.left
    expect({
      ...opened.right,
      stamps: opened.right.stamps.map(hex),
      payload: hex(opened.right.payload)
    }).toEqual({
      ...envelope,
      stamps: envelope.stamps.map(hex),
      payload: hex(envelope.payload)
    })
  })

  const anyBytes = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    // what begins as an envelope does
    fc.uint8Array({ maxLength: 40 }).map((rest) => new Uint8Array([0xff, 0x52, 0x4e, 0x47, ...rest]))
  )

  test('law 1: every value comes out of it as it went in, and one that looks like an envelope is wrapped', () => {
    const stamps = fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { maxLength: 255 })
    fc.assert(
      fc.property(
        anyBytes,
        stamps,
        fc.constantFrom<'value' | 'error' | 'generation'>('value', 'error', 'generation'),
        (payload, all, kind) => {
          const opened = right(unseal(right(seal({ kind, stamps: all, payload }, 'bytes')), 'bytes'))
          expect(opened.kind).toBe(kind)
          expect(sameStamps(opened.stamps, all)).toBe(true)
          expect(hex(opened.payload)).toBe(hex(payload))

          const plain = right(bare(payload, 'bytes'))
          const back = right(unseal(plain, 'bytes'))
          expect([back.kind, hex(back.payload)]).toEqual(['value', hex(payload)])
          if (payload[0] !== 0xff) expect(plain).toBe(payload)
        }
      )
    )
  })

  test('law 5: whatever the bytes, they are opened or refused', () => {
    fc.assert(
      fc.property(anyBytes, (raw) => {
        const opened = unseal(raw, 'bytes')
        if (E.isLeft(opened)) expect(opened.left._tag).toBe('DecodeError')
        else if (opened.right.payload !== raw)
          expect((opened.right.payload as Uint8Array).length).toBeLessThan(raw.length)
      }),
      { numRuns: runs(2_000) }
    )
    const whole = bytes(golden[2]?.[0] ?? '')
    for (let length = 4; length < 39; length++)
      expect(E.isLeft(unseal(whole.subarray(0, length), 'bytes'))).toBe(true)
    for (const [at, wrong] of [
      [4, 0],
      [4, 2],
      [5, 3]
    ] as const) {
      const broken = Uint8Array.from(whole)
      broken[at] = wrong
      expect(E.isLeft(unseal(broken, 'bytes'))).toBe(true)
    }
  })

  test('in a store of references, of a codec or of none', () => {
    const value = { a: 1 }
    for (const holding of ['references', 'memory'] as const) {
      const sealed = right(seal({ kind: 'value', stamps: [stamp(1)], payload: value }, holding))
      expect(right(unseal(sealed, holding)).payload).toBe(value)
      // an envelope that a user stores as a value is a value
      expect(right(unseal(right(bare(sealed, holding)), holding)).payload).toBe(sealed)
    }
    expect(E.isLeft(seal({ kind: 'value', stamps: [], payload: 'text' }, 'bytes'))).toBe(true)
  })

  test('law 5: a ring takes a broken envelope for a miss, and get says so', async () => {
    const store = dict<Uint8Array>()
    const one = (_: number): TE.TaskEither<never, string> => TE.right('Ada')
    const cached = ring(one, { store, codec: Codec.json(t.string), tags: () => ['all'] })
    await cached(1)()
    const raw = store.backend.get(cached.key(1))?.value ?? new Uint8Array()
    expect(hex(raw).slice(0, 14)).toBe('ff524e47010001')
    expect(cached.decode(raw)).toEqual(E.right('Ada'))
    for (const broken of [
      raw.subarray(0, 10),
      new Uint8Array([...raw.subarray(0, 4), 9, ...raw.subarray(5)])
    ]) {
      await store.set(cached.key(1), broken, Duration.minutes(1))()
      expect(E.isLeft(await cached.get(1)())).toBe(true)
      expect(await cached(1)()).toEqual(E.right('Ada'))
      expect(await cached.get(1)()).toEqual(E.right(O.some('Ada')))
    }
    // bytes without an envelope have no generations
    await store.set(cached.key(1), Buffer.from('"Eve"'), Duration.minutes(1))()
    expect(await cached.get(1)()).toEqual(E.right(O.none))
    // nor has a stored error a meaning to a ring that stores none
    const error = seal({ kind: 'error', stamps: [], payload: Buffer.from('"no"') }, 'bytes')
    await store.set('plain', (E.isRight(error) ? error.right : raw) as Uint8Array, Duration.minutes(1))()
    const plain = ring(one, { store, codec: Codec.json(t.string), key: () => 'plain' })
    expect(await plain(1)()).toEqual(E.right('Ada'))
  })

  test('laws 5 and 29: in one memory store a ring takes no entry of a ring with tags, or a stored error, for a value', async () => {
    const store = dict()
    const key = (id: number): string => String(id)
    const fails = (id: number): TE.TaskEither<string, string> =>
      id === 1 ? TE.right('Ada') : TE.left('not found')
    const policy = Policy.negative({ codec: Codec.identity<string>(), ttl: Duration.minutes(1) })
    const tagged = ring(fails, { store, key, policy, tags: () => ['all'] })
    await tagged(1)()
    await tagged(2)()
    for (const plain of [
      ring(fails, { store, key }),
      ring(fails, { store, key, codec: Codec.clone<string>() })
    ]) {
      for (const id of [1, 2]) {
        expect(E.isLeft(await plain.get(id)())).toBe(true)
        await tagged.delete(id)()
        await tagged(id)()
        expect(await plain(id)()).toEqual(await fails(id)())
        await tagged.delete(id)()
        await tagged(id)()
      }
    }
  })

  test('law 2: a value of bytes that begins as an envelope does is served as it is', async () => {
    const store = dict<Uint8Array>()
    const tricky = bytes('ff524e47010100')
    const one = (_: number): TE.TaskEither<string, Uint8Array> => TE.right(tricky)
    const cached = ring(one, {
      store,
      codec: Codec.identity<Uint8Array>(),
      policy: Policy.negative({ codec: Codec.json(t.string), ttl: Duration.seconds(1) })
    })
    for (let i = 0; i < 2; i++) {
      const got = await cached(1)()
      expect(E.isRight(got) && hex(got.right)).toBe(hex(tricky))
    }
  })
})
