import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { makeTable } from '../../src/base/table'
import { runs } from '../runs'

describe('a table', () => {
  it('does what a Map does', () => {
    const step = fc.oneof(
      fc.record({ set: fc.constantFrom('a', 'b', 'c', ''), to: fc.nat(9) }),
      fc.record({ delete: fc.constantFrom('a', 'b', 'c', '') })
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const table = makeTable<number>()
        const map = new Map<string, number>()
        for (const one of steps) {
          if ('set' in one) {
            table.set(one.set, one.to)
            map.set(one.set, one.to)
          } else {
            table.delete(one.delete)
            map.delete(one.delete)
          }
          for (const key of ['a', 'b', 'c', '']) expect(table.get(key)).toBe(map.get(key))
          expect(table.size()).toBe(map.size)
          expect([...table.entries()].sort()).toEqual([...map].sort())
        }
      }),
      { numRuns: runs(500) }
    )
  })
})
