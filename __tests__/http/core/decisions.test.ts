/** Each decision by itself: what it says of which head. */
import { describe, expect, it } from '@jest/globals'
import * as E from 'fp-ts/Either'

import { ask, passKey, type Seek, seekAt } from '../../../src/http/core/ask'
import { changedPaths, isChange } from '../../../src/http/core/change'
import { timeOf } from '../../../src/http/core/dates'
import { cacheStatus, withStatus } from '../../../src/http/core/fate'
import { headOf, nothingHead } from '../../../src/http/core/head'
import { instead, type Old } from '../../../src/http/core/instead'
import {
  type Answered,
  fits,
  type Kept,
  keptFrom,
  lasting,
  stateOf,
  windowsFor
} from '../../../src/http/core/kept'
import type { Asked, Fields, Site } from '../../../src/http/core/model'
import { isChanged, ownFields, removedNames } from '../../../src/http/core/own'
import { absent, reuse, serving } from '../../../src/http/core/reuse'
import { isAbout, renewed, revalidate, updated } from '../../../src/http/core/revalidate'
import { keptCodec, pageCodec } from '../../../src/http/core/stored'
import { aged, isWhole, storing } from '../../../src/http/core/storing'
import { variantOf } from '../../../src/http/core/vary'
import { answer, asked, cc, field, type Headers, noon, plain, request, site, storage } from './kit'

const date = (seconds: number): string => new Date(noon + seconds * 1_000).toUTCString()
const body = Buffer.from('hello')

/** A page of now with these fields, that is fresh for so many seconds. */
const kept = (
  fields: Fields = [],
  seconds = 60,
  headers: Headers = {},
  more: Partial<Answered> = {}
): Kept => {
  const made = lasting(
    keptFrom(
      request(headers),
      { ...answer(fields), ...more },
      { body, plan: { lifetime: undefined, age: 0 }, time: noon, tags: true }
    ),
    seconds * 1_000
  )
  if (E.isLeft(made)) throw new Error(made.left)
  return made.right
}
const sought = (headers: Headers = {}, method = 'GET', at: Site = site): Seek => {
  const found = ask(asked(headers, method), at)
  if (found._tag === 'Pass') throw new Error('passed')
  return found
}

describe('ask', () => {
  const obedient = site
  const stubborn: Site = { ...site, obeys: false }
  const home: Site = { ...site, origin: plain }
  const other = { origin: 'https://elsewhere.example', path: '/' }
  it.each<readonly [string, Asked, Site, string]>([
    ['GET', asked(), obedient, 'join https://example.com/'],
    ['GET at the origin of the site', asked(), home, 'join /'],
    ['GET by another scheme', asked({}, 'GET', { ...plain, origin: 'http://example.com' }), home, 'join /'],
    ['GET at another host', asked({}, 'GET', other), home, 'bypass'],
    ['an address that is none', { ...asked(), target: undefined }, obedient, 'bypass'],
    [
      'an address that the handler may read otherwise',
      asked({}, 'GET', { ...plain, isExact: false }),
      obedient,
      'bypass'
    ],
    ['HEAD', asked({}, 'HEAD'), obedient, 'pass https://example.com/'],
    ['POST', asked({}, 'POST'), obedient, 'method, changes'],
    ['get', asked({}, 'get'), obedient, 'method, changes'],
    ['QUERY', asked({}, 'QUERY'), obedient, 'method, changes'],
    ['OPTIONS', asked({}, 'OPTIONS'), obedient, 'method'],
    ['TRACE', asked({}, 'TRACE'), obedient, 'method'],
    ...['range', 'if-range', 'if-match', 'if-unmodified-since', 'x-http-method', 'transfer-encoding'].map(
      (name) => [name, asked({ [name]: '1' }), obedient, 'bypass'] as const
    ),
    ['a body', asked({ 'content-length': '3' }), obedient, 'bypass'],
    ['a body of an unknown length', asked({ 'content-length': 'x' }), obedient, 'bypass'],
    ['no body', asked({ 'content-length': '0' }), obedient, 'join https://example.com/'],
    ['conditions of the cache', asked({ 'if-none-match': '"a"' }), obedient, 'join https://example.com/'],
    ['Authorization', asked({ authorization: 'a' }), obedient, 'join https://example.com/'],
    ['no-store', asked({ 'cache-control': 'No-Store' }), obedient, 'request'],
    ['no-store, not obeyed', asked({ 'cache-control': 'no-store' }), stubborn, 'pass https://example.com/'],
    ['no-cache', asked({ 'cache-control': 'no-cache' }), obedient, 'alone https://example.com/'],
    ['no-cache, not obeyed', asked({ 'cache-control': 'no-cache' }), stubborn, 'join https://example.com/'],
    ['Pragma', asked({ pragma: 'No-Cache' }), obedient, 'alone https://example.com/'],
    ['max-stale alone', asked({ 'cache-control': 'max-stale' }), obedient, 'join https://example.com/'],
    ['min-fresh', asked({ 'cache-control': 'min-fresh=1' }), obedient, 'alone https://example.com/'],
    [
      'only-if-cached',
      asked({ 'cache-control': 'only-if-cached' }),
      obedient,
      'nothing https://example.com/'
    ],
    [
      'only-if-cached for a head',
      asked({ 'cache-control': 'only-if-cached' }, 'HEAD'),
      obedient,
      'nothing https://example.com/'
    ]
  ])('%s', (_, one, at, expected) => {
    const found = ask(one, at)
    expect(
      found._tag === 'Seek'
        ? `${found.otherwise} ${found.place}`
        : `${found.fate.fwd}${found.changes ? ', changes' : ''}`
    ).toBe(expected)
  })

  it('looks at the place of the fields of the site', () => {
    const varied: Site = { ...site, vary: ['foo'] }
    const places = ['1', '2', '1 '].map((foo) => sought({ foo }, 'GET', varied).place)
    expect(places[0]).toMatch(/^https:\/\/example\.com\/#[\w-]{22}$/)
    expect([places[0] === places[1], places[0] === places[2]]).toEqual([false, true])
    expect(seekAt(request(), plain, site).place).toBe('https://example.com/')
    expect(passKey(sought())).toBe('-https://example.com/')
    expect(passKey(sought({ authorization: 'a' }))).toBe('+https://example.com/')
  })
})

describe('reuse', () => {
  it.each<readonly [string, Seek, Kept | undefined, number, string]>([
    ['no page', sought(), undefined, 0, 'Load miss join'],
    ['a fresh page', sought(), kept(), 59, 'Serve 200 whole'],
    ['a page at its end', sought(), kept(), 60, 'Load stale join old falls'],
    ['a head', sought({}, 'HEAD'), kept(), 0, 'Serve 200 none'],
    ['a head of a page at its end', sought({}, 'HEAD'), kept(), 60, 'Load stale pass'],
    ['a page for all', sought({ authorization: 'a' }), kept(cc('public')), 0, 'Serve 200 whole'],
    ['a page not for all', sought({ authorization: 'a' }), kept(), 0, 'Load miss alone'],
    ['no-cache', sought({ 'cache-control': 'no-cache' }), kept(), 0, 'Load request alone old'],
    ['max-age=9 after 8 s', sought({ 'cache-control': 'max-age=9' }), kept(), 8, 'Serve 200 whole'],
    ['max-age=9 after 9 s', sought({ 'cache-control': 'max-age=9' }), kept(), 9, 'Load request alone old'],
    ['max-age=90 after 59.5 s', sought({ 'cache-control': 'max-age=90' }), kept(), 59.5, 'Serve 200 whole'],
    ['min-fresh=10 after 50 s', sought({ 'cache-control': 'min-fresh=10' }), kept(), 50, 'Serve 200 whole'],
    [
      'min-fresh=10 after 51 s',
      sought({ 'cache-control': 'min-fresh=10' }),
      kept(),
      51,
      'Load request alone old'
    ],
    ['only-if-cached, fresh', sought({ 'cache-control': 'only-if-cached' }), kept(), 0, 'Serve 200 whole'],
    ['only-if-cached, stale', sought({ 'cache-control': 'only-if-cached' }), kept(), 60, 'Nothing'],
    ['only-if-cached, none', sought({ 'cache-control': 'only-if-cached' }), undefined, 0, 'Nothing'],
    [
      'only-if-cached for a head, too old',
      sought({ 'cache-control': 'only-if-cached, max-age=1' }, 'HEAD'),
      kept(),
      2,
      'Nothing'
    ],
    ['the variant', sought({ foo: '1' }), kept([['vary', 'Foo']], 60, { foo: '1' }), 0, 'Serve 200 whole'],
    ['another variant', sought({ foo: '2' }), kept([['vary', 'Foo']], 60, { foo: '1' }), 0, 'Seek 1'],
    [
      'another variant, at its end',
      sought({ foo: '2' }),
      kept([['vary', 'Foo']], 60, { foo: '1' }),
      99,
      'Seek 1'
    ],
    [
      'a tag that is known',
      sought({ 'if-none-match': 'W/"a"' }),
      kept([['etag', '"a"']]),
      0,
      'Serve 304 none'
    ],
    [
      'a tag that is not',
      sought({ 'if-none-match': '"b", "c"' }),
      kept([['etag', '"a"']]),
      0,
      'Serve 200 whole'
    ],
    ['any tag', sought({ 'if-none-match': '*' }), kept(), 0, 'Serve 304 none'],
    [
      'a tag counts before a date',
      sought({ 'if-none-match': '"b"', 'if-modified-since': date(9) }),
      kept(),
      0,
      'Serve 200 whole'
    ],
    [
      'Last-Modified',
      sought({ 'if-modified-since': date(-9) }),
      kept([['last-modified', date(-9)]]),
      0,
      'Serve 304 none'
    ],
    [
      'Last-Modified, a second later',
      sought({ 'if-modified-since': date(-10) }),
      kept([['last-modified', date(-9)]]),
      0,
      'Serve 200 whole'
    ],
    [
      'Date where there is no Last-Modified',
      sought({ 'if-modified-since': date(0) }),
      kept(),
      0,
      'Serve 304 none'
    ],
    ['Date, a second later', sought({ 'if-modified-since': date(-1) }), kept(), 0, 'Serve 200 whole'],
    ['a date that is none', sought({ 'if-modified-since': 'soon' }), kept(), 0, 'Serve 200 whole'],
    [
      'a condition for a 404',
      sought({ 'if-none-match': '*' }),
      kept([['etag', '"a"']], 60, {}, { status: 404 }),
      0,
      'Serve 404 whole'
    ],
    ['a 204', sought(), kept([], 60, {}, { status: 204 }), 0, 'Serve 204 none']
  ])('%s', (_, seek, page, seconds, expected) => {
    const found = reuse(seek, page, noon + seconds * 1_000)
    expect(
      found._tag === 'Serve'
        ? `Serve ${found.status} ${found.body}`
        : found._tag === 'Seek'
        ? `Seek ${found.hop}`
        : found._tag === 'Nothing'
        ? 'Nothing'
        : `Load ${found.fate.fwd} ${found.how}${found.old === undefined ? '' : ' old'}${
            found.fallsBack ? ' falls' : ''
          }`
    ).toBe(expected)
  })

  it('does what the policy says of the state of a page', () => {
    const page = kept()
    const told = (state: 'fresh' | 'stale' | 'expired' | 'gone') =>
      reuse(sought(), page, noon + 99_000, state)
    expect(told('fresh')).toMatchObject({ _tag: 'Serve', refreshes: false })
    expect(told('stale')).toMatchObject({ _tag: 'Serve', refreshes: true })
    expect(told('expired')).toMatchObject({ _tag: 'Load', old: page })
    expect(told('gone')).toMatchObject({ _tag: 'Load', old: page })
  })

  it('goes from place to place, four at most, and then loads alone', () => {
    const step = (seek: Seek, n: number): ReadonlyArray<string> => {
      // each page names a field more
      const names = ['a', 'b', 'c', 'd', 'e', 'f'].slice(0, n + 1).join(', ')
      const next = reuse(seek, kept([['vary', names]], 60, { a: 'x' }), noon)
      return next._tag === 'Seek'
        ? [next.place, ...step(next, n + 1)]
        : [`${next._tag} ${next._tag === 'Load' ? next.how : ''}`]
    }
    const places = step(sought({ a: 'y' }), 0)
    expect(places).toHaveLength(4)
    expect(places.at(-1)).toBe('Load alone')
    expect(absent({ ...sought(), hop: 1 })).toMatchObject({ fate: { fwd: 'vary-miss' } })
  })
})

describe('stateOf', () => {
  const wide = { whileRevalidate: 30_000, ifError: 60_000 }
  const states = (page: Kept) => [59, 60, 89, 90, 119, 120].map((s) => stateOf(page, wide, noon + s * 1_000))
  it.each<readonly [string, string]>([
    ['max-age=60', 'fresh stale stale expired expired gone'],
    ['max-age=60, must-revalidate', 'fresh gone gone gone gone gone'],
    ['max-age=60, proxy-revalidate', 'fresh gone gone gone gone gone'],
    ['s-maxage=60', 'fresh gone gone gone gone gone'],
    ['s-maxage=60, stale-if-error=60', 'fresh expired expired expired expired gone'],
    ['max-age=60, stale-while-revalidate=10', 'fresh stale expired expired expired gone'],
    ['max-age=60, stale-while-revalidate=999', 'fresh stale stale expired expired gone']
  ])('%s', (control, expected) => {
    expect(states(kept(cc(control))).join(' ')).toBe(expected)
  })
  it('is fresh for ever without a lifetime', () => {
    expect(stateOf(kept([], Infinity), wide, noon + 1e12)).toBe('fresh')
    expect(windowsFor(kept(), wide)).toEqual(wide)
  })
})

describe('storing', () => {
  it.each<readonly [string, Headers, string, Fields, number, string]>([
    ['nothing said', {}, 'GET', [], 200, 'default'],
    ['a lifetime', {}, 'GET', cc('max-age=9'), 200, '9000'],
    ['a HEAD', {}, 'HEAD', cc('max-age=9'), 200, 'method'],
    ['a failure', {}, 'GET', cc('max-age=9'), 503, 'failure'],
    ['a part', {}, 'GET', cc('max-age=9'), 206, 'status'],
    ['a 304', {}, 'GET', cc('max-age=9'), 304, 'status'],
    ['an interim answer', {}, 'GET', cc('max-age=9'), 103, 'status'],
    ['a status that nobody knows, with a lifetime', {}, 'GET', cc('max-age=9'), 299, '9000'],
    ['and without', {}, 'GET', [], 299, 'status'],
    ['must-understand', {}, 'GET', cc('max-age=9, must-understand'), 299, 'status'],
    ['no-store asked', { 'cache-control': 'no-store' }, 'GET', cc('max-age=9'), 200, 'request'],
    ['private', {}, 'GET', cc('max-age=9, private'), 200, 'response'],
    ['a cookie', {}, 'GET', [['set-cookie', 'a=b']], 200, 'set-cookie'],
    ['Vary: *', {}, 'GET', [['vary', 'a, *']], 200, 'vary'],
    ['events', {}, 'GET', [['content-type', 'text/event-stream; x']], 200, 'stream'],
    ['Authorization', { authorization: 'a' }, 'GET', cc('max-age=9'), 200, 'authorization'],
    ['Authorization, and public', { authorization: 'a' }, 'GET', cc('max-age=9, public'), 200, '9000'],
    ['old on arrival', {}, 'GET', [...cc('max-age=9'), ['age', '9']], 200, 'stale'],
    ['large', {}, 'GET', [['content-length', '1000001']], 200, 'large'],
    ['not too large', {}, 'GET', [['content-length', '1000000']], 200, 'default'],
    ['for shared caches', {}, 'GET', [...cc('no-store'), ['cdn-cache-control', 'max-age=9']], 200, '9000']
  ])('%s', (_, headers, method, fields, status, expected) => {
    const plan = storing(request(headers, method), answer(fields, status), storage, noon)
    expect(E.isLeft(plan) ? plan.left : String(plan.right.lifetime ?? 'default')).toBe(expected)
  })

  it.each<readonly [string, Fields, number, string]>([
    ['a tenth', [['last-modified', date(-1_000)]], 200, '100000'],
    ['no more than the most', [['last-modified', date(-1e6)]], 200, '3600000'],
    [
      'from Date on',
      [
        ['last-modified', date(-1_001)],
        ['date', date(-1)]
      ],
      200,
      '100000'
    ],
    [
      'less its age',
      [
        ['last-modified', date(-1_010)],
        ['date', date(-10)]
      ],
      200,
      '90000'
    ],
    ['just changed', [['last-modified', date(0)]], 200, 'stale'],
    ['a change to come', [['last-modified', date(9)]], 200, 'stale'],
    ['no date', [['last-modified', 'once']], 200, 'default'],
    ['a lifetime that is said', [['last-modified', date(-1_000)], ...cc('max-age=9')], 200, '9000'],
    [
      'an Expires that is past',
      [
        ['last-modified', date(-1_000)],
        ['expires', '0']
      ],
      200,
      'stale'
    ],
    ['a status without heuristics', [['last-modified', date(-1_000)]], 201, 'status'],
    ['unless it is public', [['last-modified', date(-1_000)], ...cc('public')], 201, '100000']
  ])('by Last-Modified: %s', (_, fields, status, expected) => {
    const rule = { share: 0.1, most: 3_600_000 }
    const plan = storing(request(), answer(fields, status), { ...storage, heuristic: rule }, noon)
    expect(E.isLeft(plan) ? plan.left : String(plan.right.lifetime ?? 'default')).toBe(expected)
    // without the option, the policy decides
    const plain = storing(request(), answer(fields, status), storage, noon)
    if (expected.endsWith('000') && expected !== '9000')
      expect(plain).toMatchObject({ right: { lifetime: undefined } })
  })

  it('knows whether a body is whole, and what a slow one costs', () => {
    expect([5, 4].map((size) => isWhole(answer([['content-length', '5']]), size))).toEqual([true, false])
    expect(isWhole(answer(), 9)).toBe(true)
    expect(aged({ lifetime: 9_000, age: 1_000 }, 2_000)).toEqual({ lifetime: 7_000, age: 3_000 })
    expect(aged({ lifetime: undefined, age: 0 }, -5)).toEqual({ lifetime: undefined, age: 0 })
  })
})

describe('what is kept', () => {
  it('is the fields of the page, with a date and a tag', () => {
    const fields: Fields = [
      ['x-a', '1'],
      ['connection', 'x-b'],
      ['x-b', '2'],
      ['age', '3'],
      ['content-length', '5']
    ]
    const { etag, page, tagged } = kept(fields)
    expect(page.headers).toEqual([
      ['x-a', '1'],
      ['etag', etag],
      ['date', date(0)]
    ])
    expect([tagged, etag]).toEqual([true, expect.stringMatching(/^"[\w-]{27}"$/)])
    expect(kept([['etag', '"a"']])).toMatchObject({ tagged: false, etag: '"a"' })
    expect(kept([], 60, {}, { status: 404 })).toMatchObject({ tagged: false, etag: undefined })
    expect(field({ status: 200, fields: kept([['date', 'once']]).page.headers }, 'date')).toBe(date(0))
  })

  it('has no lifetime that is none', () => {
    expect([0, -1, NaN].map((n) => lasting(kept(), n))).toEqual(Array(3).fill(E.left('policy')))
    expect(lasting(kept(), Infinity)).toMatchObject({
      right: { page: expect.not.objectContaining({ lifetime: 1 }) }
    })
  })

  it('fits by its variant, and by whom it is for', () => {
    const page = kept([['vary', 'Foo, bar'], ...cc('max-age=60')], 60, { foo: '1, 2' })
    expect(fits(page, request({ foo: '1,2' }))).toBe('yes')
    expect(fits(page, request({ foo: '1' }))).toBe('other variant')
    expect(fits(page, request({ foo: '1,2', bar: '' }))).toBe('other variant')
    expect(fits(page, request({ foo: '1,2', authorization: 'a' }))).toBe('not for all')
  })

  it('comes back from its bytes, also from those of a cache without tags of its own', () => {
    const { decode, encode } = keptCodec(100)
    for (const one of [
      kept(),
      kept([['etag', '"a"'], ['vary', 'foo'], ...cc('s-maxage=5, stale-if-error=2')], 5, { foo: '1' })
    ]) {
      const raw = encode(one)
      if (E.isLeft(raw)) throw raw.left
      const back = decode(raw.right)
      expect(back).toEqual(E.right({ ...one, page: { ...one.page, body: expect.anything() } }))
      expect(pageCodec(100).decode(raw.right)).toMatchObject({ right: { headers: one.page.headers } })
      const older = pageCodec(100).encode(one.page)
      expect(E.isRight(older) && decode(older.right)).toMatchObject({
        right: { tagged: false, etag: one.etag }
      })
    }
    expect(E.isLeft(keptCodec(4).encode(kept()))).toBe(true)
  })

  it('has a digest for what a request says, whatever was asked before', () => {
    const one = variantOf(['a', 'b'], request({ a: 'x' }))
    expect(variantOf(['b', 'a', 'a'], request({ a: ' x\t' }))).toBe(one)
    expect(variantOf(['a', 'b'], request({ a: 'x', b: '' }))).not.toBe(one)
    const long = 'y'.repeat(2_000)
    expect(variantOf(['a'], request({ a: long }))).toBe(variantOf(['a'], request({ a: ` ${long}` })))
    for (let i = 0; i < 1_000; i++) variantOf(['a'], request({ a: String(i) }))
    expect(variantOf(['a', 'b'], request({ a: 'x' }))).toBe(one)
    // a value that looks as if it ended
    expect(variantOf(['a', 'b'], request({ a: '1\nb\n1:2', b: '2' }))).not.toBe(
      variantOf(['a', 'b'], request({ a: '1', b: '2\nb\n1:2' }))
    )
  })
})

describe('instead', () => {
  const at = { now: noon + 70_000, storage }
  const old = (page: Kept, more: Partial<Old> = {}): Old => ({
    kept: page,
    asked: false,
    allows: () => 60_000,
    ...more
  })
  const tagged = kept([['etag', '"a"'], ...cc('max-age=60')])
  it.each<readonly [string, Headers, Fields, number, Old | undefined, string]>([
    ['an answer', {}, [], 200, undefined, 'Pass'],
    ['an answer beside an old page', {}, [], 200, old(tagged), 'Pass'],
    ['a failure', {}, [], 503, undefined, 'Pass'],
    ['a failure beside an old page', {}, [], 503, old(tagged), 'Old'],
    ['a failure of another kind', {}, [], 501, old(tagged), 'Pass'],
    [
      'a failure that the policy lets through',
      {},
      [],
      503,
      old(tagged, { allows: (status) => (status === 503 ? 0 : 1e9) }),
      'Pass'
    ],
    ['a failure after the window', {}, [], 503, old(tagged, { allows: () => 10_000 }), 'Pass'],
    ['a failure beside must-revalidate', {}, [], 503, old(kept(cc('must-revalidate'))), 'Pass'],
    ['a failure beside another variant', { foo: '2' }, [], 503, old(kept([['vary', 'foo']])), 'Pass'],
    ['a failure beside a page that is not for all', { authorization: 'a' }, [], 503, old(kept()), 'Pass'],
    ['a 304 that nobody has asked for', {}, [['etag', '"a"']], 304, old(tagged), 'Pass'],
    ['a 304', {}, [['etag', '"a"']], 304, old(tagged, { asked: true }), 'Renewed'],
    [
      'a 304 for another variant',
      { foo: '2' },
      [],
      304,
      old(kept([['vary', 'foo']]), { asked: true }),
      'Pass'
    ],
    ['a 304 about another page', {}, [['etag', '"b"']], 304, old(tagged, { asked: true }), 'Old'],
    ['a tag that is known', { 'if-none-match': '"x"' }, [['etag', 'W/"x"']], 200, undefined, 'NotModified'],
    ['a tag of the old page', { 'if-none-match': '"a"' }, [['etag', '"b"']], 200, old(tagged), 'Pass'],
    ['any tag, and there is none', { 'if-none-match': '*' }, [], 200, undefined, 'Pass'],
    ['no Last-Modified', { 'if-modified-since': date(99) }, [], 200, undefined, 'Pass'],
    [
      'a tag that is known, of a part',
      { 'if-none-match': '"x"', range: 'a' },
      [['etag', '"x"']],
      200,
      undefined,
      'Pass'
    ]
  ])('%s', (_, headers, fields, status, one, expected) => {
    expect(instead(request(headers), answer(fields, status), one, at)._tag).toBe(expected)
  })

  it('tells a 304 by the fields that do not describe a body', () => {
    const fields: Fields = [
      ['etag', '"x"'],
      ['content-type', 'a'],
      ['content-location', '/b'],
      ['content-security-policy', 'c']
    ]
    expect(instead(request({ 'if-none-match': '"x"' }), answer(fields), undefined, at)).toEqual({
      _tag: 'NotModified',
      fields: [fields[0], fields[2], fields[3]]
    })
  })
})

describe('revalidation', () => {
  const at = { now: noon + 70_000, storage }
  it.each<readonly [string, Kept, string]>([
    ['a tag', kept([['etag', 'W/"a"']]), 'if-none-match: W/"a"'],
    ['a date', kept([['last-modified', date(-9)]]), `if-modified-since: ${date(-9)}`],
    [
      'both',
      kept([
        ['etag', '"a"'],
        ['last-modified', date(-9)]
      ]),
      `if-none-match: "a", if-modified-since: ${date(-9)}`
    ],
    ['a tag of the cache', kept(), ''],
    ['a 404', kept([['etag', '"a"']], 60, {}, { status: 404 }), '']
  ])('asks by %s', (_, page, expected) => {
    expect(
      revalidate(page)
        .map((pair) => pair.join(': '))
        .join(', ')
    ).toBe(expected)
  })

  it.each<readonly [string, Fields, Fields, boolean]>([
    ['the tag', [['etag', '"a"']], [['etag', '"a"']], true],
    ['another tag', [['etag', '"a"']], [['etag', '"b"']], false],
    ['the tag, which is weak now', [['etag', '"a"']], [['etag', 'W/"a"']], true],
    ['the tag, which was weak', [['etag', 'W/"a"']], [['etag', '"a"']], false],
    [
      'another tag, and the date',
      [
        ['etag', '"a"'],
        ['last-modified', date(-9)]
      ],
      [
        ['etag', '"b"'],
        ['last-modified', date(-9)]
      ],
      false
    ],
    [
      'the tag, and another date',
      [
        ['etag', '"a"'],
        ['last-modified', date(-9)]
      ],
      [
        ['etag', '"a"'],
        ['last-modified', date(-5)]
      ],
      true
    ],
    ['the date', [['last-modified', date(-9)]], [['last-modified', date(-9)]], true],
    ['another date', [['last-modified', date(-9)]], [['last-modified', date(-5)]], false],
    ['nothing', [['etag', '"a"']], [], true],
    ['a tag where there was none', [], [['etag', '"a"']], false]
  ])('a 304 is about a page: %s', (_, stored, given, expected) => {
    expect(isAbout(kept(stored), given, noon)).toBe(expected)
  })

  it('takes the fields of the 304, but for those of a body and of the connection', () => {
    expect(
      updated(
        [
          ['x-a', '1'],
          ['x-a', '2'],
          ['x-b', '3'],
          ['content-type', 'a'],
          ['etag', '"a"']
        ],
        [
          ['x-a', '4'],
          ['x-c', '5'],
          ['x-c', '6'],
          ['content-type', 'b'],
          ['content-length', '0'],
          ['connection', 'x-d'],
          ['x-d', '7'],
          ['set-cookie', 'a=b'],
          ['age', '9']
        ]
      )
    ).toEqual([
      ['x-b', '3'],
      ['content-type', 'a'],
      ['etag', '"a"'],
      ['x-a', '4'],
      ['x-c', '5'],
      ['x-c', '6']
    ])
  })

  it.each<readonly [string, Headers, Fields, Fields, string]>([
    ['its lifetime begins again', {}, cc('max-age=60'), [], '60000, 0'],
    ['a new lifetime', {}, cc('max-age=60'), cc('max-age=5'), '5000, 0'],
    ['an age', {}, cc('max-age=60'), [['age', '20']], '40000, 20000'],
    ['an old date', {}, cc('max-age=60'), [['date', date(40)]], '30000, 30000'],
    ['no lifetime', {}, [], [], 'default, 0'],
    ['an Expires that stays', {}, [['expires', date(60)]], [], 'stale'],
    ['an Expires that moves', {}, [['expires', date(60)]], [['expires', date(100)]], '30000, 0'],
    ['private now', {}, cc('max-age=60'), cc('private'), 'response'],
    ['no-store now', {}, cc('max-age=60'), cc('no-store'), 'response'],
    ['Vary: * now', {}, cc('max-age=60'), [['vary', '*']], 'vary'],
    ['a cookie', {}, cc('max-age=60'), [['set-cookie', 'a=b']], 'set-cookie'],
    ['a request with no-store', { 'cache-control': 'no-store' }, cc('max-age=60'), [], 'request'],
    [
      'Authorization, and no longer for all',
      { authorization: 'a' },
      cc('max-age=60, public'),
      cc('max-age=60'),
      'authorization'
    ]
  ])('renews a page: %s', (_, headers, stored, given, expected) => {
    const made = renewed(request(headers), kept([['etag', '"a"'], ...stored]), { fields: given }, at)
    const plan = made?.plan ?? E.left('none')
    expect(E.isLeft(plan) ? plan.left : `${plan.right.lifetime ?? 'default'}, ${plan.right.age}`).toBe(
      expected
    )
    const page = made!.kept.page
    expect(page.body).toBe(body)
    // without a plan it is for this client, and stale
    if (E.isLeft(plan)) expect(page.lifetime).toBe(0)
    expect(made!.cookies).toEqual(given.filter(([name]) => name === 'set-cookie'))
    expect(page.headers.some(([name]) => name === 'set-cookie' || name === 'age')).toBe(false)
  })

  it('follows the Vary of the 304', () => {
    const made = renewed(request({ foo: '1' }), kept([['etag', '"a"']]), { fields: [['vary', 'foo']] }, at)
    expect([fits(made!.kept, request({ foo: '1' })), fits(made!.kept, request({ foo: '2' }))]).toEqual([
      'yes',
      'other variant'
    ])
  })

  it('takes what belongs to the page, if other fields were set before', () => {
    const fields: Fields = [
      ['x-id', '7'],
      ['x-a', '2']
    ]
    const made = renewed(
      request(),
      kept([
        ['etag', '"a"'],
        ['x-a', '1']
      ]),
      { fields, own: [['x-a', '2']] },
      at
    )
    const names = made!.kept.page.headers.map((pair) => pair.join(': '))
    expect([names.includes('x-a: 2'), names.includes('x-a: 1'), names.includes('x-id: 7')]).toEqual([
      true,
      false,
      false
    ])
  })
})

describe('heads', () => {
  it('say the age, the length, and how it came', () => {
    const page = kept([['x-a', '1']], 60)
    const served = serving(request(), page, { hit: true }, noon)
    const { fields } = headOf(served, 'c', noon + 7_900)
    const told = new Map(fields)
    expect([told.get('age'), told.get('content-length'), told.get('cache-status')]).toEqual([
      '7',
      '5',
      'c; hit; ttl=52'
    ])
    expect(new Map(headOf(served, undefined, noon).fields).has('cache-status')).toBe(false)
    const same = headOf({ ...served, status: 304 }, 'c', noon)
    expect([same.status, same.fields.map(([name]) => name)]).toEqual([
      304,
      ['x-a', 'etag', 'date', 'age', 'cache-status']
    ])
    expect(new Map(headOf({ ...served, status: 204 }, 'c', noon).fields).has('content-length')).toBe(false)
    expect(nothingHead('c', { detail: 'only-if-cached' })).toEqual({
      status: 504,
      fields: [
        ['content-length', '0'],
        ['cache-status', 'c; detail=only-if-cached']
      ]
    })
  })

  it('say the parameters of RFC 9211 in its order', () => {
    expect(
      cacheStatus('c', { fwd: 'stale', status: 304, stored: true, collapsed: false, detail: 'x' }, 5)
    ).toBe('c; fwd=stale; fwd-status=304; ttl=5; stored; collapsed=?0; detail=x')
    expect(cacheStatus('c', { hit: true }, Infinity)).toBe('c; hit')
    expect(
      withStatus(
        [
          ['cache-status', 'a; hit'],
          ['x', 'y']
        ],
        'c; hit'
      )
    ).toEqual([
      ['x', 'y'],
      ['cache-status', 'a; hit, c; hit']
    ])
  })
})

describe('fields set before the cache', () => {
  const before: Fields = [
    ['x-id', '1'],
    ['x-old', '2'],
    ['vary', 'a']
  ]
  it('are not of the page, unless they are set again or count for the rules', () => {
    const fields: Fields = [
      ['x-id', '1'],
      ['vary', 'a'],
      ['x-own', '3']
    ]
    expect(ownFields(before, new Set(), fields)).toEqual([
      ['vary', 'a'],
      ['x-own', '3']
    ])
    expect(ownFields(before, new Set(['x-id']), fields)).toEqual(fields)
    expect(ownFields(before, new Set(), [['x-id', '9']])).toEqual([['x-id', '9']])
    // a name and a value that together look like another pair
    expect(ownFields([['a', 'bc']], new Set(), [['ab', 'c']])).toEqual([['ab', 'c']])
    expect(removedNames(before, fields)).toEqual(['x-old'])
  })
  it.each<readonly [string, Fields, number, boolean]>([
    ['nothing', [], 200, false],
    ['a field that decides nothing', [['x-a', '1']], 200, false],
    ['another status', [], 203, true],
    ['a cookie', [['set-cookie', 'a=b']], 200, true],
    ['private', cc('private'), 200, true],
    ['an encoding in Vary', [['vary', 'Accept-Encoding']], 200, false],
    ['more in Vary', [['vary', 'Cookie']], 200, true]
  ])('a head is changed on its way by %s', (_, fields, status, expected) => {
    expect(isChanged(answer(), answer(fields, status))).toBe(expected)
  })
})

describe('changes', () => {
  it.each<readonly [string, number, boolean]>([
    ['POST', 200, true],
    ['POST', 303, true],
    ['POST', 404, false],
    ['POST', 103, false],
    ['DELETE', 204, true],
    ['M-SEARCH', 200, true],
    ['GET', 200, false],
    ['OPTIONS', 200, false]
  ])('%s with %i', (method, status, expected) => {
    expect(isChange(request({}, method), { status })).toBe(expected)
  })
  it('are of the page itself, and of what is named on the same host', () => {
    const target = { origin: 'http://example.com', path: '/b/c' }
    expect(
      changedPaths(target, [
        ['location', 'https://example.com/a?x#y'],
        ['content-location', 'd']
      ])
    ).toEqual(['/b/c', '/a?x', '/b/d'])
    expect(
      changedPaths(target, [
        ['location', 'https://other.example/a'],
        ['content-location', 'http://[']
      ])
    ).toEqual(['/b/c'])
  })
})

describe('dates', () => {
  it('are the same when they are read again', () => {
    for (const text of [
      date(0),
      date(0).toLowerCase(),
      'Fri, 02-Jan-26 03:04:05 GMT',
      'Fri, 99 Jan 2026 03:04:05 GMT',
      'x'.repeat(29)
    ])
      expect(timeOf(text, noon)).toBe(timeOf(text, noon))
    expect(timeOf(date(0), noon)).toBe(noon)
    // two digits of a year are near the present
    const two = 'Friday, 02-Jan-26 03:04:05 GMT'
    expect(timeOf(two, noon)).toBe(noon)
    expect(timeOf(two, Date.UTC(1970, 0))).toBe(Date.UTC(1926, 0, 2, 3, 4, 5))
  })
})
