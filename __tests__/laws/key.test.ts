/** The laws of a key function catch what they are for: each is broken by some function with one fault. */
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { pipe } from 'fp-ts/function'

import { KeyFn } from '../../src'
import { keyLaws, type Laws } from '../../src/testing'
import { brokenOf } from './broken'

type Args = [id: number | string, filter: { readonly tags: Array<string>; readonly page?: number }]

const part = fc.oneof(fc.constantFrom(0, 1, -1, 12), fc.constantFrom('', '1', '12', 'a', ',', ':', "'"))
const values: fc.Arbitrary<Args> = fc.tuple(
  part,
  fc.record(
    { tags: fc.array(fc.constantFrom('b', 'a', ',', 'a,b'), { maxLength: 3 }), page: fc.nat(3) },
    { requiredKeys: ['tags'], noNullPrototype: true }
  )
)

const lawsOf = (key: KeyFn.KeyFn<Args>): Laws => keyLaws(key, { values, maxBytes: 250 })

const good = KeyFn.structural('good')

let calls = 0

const planted: Readonly<Record<string, readonly [law: string, key: KeyFn.KeyFn<Args>]>> = {
  'texts are not quoted': ['law 3: different', (id, { page, tags }) => [id, page, ...tags].join()],
  'an argument is forgotten': ['law 3: different', pipe(good, KeyFn.picking(0))],
  'objects are [object Object]': [
    'law 3: different',
    (id, filter: object) => `${typeof id}${String(id)} ${Object.prototype.toString.call(filter)}`
  ],
  'the digest is short': ['law 3: different', (...args) => String(good(...args).length)],
  'a counter is in the key': ['law 3: equal', (...args) => `${good(...args)}${String(calls++)}`],
  'objects are told apart by identity': [
    'law 3: equal',
    (() => {
      const ids = new WeakMap<object, number>()
      return (_, filter) => {
        const id = ids.get(filter) ?? calls++
        ids.set(filter, id)
        return String(id)
      }
    })()
  ],
  'a key is a number': ['law 3: equal', ((id: unknown) => Number(id)) as never],
  'JSON.stringify has the order of properties': ['law 3: the order', (...args) => JSON.stringify(args)],
  'tags are sorted where they lie': [
    'law 3: to make',
    (id, filter) => {
      filter.tags.sort()
      return good(id, filter)
    }
  ],
  'keys are as long as their arguments': [
    'law 4',
    (id, filter) => good(id, filter).padEnd(filter.tags.length * 100)
  ],
  'the prefix comes after a version': [
    'law 35',
    Object.assign((...args: Args) => `v1/${good(...args)}`, { prefix: good.prefix ?? '' })
  ],
  'the prefix is empty': ['law 35', Object.assign((...args: Args) => good(...args), { prefix: '' })]
}

describe('the laws of a key function catch', () => {
  for (const [fault, [law, key]] of Object.entries(planted)) {
    test(fault, async () => expect(await brokenOf(lawsOf(key), law)).not.toEqual([]))
  }

  test('nothing in a good key function, and each of them some fault', async () => {
    const laws = lawsOf(pipe(good, KeyFn.hashed(250)))
    expect(await brokenOf(laws)).toEqual([])
    const caught = new Set<string>()
    for (const [law, key] of Object.values(planted)) {
      for (const name of await brokenOf(lawsOf(key), law)) caught.add(name)
    }
    expect(laws.filter(({ name }) => !caught.has(name))).toEqual([])
  })

  test('not that maps and sets have no order', async () => {
    const members = fc.uniqueArray(fc.nat(5), { maxLength: 4 })
    const ofMembers = fc.oneof(
      members.map((list) => new Set(list)),
      members.map((list) => new Map(list.map((n) => [n, n])))
    )
    expect(await brokenOf(keyLaws(good, { values: fc.tuple(ofMembers) }))).toEqual([])
  })

  test('not that some arguments are to have one key, where they are told', async () => {
    const upper = KeyFn.of((name: string) => name.toUpperCase(), 'names:')
    const eq = {
      equals: ([a]: readonly [string], [b]: readonly [string]) => a.toUpperCase() === b.toUpperCase()
    }
    const names = fc.tuple(fc.constantFrom('a', 'A', 'b'))
    expect(await brokenOf(keyLaws(upper, { values: names, eq }))).toEqual([])
    expect(await brokenOf(keyLaws(upper, { values: names }))).toEqual([
      'law 3: different arguments have different keys'
    ])
  })
})
