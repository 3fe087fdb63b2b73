/** The laws of a codec catch what they are for: each is broken by some codec with one fault. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'

import { Codec, RingError } from '../../src'
import { codecLaws, type CodecLawsOptions, type Laws } from '../../src/testing'
import { brokenOf } from './broken'

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

const parsed = (bytes: Uint8Array): E.Either<RingError.DecodeError, unknown> =>
  E.tryCatch(
    () => JSON.parse(text(bytes)) as unknown,
    (cause) => new RingError.DecodeError('no JSON', { cause })
  )

/** JSON as everybody writes it first, for values that it can carry. */
const good: Codec.Codec<unknown, Uint8Array> = {
  encode: (u) => E.right(utf8(JSON.stringify(u))),
  decode: parsed
}

const carried = fc.dictionary(
  fc.constantFrom('a', 'b'),
  fc.oneof(fc.string(), fc.boolean(), fc.constant(null)),
  {
    minKeys: 1,
    noNullPrototype: true
  }
)
const options: CodecLawsOptions<unknown> = { values: carried, framed: true }

const planted: Readonly<Record<string, readonly [law: string, laws: () => Laws]>> = {
  'dates become texts': [
    'law 1: what is encoded',
    () => codecLaws(good, { values: fc.record({ at: fc.date({ noInvalidDate: true }) }) })
  ],
  'undefined becomes null': [
    'law 1: what is encoded',
    () => codecLaws(good, { values: fc.array(fc.constantFrom(undefined, 1)) })
  ],
  '-0 becomes 0': ['law 1: what is encoded', () => codecLaws(good, { values: fc.constantFrom(0, -0, 1) })],
  'what was encoded is refused': [
    'law 1: what is encoded',
    () => codecLaws({ ...good, decode: () => E.left(new RingError.DecodeError('no')) }, options)
  ],
  'everything is refused': [
    'law 1: what is encoded',
    () => codecLaws({ ...good, encode: () => E.left(new RingError.EncodeError('no')) }, options)
  ],
  'encode throws': [
    'law 1: what is encoded',
    () => codecLaws(good, { values: fc.oneof(fc.string(), fc.bigInt()) })
  ],
  'the left is another error': [
    'law 1: what is encoded',
    () =>
      codecLaws(
        { ...good, encode: (u) => (u === 1 ? E.left(new Error() as never) : good.encode(u)) },
        {
          values: fc.constantFrom(1, 2)
        }
      )
  ],
  'a counter is in the bytes': [
    'law 1: encoding is a function',
    () => {
      let n = 0
      return codecLaws(
        {
          encode: (u) => E.right(utf8(JSON.stringify([n++, u]))),
          decode: (bytes) =>
            pipe(
              parsed(bytes),
              E.map((pair) => (pair as ReadonlyArray<unknown>)[1])
            )
        },
        options
      )
    }
  ],
  'the value is held by reference': [
    'law 6',
    () => codecLaws(Codec.identity<unknown>(), { values: carried })
  ],
  'what was decoded is remembered': [
    'law 6',
    () => {
      const seen = new Map<string, ReturnType<typeof parsed>>()
      const decode = (bytes: Uint8Array): ReturnType<typeof parsed> => {
        const found = seen.get(text(bytes)) ?? parsed(bytes)
        seen.set(text(bytes), found)
        return found
      }
      return codecLaws({ ...good, decode }, options)
    }
  ],
  'the bytes are a buffer that is used again': [
    'law 1: encoding is a function',
    () => {
      const shared = new Uint8Array(1_000)
      let used = 0
      return codecLaws(
        {
          encode: (u) => {
            const bytes = utf8(JSON.stringify(u))
            used = (used + 1) % 2
            shared.fill(32)
            shared.set(bytes, used)
            return E.right(shared.subarray(0, bytes.length + used))
          },
          decode: parsed
        },
        options
      )
    }
  ],
  'decode throws': [
    'law 5: mutated',
    () => codecLaws({ ...good, decode: (bytes) => E.right(JSON.parse(text(bytes)) as unknown) }, options)
  ],
  'the left of decode is what was thrown': [
    'law 5: mutated',
    () =>
      codecLaws(
        {
          ...good,
          decode: (bytes) =>
            E.tryCatch(
              () => JSON.parse(text(bytes)) as unknown,
              (e) => e as never
            )
        },
        options
      )
  ],
  'what was read is merged into the prototype of all objects': [
    'law 5: mutated',
    () =>
      codecLaws(
        {
          ...good,
          decode: (bytes) => {
            // what a merge without a guard does for `__proto__`
            if (bytes.length % 7 === 3)
              Object.assign(Object.prototype, { [`polluted ${String(bytes.length)}`]: true })
            return parsed(bytes)
          }
        },
        options
      )
  ],
  'it reads as far as it can': [
    'law 5: an entry cut',
    () =>
      codecLaws(
        {
          ...good,
          decode: (bytes) =>
            pipe(
              parsed(bytes),
              E.orElse(() => E.right<never, unknown>({}))
            )
        },
        options
      )
  ]
}

/** Then nothing is left in the prototype of all objects. */
const brokenBy = async (fault: string): Promise<ReadonlyArray<string>> => {
  const [law, laws] = planted[fault]!
  const broken = await brokenOf(laws(), law)
  for (const name of Object.keys(Object.prototype)) Reflect.deleteProperty(Object.prototype, name)
  return broken
}

describe('the laws of a codec catch', () => {
  const faults = Object.keys(planted)

  test.each(faults)('%s', async (fault) => expect(await brokenBy(fault)).not.toEqual([]))

  test('nothing in a good codec, and each of them some fault', async () => {
    const laws = codecLaws(good, options)
    expect(await brokenOf(laws)).toEqual([])
    const caught = new Set<string>()
    for (const fault of faults) for (const name of await brokenBy(fault)) caught.add(name)
    expect(laws.filter(({ name }) => !caught.has(name))).toEqual([])
  })

  test('the same run again, where it is given a seed', async () => {
    const said = async () =>
      codecLaws(good, { values: fc.double(), seed: 7 })[0]!
        .run()
        .then(
          () => 'nothing',
          (error: unknown) => /Counterexample: .*/.exec(String(error))?.[0]
        )
    expect(await said()).toMatch('Counterexample')
    expect(await said()).toBe(await said())
  })
})
