/**
 * The model finds what is wrong: each fault of `planted.ts` is put into the sources, and the programs that it names find it. The same
 * interleaving of the sources as they are is well.
 *
 * These faults of `next.ts` cannot be found, because nothing depends on them:
 *
 * - `Load` in the place of `Join`, and the other way round: who carries it out looks for the flight to join.
 * - `LoadBlind` beside another load whose read has failed, too: callers of one read share it, and its failure.
 * - `Write` of a load without its lease: the write asks for the token. `Remove` of a load whose value is not stored removes an
 *   entry that is out of date.
 * - A word for an update that was overtaken: `supersede.ts` looks itself whether it knows what has overtaken it; the faults of
 *   that are planted there.
 *
 * And these are made good elsewhere: a load from before a purge that is joined (`checkPurged` compares the generations in the end),
 * generations that are older than the load (they hide its entry).
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { runs } from '../runs'
import { draw, enumerate, type Explored, type Program, replay } from './explore'
import { subjectWith } from './load'
import { faults, type Planted } from './planted'
import { type Plan, programs } from './programs'
import { hear, staged } from './stage'

/** How many interleavings of a program are tried. */
const most = Math.max(1_500, runs(15_000))

beforeAll(() => {
  process.on('unhandledRejection', hear)
})
afterAll(() => {
  process.off('unhandledRejection', hear)
})

const well = subjectWith()

const search = (program: Program, { kind }: Plan, tries: number): Promise<Explored> =>
  kind === 'memory' ? enumerate(program, tries) : draw(program, tries, 7)

/** The first program that goes wrong, and its choices. */
const found = async (fault: Planted) => {
  const subject = subjectWith(fault)
  for (const [name, plan] of programs) {
    if (!name.includes(fault.in)) continue
    const { choices, wrong } = await search(staged(subject, plan), plan, fault.tries ?? most)
    if (wrong !== undefined && choices !== undefined) return { name, plan, choices, wrong }
  }
  return undefined
}

test.each(faults)('$module: $name', async (fault) => {
  const it = await found(fault)
  expect(it).toBeDefined()
  expect((await replay(staged(well, it!.plan), it!.choices)).wrong).toBeUndefined()
})

test('a fault whose text is not there cannot be planted', () => {
  const [fault] = faults
  expect(() => subjectWith({ ...fault!, from: 'no such text' })).toThrow('0 times, not once')
  expect(() => subjectWith({ ...fault!, module: 'none.ts' })).toThrow('there is no module')
})

test('the faults have names of their own', () => {
  expect(new Set(faults.map(({ name }) => name)).size).toBe(faults.length)
  expect(faults.length).toBeGreaterThan(90)
})
