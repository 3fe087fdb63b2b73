/** Laws of the rules, for requests and answers at random, each with a broken rule that the law finds out. */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { Duration, Policy } from 'fp-ring'
import * as E from 'fp-ts/Either'

import { directivesOf, isForAll, staleLimits } from '../../../src/http/core/freshness'
import { headOf } from '../../../src/http/core/head'
import { keptFrom, leftAt } from '../../../src/http/core/kept'
import type { Fields } from '../../../src/http/core/model'
import { serving } from '../../../src/http/core/reuse'
import { storing } from '../../../src/http/core/storing'
import { runs } from '../../runs'
import {
  answer,
  asked,
  cc,
  field,
  type Headers,
  makeCache,
  noon,
  type Options,
  request,
  type Rules,
  rules,
  storage
} from './kit'

const policy = Policy.policy(
  Policy.ttl(Duration.seconds(10)),
  Policy.staleWhileRevalidate(Duration.seconds(5)),
  Policy.staleIfError(Duration.seconds(20))
)

/** What forbids to share an answer, by the words alone. */
const forbidding = ['private', 'No-Store', 'no-cache', 'private="x-a"', 'max-age=9 PRIVATE'] as const
const control = fc.constantFrom(
  '',
  'max-age=9',
  'public',
  '',
  '',
  'max-age=9',
  'max-age=30, public',
  's-maxage=5',
  'max-age=5, must-revalidate',
  ...forbidding
)
const given = fc.record({
  control,
  cookie: fc.nat(7).map((n) => n === 0),
  vary: fc.constantFrom('', '', '', 'Foo', 'foo', 'foo, bar', 'bar', '*', 'bar, *'),
  status: fc.constantFrom(200, 200, 200, 200, 200, 404, 302, 503),
  version: fc.nat(1)
})
type Given = typeof given extends fc.Arbitrary<infer A> ? A : never
const step = fc.record({
  after: fc.constantFrom(0, 0, 1, 6, 12, 40),
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
  foo: fc.constantFrom('', '', '1', '2'),
  bar: fc.constantFrom('', '', '1'),
  auth: fc.constantFrom('', '', '', 'a'),
  control: fc.constantFrom('', '', '', 'no-cache', 'max-age=3', 'no-store', 'only-if-cached'),
  given
})
type Step = typeof step extends fc.Arbitrary<infer A> ? A : never
const steps = fc.array(step, { minLength: 2, maxLength: 16, size: 'max' })

const headersOf = ({ auth, bar, control: said, foo }: Step): Headers =>
  Object.fromEntries(
    Object.entries({ authorization: auth, bar, foo, 'cache-control': said }).filter(
      ([, value]) => value !== ''
    )
  )
const fieldsOf = ({ control: said, cookie, vary }: Given): Fields => [
  ...(said === '' ? [] : cc(said)),
  ...(cookie ? ([['set-cookie', 'a=b']] as const) : []),
  ...(vary === '' ? [] : ([['vary', vary]] as const))
]
const isForbidden = ({ control: said, cookie, vary }: Given): boolean =>
  cookie || vary.includes('*') || forbidding.some((one) => one === said)
const isPublic = ({ control: said }: Given): boolean => /public|must-revalidate|s-maxage/.test(said)
const valuesOf = (made: Given, { bar, foo }: Step): string =>
  JSON.stringify(
    made.vary
      .toLowerCase()
      .split(', ')
      .map((name) => (name === 'foo' ? foo : name === 'bar' ? bar : ''))
  )

/** Plays steps; `check` sees each step that was answered by an earlier one. */
const play =
  (options: Options, check: (served: Step, by: Step) => void) =>
  (all: ReadonlyArray<Step>): void => {
    const { visit } = makeCache({ ...options, config: { policy } })
    let time = noon
    all.forEach((one, i) => {
      time += one.after * 1_000
      const got = visit(asked(headersOf(one), one.method), time, () => ({
        status: one.given.status,
        fields: [...fieldsOf(one.given), ['x-run', String(i)]],
        body: String(i)
      }))
      const run = Number(field(got, 'x-run') ?? i)
      if (run !== i) check(one, all[run]!)
    })
  }

const breaking = (broken: Partial<Rules>): Options => ({ rules: { ...rules, ...broken } })
const law = (check: (served: Step, by: Step) => void, options: Options = {}) => ({
  property: fc.property(steps, play(options, check))
})
/** A law, and options under which it is broken. */
const holds = (
  name: string,
  check: (served: Step, by: Step) => void,
  broken: Readonly<Record<string, Options>>
): void => {
  describe(name, () => {
    it('holds', () => {
      let served = 0
      fc.assert(
        fc.property(
          steps,
          play({}, (one, by) => {
            served++
            check(one, by)
          })
        ),
        { numRuns: runs(20_000), seed: 1 }
      )
      // pages are served at all
      expect(served).toBeGreaterThan(runs(20_000) / 4)
    })
    it.each(Object.entries(broken))('control: is broken by %s', (_, options) => {
      expect(fc.check(law(check, options).property, { numRuns: 5_000, seed: 1 }).failed).toBe(true)
    })
  })
}

holds(
  'what may not be stored is never served',
  (_, by) =>
    expect([isForbidden(by.given), by.method, by.control === 'no-store']).toEqual([false, 'GET', false]),
  {
    'a cookie that is not seen': breaking({
      storing: (asks, head, limits, now) =>
        rules.storing(
          asks,
          { ...head, fields: head.fields.filter(([name]) => name !== 'set-cookie') },
          limits,
          now
        )
    }),
    'an answer to a HEAD that is stored': breaking({
      reuse: (...args) => {
        const found = rules.reuse(...args)
        return found._tag === 'Load' && found.how === 'pass' ? { ...found, how: 'alone' } : found
      },
      storing: ({ header }, ...rest) => rules.storing({ method: 'GET', header }, ...rest)
    })
  }
)

holds(
  'a page is never served to a request of another variant',
  (served, by) => expect(valuesOf(by.given, served)).toBe(valuesOf(by.given, by)),
  {
    'a Vary that is not seen': breaking({
      reuse: (seek, kept, now, state) =>
        rules.reuse(
          seek,
          kept === undefined ? kept : { ...kept, vary: [], page: { ...kept.page, variant: '' } },
          now,
          state
        )
    }),
    'only the first name of Vary': breaking({
      storing: (asks, head, limits, now) => rules.storing(asks, head, limits, now),
      reuse: (seek, kept, now, state) =>
        kept !== undefined && kept.vary.length > 1
          ? rules.reuse(seek, { ...kept, vary: [], page: { ...kept.page, variant: '' } }, now, state)
          : rules.reuse(seek, kept, now, state)
    })
  }
)

holds(
  'what is not for all is served to no request with Authorization, and what was made for one is for all',
  (served, by) => {
    if (served.auth !== '' || by.auth !== '') expect(isPublic(by.given)).toBe(true)
  },
  {
    'a page that counts as for all': breaking({
      reuse: (seek, kept, now, state) =>
        rules.reuse(seek, kept === undefined ? kept : { ...kept, forAll: true }, now, state)
    }),
    'Authorization that is not seen': breaking({
      storing: ({ header, method }, ...rest) =>
        rules.storing(
          { method, header: (name) => (name === 'authorization' ? undefined : header(name)) },
          ...rest
        )
    })
  }
)

describe('time', () => {
  it('the age of a page only grows, and what is left of its life only shrinks', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.nat(100),
        fc.array(fc.nat(90_000), { maxLength: 6 }),
        (age, lasts, pauses) => {
          const head = answer([...cc(`max-age=${lasts}`), ['age', String(age)]])
          const plan = storing(request(), head, storage, noon)
          if (E.isLeft(plan)) return expect(age >= lasts).toBe(true)
          const page = keptFrom(request(), head, {
            body: Buffer.from(''),
            plan: plan.right,
            time: noon,
            tags: false
          })
          const served = serving(request(), page, { hit: true }, noon)
          let now = noon
          let [old, left] = [-1, Infinity]
          for (const pause of pauses) {
            now += pause
            const told = Number(field(headOf(served, 'c', now), 'age'))
            expect(told).toBe(age + Math.floor((now - noon) / 1_000))
            expect(told).toBeGreaterThanOrEqual(old)
            expect(leftAt(page.page, now)).toBeLessThanOrEqual(left)
            // it is fresh as long as it is younger than it says
            expect(leftAt(page.page, now) > 0).toBe(age * 1_000 + now - noon < lasts * 1_000)
            ;[old, left] = [told, leftAt(page.page, now)]
          }
          // a clock that is set back makes no page younger
          expect(field(headOf(served, 'c', noon - 5_000), 'age')).toBe(String(age))
        }
      ),
      { numRuns: runs(10_000), seed: 1 }
    )
  })
})

describe('Cache-Control', () => {
  const directive = fc.constantFrom(
    'max-age=9',
    's-maxage=5',
    'public',
    'private',
    'no-store',
    'no-cache',
    'must-revalidate',
    'proxy-revalidate',
    'immutable',
    'stale-while-revalidate=3',
    'stale-if-error=4',
    'must-understand',
    'x="a, private"',
    'y=no-store',
    'no-cache="x-a"'
  )
  const list = fc.uniqueArray(directive, { maxLength: 6, selector: (one) => one.split('=')[0] })
  const told = (fields: Fields, headers: Headers, status: number): unknown => {
    const directives = directivesOf(fields)
    const plan = storing(request(headers), answer(fields, status), storage, noon)
    return [E.isLeft(plan) ? 'refused' : plan.right, isForAll(directives), staleLimits(directives)]
  }
  const written = fc.record({
    parts: list,
    order: fc.infiniteStream(fc.nat()),
    capitals: fc.infiniteStream(fc.boolean()),
    spaces: fc.infiniteStream(fc.constantFrom('', ' ', '\t', ' , ', ',,')),
    lines: fc.boolean(),
    authorized: fc.boolean(),
    status: fc.constantFrom(200, 299, 404)
  })
  const decides = (spoil: (text: string) => string) =>
    fc.property(written, ({ authorized, capitals, lines, order, parts, spaces, status }) => {
      const headers: Headers = authorized ? { authorization: 'a' } : {}
      const shuffled = parts
        .map((part) => [order.next().value, part] as const)
        .sort(([a], [b]) => a - b)
        .map(([, part]) => Array.from(part, (c) => (capitals.next().value ? c.toUpperCase() : c)).join(''))
      const other: Fields = lines
        ? shuffled.map(
            (part) => ['cache-control', `${spaces.next().value}${part}${spaces.next().value}`] as const
          )
        : cc(shuffled.map((part) => `${spaces.next().value}${spoil(part)}${spaces.next().value}`).join(','))
      const plain = parts.length === 0 ? [] : cc(parts.join(', '))
      expect(told(other, headers, status)).toEqual(told(plain, headers, status))
    })

  it('decides the same in any case, order, spacing and number of lines', () => {
    fc.assert(
      decides((text) => text),
      { numRuns: runs(20_000), seed: 1 }
    )
  })
  it('control: a directive that is spoilt is found out', () => {
    expect(
      fc.check(
        decides((text) => `x-${text}`),
        { numRuns: 2_000, seed: 1 }
      ).failed
    ).toBe(true)
  })
})

describe('revalidation', () => {
  /** An honest handler: what it answers depends on its version, whose tag it compares. */
  const playHonest = (
    all: ReadonlyArray<Step>,
    revalidates: boolean,
    seen: { confirmed: number },
    lies = false
  ): ReadonlyArray<string> => {
    const { visit } = makeCache({ config: { policy }, revalidates })
    let time = noon
    return all.map((one) => {
      time += one.after * 1_000
      const { control: said, cookie, status, version: made } = one.given
      // a 304 has the fields of the 200 (RFC 9110, section 15.4.5): other fields are another version
      const version = [one.foo, made, status, said.replace(/"/g, ''), cookie].join('.')
      const got = visit(asked(headersOf(one), one.method), time, (conditions) => {
        const [, tag] = conditions.find(([name]) => name === 'if-none-match') ?? []
        const fields: Fields = [...fieldsOf({ ...one.given, vary: 'Foo' }), ['etag', `"${version}"`]]
        if (tag !== undefined && status === 200 && (lies || tag === `"${version}"`)) {
          seen.confirmed++
          return { status: 304, fields, body: '' }
        }
        return { status, fields, body: version }
      })
      return `${got.status} ${one.method === 'HEAD' ? '' : got.body}`
    })
  }
  const same = (seen: { confirmed: number }, lies = false) =>
    fc.property(steps, given, given, (many, often, seldom) => {
      // the handler changes seldom
      const all = many.map((one, i) => ({ ...one, given: i % 4 === 3 ? seldom : often }))
      expect(playHonest(all, true, seen, lies)).toEqual(playHonest(all, false, seen))
    })

  it('shows clients what they would see without it', () => {
    const seen = { confirmed: 0 }
    fc.assert(same(seen), { numRuns: runs(20_000), seed: 1 })
    expect(seen.confirmed).toBeGreaterThan(runs(20_000) / 20)
  })
  it('control: a handler that confirms what it has changed is found out', () => {
    expect(fc.check(same({ confirmed: 0 }, true), { numRuns: 5_000, seed: 1 }).failed).toBe(true)
  })
})
