/** A cache that nobody notices: what clients are given is what they would be given without it. */
import { createHash } from 'node:crypto'

import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import * as fc from 'fast-check'
import { dict, Duration, Policy } from 'fp-ring'
import * as lib from 'fp-ring/http'

import { runs } from '../runs'
import { makeTime } from './kit'
import { type Asked, bodies, ends, heads, type How, type Pair, type Tell, type Told, whens } from './told'
import { type Answer, nodeStarts, type Site, starts } from './wire'

// -------------------------------------------------------------------------------------
// handlers
// -------------------------------------------------------------------------------------

/** Request fields that handlers read. */
const readable = ['accept-language', 'cookie', 'authorization', 'x-kind']

const how: fc.Arbitrary<How> = fc.record({
  head: fc.constantFrom(...heads),
  body: fc.constantFrom(...bodies),
  when: fc.constantFrom(...whens),
  framed: fc.boolean(),
  late: fc.boolean()
})

/** The first most of the time. */
const mostly = <A>(weight: number, first: A, ...others: ReadonlyArray<A>): fc.Arbitrary<A> =>
  fc.oneof({ arbitrary: fc.constant(first), weight }, { arbitrary: fc.constantFrom(...others), weight: 1 })

const controls = [
  ...['', 'public', 'max-age=60', 's-maxage=5', 'Public, Max-Age=60', 'max-age=1, must-revalidate'],
  'max-age=5, stale-while-revalidate=30'
]
const refusals = ['private', 'no-store', 'no-cache', 'max-age=0', 'private="x-a"']

/** One of the answers that a handler has. */
const variant = fc.record({
  status: mostly(2, 200, ...[201, 203, 204, 205, 302, 401, 404, 410, 418, 500, 503]),
  control: fc.constantFrom(...controls, ...controls, ...refusals),
  vary: fc.subarray(['x-extra', 'Accept-Language', 'accept-encoding']),
  lines: fc.boolean(),
  cookie: mostly(10, '', 'a=1', 'b=2; Path=/'),
  star: mostly(20, false, true),
  type: fc.constantFrom(
    '',
    'text/plain',
    'text/html; charset=utf-8',
    'text/event-stream',
    'application/json'
  ),
  custom: fc.array(fc.tuple(fc.constantFrom('x-a', 'X-B', 'link'), fc.constantFrom('1', '2', '</a>')), {
    maxLength: 4
  }),
  language: fc.constantFrom('', 'de'),
  tag: fc.constantFrom('', '', 'strong', 'weak'),
  modified: fc.boolean(),
  expires: mostly(5, '', 'Thu, 01 Jan 2026 00:00:00 GMT', 'Sat, 01 Jan 2050 00:00:00 GMT', '0'),
  chunks: fc.array(fc.constantFrom('a', 'bc', 'ü€', 'x'.repeat(300), '\n', ' '), { maxLength: 4 }),
  end: mostly(10, ...ends),
  before: mostly<string | undefined>(3, undefined, 'id', 'id', 'vary', 'vary', 'cookie', 'control'),
  atHead: mostly<string | undefined>(4, undefined, 'id', 'id', 'cookie'),
  how
})
type Variant = typeof variant extends fc.Arbitrary<infer A> ? A : never

const handler = fc.record({
  reads: fc.subarray(readable),
  variants: fc.array(variant, { minLength: 1, maxLength: 3 }),
  /** Whether `Vary` leaves out `Authorization`, where that is allowed. */
  leaves: fc.boolean()
})
type Handler = typeof handler extends fc.Arbitrary<infer A> ? A : never

const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 12)

const isUnstorable = ({ control, cookie, star }: Variant): boolean =>
  /private|no-/.test(control) || cookie !== '' || star

interface Surroundings {
  /** Whether there are others before the cache. */
  readonly isNode: boolean
  /** Whether every answer says of what type it is: @hono/node-server says it in their place, where there is a body. */
  readonly isTyped: boolean
}

/** A handler that says by which fields its answers differ, as it must where they may be stored. */
const tellOf =
  ({ leaves, reads, variants }: Handler, { isNode, isTyped }: Surroundings): Tell =>
  ({ body = '', headers, method, path }) => {
    const read = JSON.stringify(reads.map((name) => headers[name] ?? null))
    const chosen = parseInt(createHash('sha256').update(read).digest('hex').slice(0, 6), 16)
    const one = variants[chosen % variants.length]!
    const isForAll = /public|must-revalidate|s-maxage/i.test(one.control)
    const said = reads.filter((name) => !(leaves && !isForAll && name === 'authorization'))
    const vary = [...(isUnstorable(one) ? [] : said), ...one.vary, ...(one.star ? ['*'] : [])]
    const isRead = method === 'GET' || method === 'HEAD'
    const type = one.type === '' && isTyped ? 'text/css' : one.type
    // a 205 has no body, though some send one
    const chunks =
      one.status === 205 ? [] : [`${path} ${read} ${isRead ? '' : method} ${body}`, ...one.chunks]
    const own = `"${digest(chunks.join(''))}"`
    const id = headers['x-id'] ?? ''
    const fields: ReadonlyArray<Pair> = [
      ...(one.control === '' ? [] : [['cache-control', one.control] as const]),
      ...(one.lines
        ? vary.map((name): Pair => ['vary', name])
        : vary.length === 0
        ? []
        : [['Vary', vary.join(', ')] as const]),
      ...(one.cookie === '' ? [] : [['set-cookie', one.cookie] as const]),
      ...(type === '' ? [] : [['content-type', type] as const]),
      ...(one.tag === '' ? [] : [['etag', one.tag === 'weak' ? `W/${own}` : own] as const]),
      ...(one.modified ? [['last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT'] as const] : []),
      ...(one.expires === '' ? [] : [['expires', one.expires] as const]),
      ...(one.status === 302 ? [['location', '/elsewhere'] as const] : []),
      ...(one.language === '' ? [] : [['content-language', one.language] as const]),
      ...one.custom
    ]
    const before: Readonly<Record<string, Pair>> = {
      id: ['x-request-id', id],
      vary: ['vary', 'accept-encoding'],
      cookie: ['set-cookie', `id=${id}`],
      control: ['cache-control', 'no-store']
    }
    const atHead: Readonly<Record<string, Pair>> = {
      id: ['x-sent-for', id],
      cookie: ['set-cookie', `sent=${id}`]
    }
    return {
      status: one.status,
      fields,
      chunks,
      end: one.end,
      how: one.how,
      // these are nobody's where there is no server before the cache
      ...(isNode && one.before !== undefined ? { before: [before[one.before]!] } : {}),
      ...(isNode && one.atHead !== undefined ? { atHead: [atHead[one.atHead]!] } : {})
    }
  }

// -------------------------------------------------------------------------------------
// requests
// -------------------------------------------------------------------------------------

const maybe = (name: string, ...values: ReadonlyArray<string>) =>
  mostly<Readonly<Record<string, string>>>(2, {}, ...values.map((value) => ({ [name]: value })))

const asked = fc.record({
  path: mostly(4, 'a', 'b', 'b?x=1', 'x/../a', '%61'),
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
  headers: fc
    .tuple(
      maybe('accept-language', 'de', 'en', ''),
      maybe('cookie', 'who=ada', 'who=eve'),
      maybe('authorization', 'Bearer ada', 'Bearer eve'),
      maybe('x-kind', '1', '2'),
      maybe('x-extra', '1', '2'),
      maybe('x-id', '1', '2', '3'),
      mostly<Record<string, string>>(
        3,
        {},
        { 'cache-control': 'no-cache' },
        { 'cache-control': 'no-store' },
        { 'cache-control': 'max-age=5, max-stale' },
        { 'cache-control': 'only-if-cached' },
        { 'cache-control': 'min-fresh=1' },
        { pragma: 'no-cache' }
      ),
      mostly<Record<string, string>>(
        3,
        {},
        { 'if-none-match': 'known' },
        { 'if-none-match': 'known' },
        { 'if-none-match': '"nobody\'s"' },
        { 'if-none-match': '*' },
        { 'if-modified-since': 'Fri, 02 Jan 2026 00:00:00 GMT' },
        { 'if-modified-since': 'Fri, 02 Jan 2015 00:00:00 GMT' },
        { range: 'bytes=0-1' }
      )
    )
    .map((all): Readonly<Record<string, string>> => Object.assign({}, ...all) as Record<string, string>),
  sends: mostly(2, false, true)
})
type Wish = typeof asked extends fc.Arbitrary<infer A> ? A : never

/** Some requests at once, some of them more than once, after some seconds. */
const steps = fc.array(
  fc.record({
    after: fc.constantFrom(0, 0, 0, 1, 6, 11, 61),
    at: fc
      .array(fc.tuple(asked, mostly(3, 1, 3)), { minLength: 1, maxLength: 3 })
      .map((all) => all.flatMap(([one, times]) => Array.from({ length: times }, () => one)))
  }),
  { minLength: 1, maxLength: 6 }
)

type Steps = typeof steps extends fc.Arbitrary<infer A> ? A : never

// -------------------------------------------------------------------------------------
// cases that once failed
// -------------------------------------------------------------------------------------

const plainly: Variant = {
  status: 200,
  control: '',
  vary: [],
  lines: false,
  cookie: '',
  star: false,
  type: '',
  custom: [],
  language: '',
  tag: '',
  modified: false,
  expires: '',
  chunks: [],
  end: 'good',
  before: undefined,
  atHead: undefined,
  how: { head: 'set', body: 'end', when: 'now', framed: true, late: false }
}

const get = (headers: Wish['headers']): Wish => ({ path: 'a', method: 'GET', headers, sends: false })

const bearer = {
  'accept-language': 'de',
  cookie: 'who=ada',
  authorization: 'Bearer ada',
  'x-kind': '1',
  'if-none-match': 'known'
}

/** With the seed that found each of them. */
const once: ReadonlyArray<readonly [seed: number, what: string, variant: Variant, steps: Steps]> = [
  [
    -1677752100,
    'a stream of Fastify takes no field of an earlier hook into the page',
    { ...plainly, before: 'id', atHead: 'id', how: { ...plainly.how, body: 'pipe' } },
    [{ after: 0, at: [get({ 'x-extra': '1' }), get({ cookie: 'who=ada', 'x-id': '1' })] }]
  ],
  [
    -2057601041,
    'a 205 has no body in any framework',
    { ...plainly, status: 205, control: 's-maxage=5', atHead: 'id', how: { ...plainly.how, body: 'writes' } },
    [
      {
        after: 0,
        at: [get(bearer), get(bearer), get(bearer), get({ authorization: 'Bearer ada', 'x-extra': '1' })]
      }
    ]
  ]
]

// -------------------------------------------------------------------------------------
// the law
// -------------------------------------------------------------------------------------

const conditions = ['if-none-match', 'if-modified-since']

/** Of one message, or what a cache says and makes. */
const ours: ReadonlySet<string> = new Set(
  'age date etag cache-status content-length transfer-encoding connection keep-alive'.split(' ')
)

const endToEnd = (fields: ReadonlyMap<string, string>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...fields]
      .filter(([name]) => !ours.has(name))
      // servers differ in the space before a parameter
      .map(([name, value]) => [name, name === 'content-type' ? value.replace(/;\s*/g, '; ') : value])
  )

const without = (fields: Readonly<Record<string, string>>, names: ReadonlyArray<string>) =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))

/** What clients know: the bodies that came with a tag, by path. */
type Known = Map<string, Map<string, string>>

const check = (
  { headers, method, path }: Asked,
  got: Answer,
  plain: Answer,
  known: Known,
  { isTyped }: Surroundings
): void => {
  const isRead = method === 'GET' || method === 'HEAD'
  if (got !== 'broken' && got.status === 504) {
    expect([isRead, headers['cache-control'], got.body]).toEqual([true, 'only-if-cached', ''])
    return
  }
  if (got === 'broken' || plain === 'broken') {
    // what breaks off in its body may be known by its head, and that of a HEAD has none to break off in
    const isHead = method === 'HEAD' || (got !== 'broken' && got.status === 304)
    // @hono/node-server says that it has failed where it has not begun
    const isFailed = (answer: Answer) => answer === 'broken' || (isTyped && answer.status === 500)
    if (!isHead) expect([isFailed(got), isFailed(plain)]).toEqual([true, true])
    return
  }
  // where a body fails early @hono/node-server has sent its head, or answers a HEAD with 500: as it happens
  if (
    isTyped &&
    method === 'HEAD' &&
    got.status !== plain.status &&
    [got, plain].some((one) => one.status === 500)
  )
    return
  if (got.status === 304) {
    expect([isRead, conditions.some((name) => name in headers), plain.status]).toEqual([true, true, 200])
    const tag = got.fields.get('etag')
    const match = headers['if-none-match']
    if (match !== undefined) {
      expect(tag).toBeDefined()
      if (match !== '*') {
        expect(match).toContain(tag!.replace('W/', ''))
        // whoever is told that he has it has it
        if (method === 'GET') expect(known.get(path)!.get(tag!.replace('W/', ''))).toBe(plain.body)
      }
    }
    expect(endToEnd(plain.fields)).toMatchObject(endToEnd(got.fields))
    return
  }
  expect({ ...got, fields: endToEnd(got.fields) }).toEqual({ ...plain, fields: endToEnd(plain.fields) })
  const own = plain.fields.get('etag')
  if (own !== undefined) expect(got.fields.get('etag')).toBe(own)
}

/** Remembers what came with a tag. */
const learn = ({ method, path }: Asked, got: Answer, known: Known): void => {
  if (got === 'broken' || got.status !== 200 || method !== 'GET') return
  const tag = got.fields.get('etag')?.replace('W/', '')
  if (tag === undefined) return
  const bodiesAt = known.get(path) ?? new Map<string, string>()
  bodiesAt.set(tag, got.body)
  known.set(path, bodiesAt)
}

const seen = { hits: 0, collapsed: 0, unmodified: 0, all: 0, broken: 0 }

describe.each(Object.entries(starts))('%s', (name, start) => {
  const time = makeTime()
  const around: Surroundings = { isNode: name in nodeStarts, isTyped: name.includes('hono') }
  const handlers = new Map<string, Tell>()
  const tell: Tell = (request) => handlers.get(request.path.split('/')[1]!)!(request)
  let cached: Site
  let plain: Site
  beforeAll(async () => {
    // some servers write there what a handler has thrown
    jest.spyOn(console, 'error').mockReturnValue(undefined)
    cached = await start(tell, {
      lib,
      config: {
        store: dict<Uint8Array>({ clock: time.clock }),
        clock: time.clock,
        date: time.date,
        maxBytes: 400,
        policy: Policy.policy(
          Policy.ttl(Duration.seconds(60)),
          Policy.staleIfError(Duration.seconds(60)),
          Policy.staleWhileRevalidate(Duration.seconds(60))
        )
      }
    })
    plain = await start(tell, undefined)
  })
  afterAll(async () => {
    await cached.close()
    await plain.close()
    jest.restoreAllMocks()
  })

  const requestFor = ({ headers, method, path, sends }: Wish, id: string, known: Known): Asked => {
    const at = `/${id}/${path}`
    const body = sends && method === 'POST' ? { body: 'sent' } : {}
    const type = 'body' in body ? { 'content-type': 'text/plain' } : {}
    const tags = Array.from(known.get(at)?.keys() ?? [], (tag, i) => (i % 2 === 0 ? tag : `W/${tag}`))
    const match = headers['if-none-match'] === 'known' ? { 'if-none-match': ['"x"', ...tags].join(', ') } : {}
    return { path: at, method, headers: { ...headers, ...match, ...type }, ...body }
  }

  let last = 0
  const holds = async (made: Handler, all: Steps): Promise<void> => {
    const id = String(++last)
    handlers.set(id, tellOf(made, around))
    const known: Known = new Map()
    const asides = new Map<string, Promise<Answer>>()
    const aside = (request: Asked): Promise<Answer> => {
      // without the conditions, which the cache answers
      const whole: Asked = { ...request, headers: without(request.headers, conditions) }
      const key = JSON.stringify(whole)
      const answer = asides.get(key) ?? plain.ask(whole)
      asides.set(key, answer)
      return answer
    }
    for (const { after, at } of all) {
      time.pass(after)
      const requests = at.map((wish) => requestFor(wish, id, known))
      const got = await Promise.all(requests.map(cached.ask))
      const expected = await Promise.all(requests.map(aside))
      got.forEach((answer, i) => check(requests[i]!, answer, expected[i]!, known, around))
      got.forEach((answer, i) => {
        learn(requests[i]!, answer, known)
        const fate = answer === 'broken' ? 'broken' : answer.fields.get('cache-status') ?? ''
        seen.all++
        if (fate === 'broken') seen.broken++
        if (fate.includes('hit')) seen.hits++
        if (fate.includes('collapsed')) seen.collapsed++
        if (answer !== 'broken' && answer.status === 304) seen.unmodified++
      })
    }
  }

  it('law P3: a pure handler answers through the cache as it does without', async () => {
    await fc.assert(fc.asyncProperty(handler, steps, holds), { numRuns: runs(200) })
  }, 60_000)

  it.each(once)('law P3, seed %i: %s', (_seed, _what, one, all) =>
    holds({ reads: [], variants: [one], leaves: false }, all)
  )
})

it('hits, crowds, 304s and answers that break off were all among them', () => {
  expect(Math.min(...Object.values(seen))).toBeGreaterThanOrEqual(runs(40))
})

describe.each(Object.entries(nodeStarts))('%s', (_, start) => {
  it.each(['breaks', 'fails'] as const)(
    'law P3: a body that %s is not stored with what is said instead, also where its client has it already',
    async (end) => {
      for (const framed of [true, false]) {
        const told: Told = {
          status: 200,
          fields: [['last-modified', 'Thu, 01 Jan 2026 00:00:00 GMT']],
          chunks: [],
          end,
          how: { head: 'set', body: 'end', when: 'now', framed, late: false }
        }
        const cached = await start(() => told, { lib, config: { store: dict<Uint8Array>() } })
        try {
          const get = (headers: Asked['headers']) => cached.ask({ path: '/a', method: 'GET', headers })
          const known = await get({ 'if-modified-since': 'Fri, 02 Jan 2026 00:00:00 GMT' })
          expect(known === 'broken' || known.status === 304).toBe(true)
          expect(await get({})).toBe('broken')
        } finally {
          await cached.close()
        }
      }
    }
  )
})
