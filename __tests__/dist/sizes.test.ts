/**
 * What programs bundle of the built package. A size that grows is a decision: raise its limit here and in the page, and say
 * what it bought. What a program does not name is not in its bundle, where this is possible.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'

import { describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'

import { type Bundle, bundleOf, coreWith, programs, subpaths } from '../../scripts/bundles'

/** The most that each program may have, in kilobytes (1000 bytes), gzipped: what was measured, and some 3 percent. */
const most: Readonly<Record<string, number>> = {
  '`ring`, `dict`, `Policy.ttl`, `Codec.json`': 43.8,
  '`ring`, `dict`, `Policy.ttl`': 35.6,
  '`dict`': 4.3,
  '`Codec.json`': 11.1,
  '`Policy.ttl`': 0.4,
  'all of `fp-ring`': 61.6,
  'all of `fp-ring/lru`': 5,
  'all of `fp-ring/redis`': 14.5,
  'all of `fp-ring/memcached`': 13.7,
  'all of `fp-ring/memjs`': 5.6,
  'all of `fp-ring/files`': 8,
  'all of `fp-ring/sqlite`': 7.3,
  'all of `fp-ring/cbor`': 11.9,
  'all of `fp-ring/http`': 65.5,
  'all of `fp-ring/testing`': 20.1,
  'all of `fp-ring/Clock`': 0.4,
  'all of `fp-ring/Codec`': 11.9,
  'all of `fp-ring/Command`': 0.1,
  'all of `fp-ring/Decision`': 0.6,
  'all of `fp-ring/Duration`': 0.6,
  'all of `fp-ring/functions`': 1.8,
  'all of `fp-ring/Invalidation`': 0.3,
  'all of `fp-ring/KeyFn`': 5.6,
  'all of `fp-ring/mutation`': 2.5,
  'all of `fp-ring/Policy`': 6,
  'all of `fp-ring/ReaderRing`': 35,
  'all of `fp-ring/Ring`': 37.2,
  'all of `fp-ring/RingError`': 0.8,
  'all of `fp-ring/RingEvent`': 0.8,
  'all of `fp-ring/Store`': 11.3
}

const root = path.resolve(__dirname, '../..')

/** The page that shows the limits. */
const page = fs.readFileSync(path.join(root, 'docs/performance.md'), 'utf8')
const shown = Object.fromEntries(
  [...page.matchAll(/^\| (`ring`, .*?|`dict`|`Codec\.json`|`Policy\.ttl`|all of .*?) \| (\d+\.\d) \|/gm)].map(
    ([, name, size]) => [name!, Number(size)]
  )
)

const isWithin = ({ gzipped }: Bundle, limit: number): boolean => gzipped <= limit * 1000

describe('the size of a bundle', () => {
  it.each(Object.keys(programs))('%s', async (name) => {
    const bundle = await bundleOf(programs[name]!)
    const limit = most[name]!
    expect({ gzipped: bundle.gzipped, isWithin: isWithin(bundle, limit) }).toEqual({
      gzipped: bundle.gzipped,
      isWithin: true
    })
    // what became smaller has a lower limit; the smallest vary by some bytes
    expect(bundle.gzipped).toBeGreaterThan(0.92 * limit * 1000 - 100)
  })

  it('has a limit for every program, those of all subpaths among them, and the page shows it', () => {
    expect(Object.keys(most)).toEqual(Object.keys(programs))
    for (const name of subpaths) expect(most).toHaveProperty([`all of \`fp-ring${name.slice(1)}\``])
    expect(shown).toEqual(most)
  })

  it('control: a bundle that grows by a twentieth is noticed', async () => {
    const [name, limit] = Object.entries(most)[0]!
    const bundle = await bundleOf(programs[name]!)
    expect(isWithin(bundle, limit)).toBe(true)
    expect(isWithin({ ...bundle, gzipped: bundle.gzipped * 1.05 }, limit)).toBe(false)
  })
})

/** A thing, a program that names it, and how it is recognised: by a module, or by a text of a constructor. */
interface Thing {
  readonly thing: string
  readonly named: string
  readonly module?: string
  readonly text?: string
}

const things: ReadonlyArray<Thing> = [
  { thing: 'the codec of JSON', named: 'Codec.json', module: 'codecs/json' },
  { thing: 'compiled io-ts types', named: 'Codec.json', module: 'codecs/ioTs/predicate' },
  { thing: 'the codec that clones', named: 'Codec.clone', module: 'codecs/clone' },
  { thing: 'fingerprints', named: 'Codec.fromType', module: 'codecs/fingerprint' },
  { thing: 'tiers', named: 'Store.tiered', module: 'stores/combinators/tiered' },
  { thing: 'batches of a store', named: 'Store.batched', module: 'stores/combinators/batched' },
  { thing: 'the store that stores nothing', named: 'noop', module: 'stores/memory/noop' },
  { thing: 'links', named: 'Ring.linked', module: 'ring/follow' },
  { thing: 'rings of an environment', named: 'ringReader', module: 'ReaderRing' },
  { thing: 'mutations', named: 'invalidates', module: 'mutation' },
  { thing: 'Policy.earlyRefresh', named: 'Policy.earlyRefresh', text: 'earlyRefresh needs a beta above 0' },
  { thing: 'Policy.negative', named: 'Policy.negative', text: 'the codec of negative' },
  { thing: 'leases', named: 'Policy.lease', module: 'policies/lease' },
  { thing: 'Policy.lease', named: 'Policy.lease', text: 'the ttl of lease is 10 milliseconds or more' }
]

const has = ({ code, modules }: Bundle, { module, text }: Thing): boolean =>
  (module === undefined || modules.includes(module)) && (text === undefined || code.includes(text))

/** What is left of a bundle beside its imports. */
const rest = ({ code }: Bundle): string => code.replace(/import"[^"]*";/g, '').trim()

describe('a program that uses nothing of an entry', () => {
  // the laws are for tests, which are not bundled
  it.each(subpaths.filter((name) => name !== './testing'))('%s: has nothing of it', async (name) => {
    expect(rest(await bundleOf(`import 'fp-ring${name.slice(1)}'`))).toBe('')
  })

  it('control: what is used is left', async () => {
    expect(rest(await bundleOf(programs['`Policy.ttl`']!))).not.toBe('')
  })
})

describe('a program of ring, dict and Policy.ttl', () => {
  it.each(things)('has not $thing; control: one that names $named has', async (thing) => {
    const [plain, named] = await Promise.all([bundleOf(coreWith()), bundleOf(coreWith(thing.named))])
    expect({ plain: has(plain, thing), named: has(named, thing) }).toEqual({ plain: false, named: true })
  })

  it('has no driver, and nothing of any other entry', async () => {
    const { code, modules } = await bundleOf(coreWith('Codec.json'))
    expect(modules).toContain('stores/memory/dict')
    expect(
      modules.filter((name) => /^(http|testing|stores\/(redis|memcached|files|sqlite))\//.test(name))
    ).toEqual([])
    expect(code).not.toMatch(/from"(?!fp-ts\/|io-ts)/)
    // control
    expect((await bundleOf(programs['all of `fp-ring/lru`']!)).code).toMatch(/from"(?!fp-ts\/|io-ts)/)
  })

  it('has all of a namespace under esbuild, unless it imports the subpath', async () => {
    const rest = 'earlyRefresh needs a beta above 0'
    const built = async (from: string): Promise<string> => {
      const { outputFiles } = await build({
        stdin: { contents: `${from}\nconsole.log(Policy.ttl)`, resolveDir: root },
        bundle: true,
        write: false,
        format: 'esm',
        packages: 'external',
        alias: {
          'fp-ring': path.join(root, 'dist/index.mjs'),
          'fp-ring/Policy': path.join(root, 'dist/Policy.mjs')
        },
        // the paths of the repository's own would lead to src
        tsconfigRaw: '{}'
      })
      return outputFiles[0]!.text
    }
    expect(await built("import { Policy } from 'fp-ring'")).toContain(rest)
    expect(await built("import * as Policy from 'fp-ring/Policy'")).not.toContain(rest)
  })
})
