import * as vm from 'node:vm'

import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'

import { deepEq } from '../../src/testing'
import { sameInAnyOrder } from '../../src/testing/words/same'

const everything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withBoxedValues: true,
  withNullPrototype: true
})

test('a value is the same as one that was made alike', () =>
  fc.assert(
    fc.property(fc.clone(everything, 2), ([a, b]) => {
      expect(deepEq.equals(a, b)).toBe(true)
      expect(sameInAnyOrder(a, b)).toBe(true)
    })
  ))

class Id {
  constructor(readonly id: number) {}
}

const differ: ReadonlyArray<readonly [unknown, unknown]> = [
  [0, -0],
  [1, '1'],
  [null, undefined],
  [{}, { a: undefined }],
  [{}, []],
  [[undefined], new Array(1)],
  [[], new Array(1)],
  [new Date(0), new Date(1)],
  [new Date(0), { at: 0 }],
  [new Map([[1, 2]]), new Map([[1, 3]])],
  [new Map([[1, 2]]), new Map()],
  [new Set([1]), new Set([2])],
  [new Set([1]), new Map([[1, 1]])],
  [Uint8Array.of(1), Uint8Array.of(2)],
  [Uint8Array.of(1, 0), Uint16Array.of(1)],
  [Uint16Array.of(1), Uint16Array.of(2)],
  [Uint8Array.of(1).buffer, Uint8Array.of(2).buffer],
  [Object(1), Object(2)],
  [Object('a'), 'a'],
  [{ id: 1 }, new Id(1)],
  [{ a: { b: [1] } }, { a: { b: [2] } }]
]

test.each(differ)('%p is not %p', (a, b) => {
  expect(deepEq.equals(a, b)).toBe(false)
  expect(deepEq.equals(b, a)).toBe(false)
  expect(sameInAnyOrder(a, b)).toBe(false)
})

test('the order of properties makes no difference; that of members does, where it is asked for', () => {
  expect(deepEq.equals({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true)
  const sets = [new Set([1, 2]), new Set([2, 1])] as const
  expect(deepEq.equals(...sets)).toBe(false)
  expect(sameInAnyOrder(...sets)).toBe(true)
})

test('realms, prototypes and Buffers make no difference', () => {
  const elsewhere: unknown = vm.runInNewContext('({ a: [1, new Date(5)], b: new Map([[1, new Set([2])]]) })')
  expect(deepEq.equals(elsewhere, { a: [1, new Date(5)], b: new Map([[1, new Set([2])]]) })).toBe(true)
  expect(deepEq.equals(Object.assign(Object.create(null), { a: 1 }), { a: 1 })).toBe(true)
  expect(deepEq.equals(Buffer.from([1, 2]), Uint8Array.of(1, 2))).toBe(true)
})
