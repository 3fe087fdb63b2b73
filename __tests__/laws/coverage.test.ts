/**
 * A law without a test fails the run: every law that docs/laws.md marks as kept, or that the header of a module
 * claims, has a test whose title names it, as `law 20: …`.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'

const root = path.resolve(__dirname, '../..')

const walk = (directory: string): ReadonlyArray<string> =>
  fs
    .readdirSync(directory, { withFileTypes: true })
    .flatMap((entry) =>
      entry.isDirectory() ? walk(path.join(directory, entry.name)) : [path.join(directory, entry.name)]
    )

const sources = (directory: string): ReadonlyArray<string> =>
  walk(path.join(root, directory)).filter((file) => file.endsWith('.ts') && file !== __filename)

const read = (file: string): string => fs.readFileSync(file, 'utf8')

/** `law 7`, `law 10, 11` and `laws 2, 10 and 12` name their laws. */
export const lawsOf = (text: string): ReadonlyArray<number> =>
  [...text.matchAll(/\blaws? (\d+(?:(?:, | and )\d+)*)/g)].flatMap((m) => m[1]!.split(/, | and /).map(Number))

/** The items of the list, each with what stands behind its number. */
const listed = [...read(path.join(root, 'docs/laws.md')).matchAll(/^(\d+)\. (.*)$/gm)].map(
  ([, number, text]) => [Number(number), /^\*(kept|later)\* /.exec(text!)?.[1]] as const
)

/** Those of pages, which have numbers of their own. */
const ofPages = [...read(path.join(root, 'docs/laws.md')).matchAll(/^- (P\d+)\. (.*)$/gm)].map(
  ([, law, text]) => [law!, /^\*(kept|later)\* /.exec(text!)?.[1]] as const
)

const marked = (mark: string) => listed.filter(([, its]) => its === mark).map(([law]) => law)

const kept = marked('kept')

/** What modules claim: the first comment of each file, whose lines are joined, since a list may run on. */
const claims = sources('src').flatMap((file) => {
  const header = /^\/\*\*.*?\*\//s.exec(read(file))?.[0] ?? ''
  return lawsOf(header.replace(/\s*\n \* ?/g, ' ')).map((law) => [path.relative(root, file), law] as const)
})

const required = [...new Set([...kept, ...claims.map(([, law]) => law)])].sort((a, b) => a - b)

// the laws of stores, codecs and keys have their titles in the kit. A title is a string in the code that begins a word with `law`; comments and skipped tests do not count
const titles = [...sources('__tests__'), ...sources('src/testing')]
  .flatMap((file) => read(file).split('\n'))
  .filter((line) => !/^\s*(\/\/|\/?\*)|\.(skip|todo)\b/.test(line))
  .flatMap((line) => line.match(/['"`][^'"`]*\blaws? P?\d[^'"`]*/g) ?? [])

const tested = new Set(titles.flatMap(lawsOf))
const testedOfPages = new Set(titles.flatMap((title) => title.match(/\bP\d+/g) ?? []))

describe('laws', () => {
  it('the list has its numbers in order, and marks each as kept or later', () => {
    expect(listed.map(([law]) => law)).toEqual(Array.from({ length: 38 }, (_, i) => i + 1))
    expect(listed.filter(([, mark]) => mark === undefined)).toEqual([])
  })

  it('so does that of pages', () => {
    expect(ofPages.map(([law]) => law)).toEqual(Array.from({ length: 5 }, (_, i) => `P${i + 1}`))
    expect(ofPages.filter(([, mark]) => mark === undefined)).toEqual([])
  })

  it('modules claim laws, and only those that are kept', () => {
    expect(claims.length).toBeGreaterThan(0)
    expect(claims.filter(([, law]) => !kept.includes(law))).toEqual([])
  })

  it.each(required)('law %d has a test', (law) => {
    expect(tested.has(law)).toBe(true)
  })

  it.each(ofPages.filter(([, mark]) => mark === 'kept'))('law %s has a test', (law) => {
    expect(testedOfPages.has(law)).toBe(true)
  })
})
