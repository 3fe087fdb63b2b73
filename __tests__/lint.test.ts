/** The import rule, the purity rule, and the rule that an exception says why: each fires on bad code. */
import * as path from 'node:path'

import { beforeAll, describe, expect, it } from '@jest/globals'
import type { ESLint } from 'eslint'
import { loadESLint } from 'eslint'

const root = path.resolve(__dirname, '..')

describe('lint', () => {
  let eslint: Pick<ESLint, 'lintText'>

  beforeAll(async () => {
    const LegacyESLint = (await loadESLint({ useFlatConfig: false })) as unknown as new (
      options: object
    ) => ESLint
    // without types, since the code below is in no file of the program
    eslint = new LegacyESLint({
      cwd: root,
      overrideConfig: {
        extends: ['plugin:@typescript-eslint/disable-type-checked'],
        rules: { 'fp-ts/no-discarded-pure-expression': 'off' }
      }
    })
  })

  const rulesOf = async (
    file: string,
    ...code: ReadonlyArray<string>
  ): Promise<ReadonlyArray<string | null>> => {
    const [result] = await eslint.lintText(`${code.join('\n')}\n`, { filePath: path.join(root, file) })
    return result!.messages.map((message) => message.ruleId)
  }

  const imports = (from: string) => `import * as it from '${from}'\n\nexport const used = it`

  it.each([
    ['src/KeyFn.ts', 'lru-cache'],
    ['src/Policy.ts', './stores/dict'],
    ['src/Policy.ts', './Ring'],
    ['src/Policy.ts', 'node:crypto'],
    ['src/Store.ts', 'redis'],
    ['src/Duration.ts', './index'],
    ['src/Codec.ts', './codecs/cbor'],
    ['src/stores/lru.ts', 'redis'],
    ['src/stores/lru.ts', '../Codec'],
    ['src/stores/lru.ts', '../Policy'],
    ['src/stores/lru.ts', '../Ring'],
    ['src/stores/lru.ts', './dict'],
    ['src/stores/redis.ts', './memcachedClient'],
    ['src/stores/memjs.ts', './memcached'],
    ['src/stores/redisHash.ts', '../Policy'],
    ['src/stores/dict.ts', 'lru-cache'],
    ['src/stores/another.ts', 'fp-tsx'],
    ['src/codecs/cbor.ts', '../Store'],
    ['src/codecs/cbor.ts', 'redis'],
    ['src/codecs/cbor.ts', '../index'],
    ['src/internal/flights.ts', '../Ring'],
    ['src/internal/flights.ts', 'lru-cache'],
    ['src/Ring.ts', './index'],
    ['src/Ring.ts', 'fp-ring'],
    ['src/Ring.ts', '.'],
    ['src/index.ts', './stores/redis'],
    ['src/index.ts', './codecs/cbor'],
    ['src/index.ts', './testing/index'],
    ['src/index.ts', './testing/storeLaws'],
    ['src/Ring.ts', './testing/random'],
    ['src/stores/dict.ts', '../testing/clock'],
    ['src/stores/dict.ts', 'fast-check'],
    ['src/testing/storeLaws.ts', '../Ring'],
    ['src/testing/storeLaws.ts', '../stores/dict'],
    ['src/testing/storeLaws.ts', '../index'],
    ['src/testing/storeLaws.ts', 'jest'],
    ['src/testing/internal/words.ts', '../../stores/dict'],
    ['src/http/page.ts', '../stores/dict'],
    ['src/http/page.ts', '../index'],
    ['src/http/node.ts', 'express'],
    ['src/http/node.ts', 'node:http'],
    ['src/http/pages.ts', './index'],
    ['src/internal/httpServe.ts', '../http/pages']
  ])('import rule: %s may not import %s', async (file, from) => {
    expect(await rulesOf(file, imports(from))).toContain('no-restricted-imports')
  })

  it.each([
    ['src/KeyFn.ts', 'node:crypto'],
    ['src/Policy.ts', './Duration'],
    ['src/Policy.ts', './internal/defect'],
    ['src/Policy.ts', 'fp-ts/Monoid'],
    ['src/Codec.ts', 'io-ts'],
    ['src/stores/lru.ts', 'lru-cache'],
    ['src/stores/lru.ts', '../Store'],
    ['src/stores/dict.ts', '../Duration'],
    ['src/stores/dict.ts', '../internal/defect'],
    ['src/stores/redis.ts', './redisHash'],
    ['src/stores/redisHash.ts', './redis'],
    ['src/stores/memcached.ts', './memcachedClient'],
    ['src/codecs/cbor.ts', '../Codec'],
    ['src/codecs/cbor.ts', 'cbor-x'],
    ['src/internal/flights.ts', './defect'],
    ['src/internal/flights.ts', '../Duration'],
    ['src/Ring.ts', './Policy'],
    ['src/index.ts', './Ring'],
    ['src/index.ts', './stores/dict'],
    ['src/testing/storeLaws.ts', 'fast-check'],
    ['src/testing/storeLaws.ts', '../Store'],
    ['src/testing/faults.ts', '../internal/extend'],
    ['src/testing/internal/same.ts', 'node:util'],
    ['src/testing/internal/store/case.ts', '../../storeLaws']
  ])('import rule: %s may import %s', async (file, from) => {
    expect(await rulesOf(file, imports(from))).not.toContain('no-restricted-imports')
  })

  it('import rule: internal/ may import the models of a store, and nothing else of it', async () => {
    const file = 'src/internal/flights.ts'
    const rule = '@typescript-eslint/no-restricted-imports'
    expect(await rulesOf(file, imports('../stores/dict'))).toContain(rule)
    const model = "import type * as it from '../stores/dict'\n\nexport type Used = it.DictEntry<string>"
    const rules = await rulesOf(file, model)
    expect(rules).not.toContain(rule)
    expect(rules).not.toContain('no-restricted-imports')
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
    for (const file of ['src/internal/defect.ts', 'src/testing/clock.ts'])
      expect(await rulesOf(file, code)).not.toContain('no-restricted-syntax')
  })

  it('purity rule: errors are classes, and the clock reads the clock', async () => {
    expect(await rulesOf('src/RingError.ts', 'export class KeyError extends Error {}')).toEqual([])
    expect(await rulesOf('src/Clock.ts', 'export const now = () => performance.now()')).toEqual([])
    expect(await rulesOf('src/Clock.ts', 'export const now = () => Date.now()')).toContain(
      'no-restricted-syntax'
    )
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
