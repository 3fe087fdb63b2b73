import { afterAll, beforeAll, expect, test } from '@jest/globals'

import { draw, enumerate } from './explore'
import { subjectWith } from './load'
import { faults } from './planted'
import { programs } from './programs'
import { hear, staged } from './stage'

beforeAll(() => {
  process.on('unhandledRejection', hear)
})
afterAll(() => {
  process.off('unhandledRejection', hear)
})
const lines: Array<string> = []
const part = process.env['FAULT'] ?? ''
test.each(faults.filter(({ name }) => name.includes(part)))('$name', async (fault) => {
  const t = performance.now()
  const subject = subjectWith(fault)
  const l = performance.now() - t
  let n = 0
  const by: Array<string> = []
  for (const [name, plan] of programs) {
    const r =
      plan.kind === 'memory'
        ? await enumerate(staged(subject, plan), 150)
        : await draw(staged(subject, plan), 60, 7)
    n += r.runs
    if (r.wrong !== undefined) {
      by.push(`${name} [${r.runs}: ${r.wrong}]`)
      if (by.length >= 3) break
    }
  }
  lines.push(
    `${by.length === 0 ? 'MISSED' : 'found '} ${fault.module} ${fault.name}: ${by.join(' | ')} (${n} runs, ${(
      performance.now() - t
    ).toFixed(0)} ms, load ${l.toFixed(0)})`
  )
  expect(by.length).toBeGreaterThan(0)
})
afterAll(() => process.stdout.write(lines.join('\n') + '\n'))
