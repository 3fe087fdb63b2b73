import { inspect } from 'node:util'

import { describe, expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'

import { Codec, RingError } from '../src'

const secret = 'hunter2'
const refused = Codec.json(t.type({ password: t.number })).decode(
  new TextEncoder().encode(`{"password":"${secret}"}`)
)
const errors: ReadonlyArray<RingError.RingError> = [
  new RingError.KeyError('no key', new Error(secret)),
  new RingError.EncodeError('no bytes', new Error(secret)),
  new RingError.DecodeError('no value', { cause: new Error(secret) }),
  RingError.storeFailed('get')(new Error(`redis://user:${secret}@host`)),
  ...(E.isLeft(refused) ? [refused.left] : [])
]

describe('RingError', () => {
  test('they are errors with a tag, a name and a stack, and keep their cause', () => {
    expect(errors.map(({ _tag, name }) => [_tag, name])).toStrictEqual(
      ['KeyError', 'EncodeError', 'DecodeError', 'StoreError', 'DecodeError'].map((tag) => [tag, tag])
    )
    for (const error of errors) {
      expect(error).toBeInstanceOf(Error)
      expect(error.stack).toContain(error.message)
      expect(RingError.isRingError(error)).toBe(true)
    }
    expect(errors.slice(0, 4).map(({ cause }) => String(cause))).toStrictEqual([
      `Error: ${secret}`,
      `Error: ${secret}`,
      `Error: ${secret}`,
      `Error: redis://user:${secret}@host`
    ])
    expect(E.isLeft(refused) && refused.left.errors()).toMatchObject([{ value: secret }])
    expect(new RingError.DecodeError('no value').errors()).toStrictEqual([])
    expect(new RingError.KeyError('no key')).not.toHaveProperty('cause')
  })

  test('what they hold is not shown: not by inspect, alone or in something, nor by a walk over their properties', () => {
    for (const error of errors) {
      const shown = [
        inspect(error, { depth: 9, showHidden: false }),
        inspect({ nested: [E.left(error)] }, { depth: 9 }),
        JSON.stringify(error),
        JSON.stringify(Object.entries(error)),
        String(error),
        error.stack
      ]
      for (const text of shown) expect(text).not.toContain(secret)
      expect(inspect(error)).toContain(error.message)
    }
  })

  test('other errors are no RingErrors', () => {
    for (const u of [new Error('KeyError'), { _tag: 'KeyError' }, null, undefined, 'KeyError']) {
      expect(RingError.isRingError(u)).toBe(false)
    }
  })
})
