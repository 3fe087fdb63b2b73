/** A law without a test fails the run: every required law has a test whose title names it, as `law 20: …`. */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'

/** Laws that later versions will keep (leases, tags, tiers, stale windows) join with their code. */
export const required: ReadonlyArray<number> = [
  1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 17, 18, 20, 21, 23, 24, 26, 27, 30, 31, 35, 36, 37, 38
]

const tests = path.resolve(__dirname, '..')

const walk = (directory: string): ReadonlyArray<string> =>
  fs
    .readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? walk(path.join(directory, entry.name)) : [path.join(directory, entry.name)]
    )

// a title is a string in the code that begins a word with `law`; comments and skipped tests do not count
const titles = walk(tests)
  .filter((file) => file.endsWith('.ts') && file !== __filename)
  .flatMap((file) => fs.readFileSync(file, 'utf8').split('\n'))
  .filter((line) => !/^\s*(\/\/|\/?\*)|\.(skip|todo)\b/.test(line))
  .flatMap((line) => line.match(/['"`][^'"`]*\blaws? \d[^'"`]*/g) ?? [])

/** `law 7`, `law 10, 11` and `laws 2, 10 and 12` name their laws. */
export const lawsOf = (title: string): ReadonlyArray<number> =>
  [...title.matchAll(/\blaws? (\d+(?:(?:, | and )\d+)*)/g)].flatMap((m) =>
    m[1]!.split(/, | and /).map(Number)
  )

const tested = new Set(titles.flatMap(lawsOf))

describe('laws', () => {
  it.each(required)('law %d has a test', (law) => {
    expect(tested.has(law)).toBe(true)
  })
})
