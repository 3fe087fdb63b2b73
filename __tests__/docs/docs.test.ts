/** What the documentation shows compiles and runs. */
import { beforeAll, describe, expect, it } from '@jest/globals'

import type { Block, Unit } from '../../scripts/docs/blocks'
import { allUnits } from '../../scripts/docs/blocks'
import type { Problem } from '../../scripts/docs/check'
import { typeCheck } from '../../scripts/docs/check'
import { run } from '../../scripts/docs/run'
import { withServers } from '../../scripts/docs/servers'

const units = allUnits()
const files = [...new Set(units.map((unit) => unit.file))]

const last = (block: Block) => block.line + block.lines.length - 1

/** A problem before the first block (an import that fails) is the first block's. */
const ownedBy = (unit: Unit, block: Block) => (problem: Problem) =>
  problem.id === unit.id &&
  problem.line <= last(block) &&
  !unit.blocks.some((other) => other.line < block.line && problem.line <= last(other))

describe('documentation', () => {
  let problems: ReadonlyArray<Problem> = []

  beforeAll(async () => {
    const typed = typeCheck(units)
    problems = [...typed, ...(await withServers(units, (env) => run(units, env)))]
  }, 600_000)

  it('shows something', () => {
    expect(units.length).toBeGreaterThan(0)
  })

  describe.each(files)('%s', (file) => {
    const blocks = units
      .filter((u) => u.file === file)
      .flatMap((unit) => unit.blocks.map((block) => ({ unit, block })))
    it.each(blocks.map((b) => [b.block.line, b.block.run ? 'compiles and runs' : 'compiles', b] as const))(
      'line %d %s',
      (_, __, { unit, block }) => {
        expect(
          problems
            .filter(ownedBy(unit, block))
            .map((problem) => `${file}:${problem.line}: ${problem.message}`)
        ).toEqual([])
      }
    )
  })
})
