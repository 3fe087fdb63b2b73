/** The import rule, the purity rule, and the rule that an exception says why: each fires on bad code. */
import * as path from 'node:path'

import { beforeAll, describe, expect, it, jest } from '@jest/globals'
import { minimatch } from 'minimatch'

import { makeRulesOf, type RulesOf } from './linting'
import { modules } from './modules'

interface Override {
  readonly files: ReadonlyArray<string> | string
  readonly rules: Readonly<
    Record<string, [string, { readonly zones: ReadonlyArray<{ readonly except: ReadonlyArray<string> }> }]>
  >
}

/** The table of `.eslintrc.cjs`, read off the rules that are made of it; of one file the last room holds. */
const rooms = jest
  .requireActual<{ readonly overrides: ReadonlyArray<Override> }>('../.eslintrc.cjs')
  .overrides.flatMap(({ files, rules }) => {
    const rule = rules['import-x/no-restricted-paths']
    return rule === undefined ? [] : [{ files: String(files), may: rule[1].zones[0]!.except }]
  })
/** One module of each folder, and those of the root. */
const samples = modules.filter(
  (file, i) => path.dirname(file) === 'src' || path.dirname(file) !== path.dirname(modules[i - 1] ?? '')
)

describe('lint', () => {
  let rulesOf: RulesOf

  beforeAll(async () => {
    rulesOf = await makeRulesOf()
  })

  const imports = (from: string) => `import * as it from '${from}'\n\nexport const used = it`

  describe.each(rooms)('import rule, the room $files', ({ files, may }) => {
    const inside = modules.find((file) => minimatch(file, files))!
    const from = (target: string): string => {
      const name = path.posix.relative(path.posix.dirname(inside), target).replace(/\.ts$/, '')
      return name.startsWith('.') ? name : `./${name}`
    }
    const isOpen = (file: string): boolean =>
      may.some((place) => file === `src/${place}` || file.startsWith(`src/${place}/`))

    it('refuses every other room, for values and for types', async () => {
      const closed = samples.filter((file) => !isOpen(file))
      expect(closed.length).toBeGreaterThan(0)
      const code = closed.flatMap((file, i) => [
        `import * as value${i} from '${from(file)}'`,
        `import type * as type${i} from '${from(file)}'`
      ])
      const used = closed.map((_, i) => `value${i}, type${i}`).join(', ')
      const broken = (await rulesOf(inside, ...code, `export { ${used} }`)).filter(
        (rule) => rule === 'import-x/no-restricted-paths'
      )
      expect(broken).toHaveLength(2 * closed.length)
    })

    it('lets in what the table says', async () => {
      const open = modules.filter((file) => isOpen(file) && file !== inside)
      const code = open.map((file, i) => `import * as it${i} from '${from(file)}'`)
      const rules = await rulesOf(inside, ...code, `export { ${open.map((_, i) => `it${i}`).join(', ')} }`)
      expect(rules.filter((rule) => rule?.includes('no-restricted'))).toEqual([])
    })

    it('refuses a package that it does not name', async () => {
      for (const name of ['redis', 'fp-tsx', 'fp-ring', 'node:timers', 'express'])
        expect(await rulesOf(inside, imports(name))).toContain('no-restricted-imports')
    })
  })

  it('import rule: every module of src is in a room', () => {
    expect(modules.filter((file) => !rooms.some(({ files }) => minimatch(file, files)))).toEqual([])
  })

  // what the table is meant to say, whatever it says
  it.each([
    ['src/base/timer.ts', '../Duration'],
    ['src/Duration.ts', './index'],
    ['src/Store.ts', './stores/memory/dict'],
    ['src/Policy.ts', './Ring'],
    ['src/stores/model.ts', '../Store'],
    ['src/stores/kit/answers.ts', '../combinators/batched'],
    ['src/stores/memory/lru.ts', '../redis'],
    ['src/stores/redis/index.ts', '../memcached/client'],
    ['src/stores/redis/hash.ts', '../../Policy'],
    ['src/engine/flights.ts', '../Ring'],
    ['src/engine/flights.ts', '../ring/build'],
    ['src/engine/flights.ts', '../stores/memory/dict'],
    ['src/ring/build.ts', '../Ring'],
    ['src/index.ts', './stores/redis'],
    ['src/Ring.ts', './testing/random'],
    ['src/testing/storeLaws.ts', '../Ring'],
    ['src/testing/storeLaws.ts', '../stores/memory/dict'],
    ['src/http/core/storing.ts', '../cache/lead'],
    ['src/http/cache/serve.ts', '../pages'],
    ['src/http/web/page.ts', '../node/node']
  ])('import rule: %s may not import %s', async (file, from) => {
    expect(await rulesOf(file, imports(from))).toContain('import-x/no-restricted-paths')
  })

  it.each([
    ['src/stores/memory/lru.ts', 'lru-cache'],
    ['src/codecs/cbor.ts', 'cbor-x'],
    ['src/base/sha256.ts', '@noble/hashes/sha2.js'],
    ['src/stores/files/index.ts', 'node:path'],
    ['src/stores/redis/invalidation.ts', 'node:crypto'],
    ['src/testing/storeLaws.ts', 'fast-check'],
    ['src/Codec.ts', 'io-ts']
  ])('import rule: %s may import %s', async (file, from) => {
    expect(await rulesOf(file, imports(from))).not.toContain('no-restricted-imports')
  })

  it.each([
    ['Date.now', 'export const now = () => Date.now()'],
    ['new Date()', 'export const now = () => new Date()'],
    ['Math.random', 'export const random = () => Math.random()'],
    ['performance.now', 'export const now = () => performance.now()'],
    ['throw', "export const fail = () => {\n  throw new Error('no')\n}"],
    ['try', 'export const attempt = (f: () => void) => {\n  try {\n    f()\n  } finally {\n    f()\n  }\n}'],
    ['let', 'let n = 0\nexport const next = () => n++'],
    ['for', 'export const all = (f: () => void) => {\n  for (;;) f()\n}'],
    ['for of', 'export const all = (xs: ReadonlyArray<() => void>) => {\n  for (const x of xs) x()\n}'],
    ['while', 'export const all = (f: () => boolean) => {\n  while (f());\n}'],
    ['class', 'export class Cache {\n  readonly size = 0\n}']
  ])('purity rule: no %s in src', async (_, code) => {
    expect(await rulesOf('src/Ring.ts', code)).toContain('no-restricted-syntax')
    for (const file of ['src/base/defect.ts', 'src/testing/clock.ts'])
      expect(await rulesOf(file, code)).not.toContain('no-restricted-syntax')
  })

  it('purity rule: errors are classes, and the clock reads the clock', async () => {
    expect(await rulesOf('src/RingError.ts', 'export class KeyError extends Error {}')).toEqual([])
    expect(await rulesOf('src/Clock.ts', 'export const now = () => performance.now()')).toEqual([])
    expect(await rulesOf('src/Clock.ts', 'export const now = () => Date.now()')).toContain(
      'no-restricted-syntax'
    )
  })

  it.each([
    ['setTimeout', 'export const late = (f: () => void) => setTimeout(f, 1)'],
    ['setInterval', 'export const often = (f: () => void) => setInterval(f, 1)'],
    ['setTimeout as a value', 'export const timer = setTimeout'],
    ['globalThis.setTimeout', 'export const late = (f: () => void) => globalThis.setTimeout(f, 1)'],
    ['AbortSignal.timeout', 'export const late = () => AbortSignal.timeout(1)'],
    ['node:timers', "import { setTimeout as later } from 'node:timers'\n\nexport const late = later"],
    [
      'node:timers/promises',
      "import { setTimeout as later } from 'node:timers/promises'\n\nexport const late = later"
    ]
  ])('timer rule: no %s in src but in base/timer', async (_, code) => {
    for (const file of ['src/base/defect.ts', 'src/stores/memory/dict.ts', 'src/testing/clock.ts'])
      expect((await rulesOf(file, code)).filter((rule) => rule?.startsWith('no-restricted'))).toHaveLength(1)
    const globals = code.startsWith('import') ? [] : await rulesOf('src/base/timer.ts', code)
    expect(globals).not.toContain('no-restricted-globals')
  })

  it('an exception says why', async () => {
    const disable = '// eslint-disable-next-line no-restricted-syntax'
    const code = 'export const now = () => performance.now()'
    expect(await rulesOf('src/Ring.ts', disable, code)).toEqual([
      '@eslint-community/eslint-comments/require-description'
    ])
    expect(await rulesOf('src/Ring.ts', `${disable} -- the hot path`, code)).toEqual([])
  })

  it('an exception that nothing needs is an error', async () => {
    expect(
      await rulesOf('src/Ring.ts', '// eslint-disable-next-line no-var -- why', 'export const a = 1')
    ).toEqual([null])
  })
})
