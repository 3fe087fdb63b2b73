/** What runs everywhere imports nothing of Node, and names no global that a runtime may lack. */
import { beforeAll, describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import ts from 'typescript'

import { makeBase64url, makeIsUtf8, makeTextOf, sizeInUtf8, unitsOf } from '../src/base/bytes'
import type { Host } from '../src/base/host'
import { makeSha256, sha256 } from '../src/base/sha256'
import { makeRulesOf, type RulesOf } from './linting'
import { importedBy, textOf } from './modules'

const entries = ['index', 'stores/memory/lru', 'codecs/cbor', 'http/index', 'testing/index']
/** What writes to a response of Node: it is in the entry of pages, and names what is there where such a response is. */
const halfOfNode = /^src\/http\/node\//

/** What a module imports when it runs, types left out. */
const importsOf = (file: string, text: string): ReadonlyArray<string> =>
  ts
    .createSourceFile(file, text, ts.ScriptTarget.ES2022, true)
    .statements.flatMap((statement): ReadonlyArray<string> => {
      if (ts.isImportDeclaration(statement)) {
        const clause = statement.importClause
        const names = clause?.namedBindings
        const isOfTypes =
          clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
          (clause?.name === undefined &&
            names !== undefined &&
            ts.isNamedImports(names) &&
            names.elements.every((one) => one.isTypeOnly))
        return isOfTypes ? [] : [(statement.moduleSpecifier as ts.StringLiteral).text]
      }
      return ts.isExportDeclaration(statement) &&
        !statement.isTypeOnly &&
        statement.moduleSpecifier !== undefined
        ? [(statement.moduleSpecifier as ts.StringLiteral).text]
        : []
    })

const graphOf = (entry: string, found = new Map<string, ReadonlyArray<string>>()): typeof found => {
  if (found.has(entry)) return found
  const imports = importsOf(entry, textOf(entry))
  found.set(
    entry,
    imports.filter((name) => !name.startsWith('.'))
  )
  for (const name of imports) if (name.startsWith('.')) graphOf(importedBy(entry, name), found)
  return found
}

describe('what runs everywhere', () => {
  const files = new Map(entries.flatMap((entry) => [...graphOf(`src/${entry}.ts`)]))

  test('imports fp-ts, io-ts, the drivers of its entries and a library of digests, and nothing else', () => {
    expect(files.size).toBeGreaterThan(120)
    const packages = new Set(
      [...files.values()].flat().map((name) => name.replace(/^(fp-ts|io-ts)\/.*/, '$1'))
    )
    expect([...packages].sort()).toEqual([
      '@noble/hashes/sha2.js',
      'cbor-x',
      'fast-check',
      'fp-ts',
      'io-ts',
      'lru-cache'
    ])
  })

  test('control: an import of Node is found, and one of types is none', () => {
    const text = [
      "import { types } from 'node:util'",
      "import type { Socket } from 'node:net'",
      "import { type Stats } from 'node:fs'",
      "export { join } from 'node:path'",
      "export type { A } from './a'"
    ].join('\n')
    expect(importsOf('planted.ts', text)).toEqual(['node:util', 'node:path'])
    expect(graphOf('src/stores/files/index.ts').get('src/stores/files/disk.ts')).toContain('node:fs')
  })

  describe('is where lint looks', () => {
    let rulesOf: RulesOf
    beforeAll(async () => {
      rulesOf = await makeRulesOf()
    })
    const planted = [
      'Buffer.from([])',
      'process.pid',
      'setImmediate(run)',
      'new WeakRef(run)',
      'globalThis.Buffer.from([])',
      'globalThis.process.pid'
    ].map((code) => `export const planted = (run) => ${code}`)

    const everywhere = [...files.keys()].filter(
      (file) => !halfOfNode.test(file) && !file.endsWith('/host.ts')
    )
    test.each(everywhere)('%s', async (file) => {
      expect(await rulesOf(file, "import * as it from 'node:util'\n\nexport const used = it")).toContain(
        'no-restricted-imports'
      )
      for (const code of planted)
        expect(await rulesOf(file, code)).toEqual(
          expect.arrayContaining([expect.stringMatching(/no-restricted-(globals|properties)/)])
        )
      expect(await rulesOf(file, 'export const own = (host) => host.Buffer')).not.toContain(
        'no-restricted-globals'
      )
    })
  })
})

describe('without Node', () => {
  const bytes = fc.uint8Array({ maxLength: 300 })
  const texts = fc.string({ unit: 'binary', maxLength: 200 })
  const surrogates = fc.array(fc.constantFrom('\ud83d', '\ude00', 'a', 'é', '€', '\uffff'), { maxLength: 9 })
  const anyText = fc.oneof(
    texts,
    surrogates.map((units) => units.join(''))
  )
  const [there, missing] = [globalThis as never, {}]

  test('digests are the same', () => {
    fc.assert(
      fc.property(fc.oneof(bytes, anyText), (data) => makeSha256(missing)(data) === makeSha256(there)(data))
    )
    // FIPS 180-4, appendix B.1
    expect(makeSha256(missing)('abc')).toBe(
      Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex').toString(
        'base64url'
      )
    )
  })

  test('a runtime that refuses its modules has none', () => {
    const refusing = {
      process: {
        getBuiltinModule: () => {
          throw new Error('no')
        }
      }
    }
    expect(makeSha256(refusing)('abc')).toBe(makeSha256(there)('abc'))
    expect(makeSha256({ process: { getBuiltinModule: () => ({}) } })('abc')).toBe(makeSha256(there)('abc'))
  })

  test('so is base64url, of any length', () => {
    fc.assert(fc.property(bytes, (data) => makeBase64url(missing)(data) === makeBase64url(there)(data)))
    const long = Uint8Array.from({ length: 100_001 }, (_, i) => (i * 7) % 256)
    expect(makeBase64url(missing)(long)).toBe(Buffer.from(long).toString('base64url'))
  })

  test('a stub in the place of node:crypto changes no digest', () => {
    const stubs = [
      {
        createHash: () => {
          throw new Error('not here')
        }
      },
      { createHash: () => ({ update: () => ({ digest: () => new Uint8Array(0) }) }) }
    ]
    for (const stub of stubs) {
      const host = { process: { getBuiltinModule: () => stub, versions: { node: '20.0.0' } } }
      expect(makeSha256(host as never)('abc')).toBe(sha256('abc'))
    }
  })

  test('so is base64url beside a polyfill of Buffer that does not know it', () => {
    const polyfill = {
      isBuffer: () => false,
      isEncoding: (name: string) => name !== 'base64url',
      from: (): never => {
        throw new TypeError('Unknown encoding: base64url')
      }
    }
    for (const Polyfill of [polyfill, { ...polyfill, isEncoding: undefined }])
      expect(makeBase64url({ Buffer: Polyfill } as Host)(Uint8Array.of(251, 255))).toBe('-_8')
  })

  test('so is the text of bytes, or the refusal', () => {
    const outcome = (f: () => unknown): unknown => {
      try {
        return f()
      } catch {
        return 'refused'
      }
    }
    const ofTexts = anyText.map((text) => Uint8Array.from(Buffer.from(text)))
    fc.assert(
      fc.property(fc.oneof(bytes, ofTexts), (data) => {
        expect(outcome(() => makeTextOf(missing)(data))).toBe(outcome(() => makeTextOf(there)(data)))
        expect(makeIsUtf8(missing)(data)).toBe(makeIsUtf8(there)(data))
      })
    )
  })

  test('so are sizes, and the code units of halves of pairs', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        expect(sizeInUtf8(text)).toBe(Buffer.byteLength(text))
        expect(Buffer.from(unitsOf(text)).equals(Buffer.from(text, 'utf16le'))).toBe(true)
      })
    )
  })
})
