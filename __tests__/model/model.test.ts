/**
 * Interleavings of rings over one store: callers, changes, purges, failing loads, two processes, a store that breaks.
 *
 *     npx jest __tests__/model                      what `npm test` runs
 *     RUNS=1 npx jest __tests__/model/model         ten times as many interleavings
 *     MODEL='far: fleet' npx jest __tests__/model/model   the programs whose names contain this
 *
 * `explore.ts` chooses the order of what happens, `programs.ts` has the programs, `checks.ts` what must hold. Over a store in
 * memory all interleavings are enumerated, as far as the number of runs allows; over a store behind promises, those of small
 * programs, and drawn ones of the others. What goes wrong is printed with its choices, by which it can be repeated.
 *
 * `planted.test.ts` has faults of the engine that this model finds.
 */
import '../simulation/flights'

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'

import { runs, share } from '../runs'
import { draw, enumerate, explore, type Program, replay } from './explore'
import { known } from './known'
import { programs } from './programs'
import { real } from './real'
import { hear, staged } from './stage'

/** How many interleavings of each program are enumerated, and, if there are more, drawn. */
const most = { memory: share < 1 / 10 ? runs(1_000) : runs(6_000), far: runs(600) }

/** All interleavings of each program over a store in memory. */
const enough = 600

const part = process.env['MODEL'] ?? ''
const chosen = programs.filter(([name]) => name.includes(part))

beforeAll(() => {
  process.on('unhandledRejection', hear)
})
afterAll(() => {
  process.off('unhandledRejection', hear)
})

test.each(chosen)('%s', async (_, plan) => {
  const { choices, complete, trace = [], wrong } = await explore(staged(real, plan), most[plan.kind], 7)
  if (wrong !== undefined)
    throw new Error([wrong, `choices: ${JSON.stringify(choices)}`, ...trace].join('\n'))
  if (plan.kind === 'memory' && most.memory >= enough) expect(complete).toBe(true)
})

describe('interleavings that have found something', () => {
  test.each(known)('%s: %j', async (name, choices) => {
    const plan = programs.find(([other]) => other === name)?.[1]
    expect(plan).toBeDefined()
    expect((await replay(staged(real, plan!), choices)).wrong).toBeUndefined()
  })
})

describe('the explorer', () => {
  /** Three actors of two steps each. */
  const orders = new Set<string>()
  const program: Program = {
    begin: async (world) => {
      const order: Array<string> = []
      for (const name of ['a', 'b', 'c'])
        world.start(name, () => {
          order.push(name)
          world.offer([[name, () => void order.push(name)]])
        })
      return {
        last: [],
        check: () => {
          orders.add(order.join(''))
          return order.join('') === 'cbacba' ? 'found' : undefined
        }
      }
    }
  }
  test('enumerates all interleavings', async () => {
    orders.clear()
    const wrong = await enumerate(program, 1_000)
    expect(wrong).toMatchObject({ complete: false, wrong: 'found' })
    expect((await replay(program, wrong.choices!)).wrong).toBe('found')
    expect(
      (
        await enumerate(
          {
            ...program,
            begin: async (world) => ({ ...(await program.begin(world)), check: () => undefined })
          },
          1_000
        )
      ).complete
    ).toBe(true)
  })
  test('draws the same interleavings from the same seed', async () => {
    const [one, two, other] = [
      await draw(program, 1_000, 1),
      await draw(program, 1_000, 1),
      await draw(program, 1_000, 2)
    ]
    expect(one.wrong).toBe('found')
    expect(two).toStrictEqual(one)
    expect(other.runs).not.toBe(one.runs)
  })
})
