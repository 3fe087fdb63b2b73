/** What is for one is given to nobody else, whatever comes in whatever order, through every server of Node. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import * as fc from 'fast-check'
import { dict, Duration, Policy } from 'fp-ring'
import * as lib from 'fp-ring/http'

import type * as httpKept from '../../src/http/core/kept'
import type { RequestHead } from '../../src/http/core/model'
import type * as httpStoring from '../../src/http/core/storing'
import { runs } from '../runs'
import { makeTime } from './kit'
import { type Asked, bodies, heads, type How, type Pair, type Tell, type Told, whens } from './told'
import { nodeStarts, type Site, type Start, starts } from './wire'

/** The rules of which a broken cache replaces one. */
type Rules = Pick<typeof httpKept, 'fits'> & Pick<typeof httpStoring, 'storing'>

/** Who asks says so in one field, or in either. */
const identities = ['cookie', 'authorization', 'both'] as const
type Identity = (typeof identities)[number]

/** How an answer may say that it is for one alone. */
const marks: Readonly<Record<string, ReadonlyArray<Pair>>> = {
  private: [['cache-control', 'private']],
  'private, in capitals, on a line of its own': [
    ['cache-control', 'max-age=60'],
    ['cache-control', 'PRIVATE']
  ],
  'private for a field': [['cache-control', 'max-age=60, private="x-for"']],
  'private beside public': [['cache-control', 'public, private']],
  'no-store': [['cache-control', 'no-store, max-age=60']],
  'Set-Cookie': [['set-cookie', 'session=1']],
  'Set-Cookie beside public': [
    ['set-cookie', 'session=1'],
    ['cache-control', 'public, max-age=60']
  ],
  'Vary: *': [['vary', '*']]
}
/** These say it by whom they are for. */
const byIdentity: Readonly<Record<Identity, Readonly<Record<string, ReadonlyArray<Pair>>>>> = {
  cookie: {
    Vary: [['vary', 'Cookie']],
    'Vary, and public': [
      ['vary', 'accept-encoding, COOKIE'],
      ['cache-control', 'public, max-age=60']
    ]
  },
  authorization: {
    nothing: [],
    'max-age': [['cache-control', 'max-age=60']],
    'Vary, and public': [
      ['vary', 'Authorization'],
      ['cache-control', 'public']
    ]
  },
  both: {
    'Vary: Cookie': [['vary', 'cookie']],
    'Vary, and s-maxage': [
      ['vary', 'cookie'],
      ['vary', 'authorization'],
      ['cache-control', 's-maxage=60']
    ]
  }
}

const how: fc.Arbitrary<How> = fc.record({
  head: fc.constantFrom(...heads),
  body: fc.constantFrom(...bodies),
  when: fc.constantFrom(...whens),
  framed: fc.boolean(),
  late: fc.constant(false)
})

/** Each answer is marked in a way of its own, by the handler or by somebody around it. */
const answer = fc.record({
  mark: fc.nat(),
  by: fc.constantFrom('handler', 'handler', 'before', 'atHead', 'atSend'),
  status: fc.constantFrom(200, 200, 200, 203, 404, 302),
  how
})
const visit = fc.record({
  who: fc.constantFrom('', 'ada', 'eve', 'kim'),
  other: fc.constantFrom('', 'ada', 'eve'),
  path: fc.constantFrom('a', 'a', 'b'),
  method: fc.constantFrom('GET', 'GET', 'GET', 'GET', 'HEAD', 'POST'),
  control: fc.constantFrom('', '', '', 'no-cache', 'max-age=5'),
  answer
})
type Visit = typeof visit extends fc.Arbitrary<infer A> ? A : never

const scene = fc.record({
  identity: fc.constantFrom(...identities),
  steps: fc.array(
    fc.record({
      after: fc.constantFrom(0, 0, 1, 11, 61),
      at: fc.array(visit, { minLength: 1, maxLength: 5 })
    }),
    { minLength: 1, maxLength: 4 }
  )
})

const whoIs = (identity: Identity, { headers }: Pick<Asked, 'headers'>): string => {
  const { authorization = '', cookie = '' } = headers
  return JSON.stringify(
    identity === 'cookie'
      ? [cookie]
      : identity === 'authorization'
      ? [authorization]
      : [authorization, cookie]
  )
}

const headersOf = (identity: Identity, { control, other, who }: Visit, run: number): Asked['headers'] => {
  const cookie = identity === 'authorization' ? other : who
  const authorization = identity === 'authorization' ? who : identity === 'both' ? other : ''
  return {
    'x-run': String(run),
    ...(cookie === '' ? {} : { cookie: `who=${cookie}` }),
    ...(authorization === '' ? {} : { authorization: `Bearer ${authorization}` }),
    ...(control === '' ? {} : { 'cache-control': control })
  }
}

const tellFor = (
  identity: Identity,
  { answer: { by, how: its, mark, status } }: Visit,
  asked: Asked
): Told => {
  const all = Object.values({ ...marks, ...byIdentity[identity] })
  const marked = all[mark % all.length]!
  const who = whoIs(identity, asked)
  return {
    status,
    chunks: ['for ', who, '.'],
    end: 'good',
    how: its,
    [by]: marked,
    fields: [
      ['x-for', who],
      ...(status === 302 ? [['location', '/'] as const] : []),
      ...(by === 'handler' ? marked : [])
    ]
  }
}

/** A site over whatever handler is put behind it, as many as there are runs. */
const stand = async (start: Start, over: typeof lib) => {
  const time = makeTime()
  let tell: Tell | undefined
  const cached = await start((asked) => tell!(asked), {
    lib: over,
    config: {
      store: dict<Uint8Array>({ clock: time.clock }),
      clock: time.clock,
      date: time.date,
      policy: Policy.policy(Policy.ttl(Duration.seconds(60)), Policy.staleIfError(Duration.seconds(60)))
    }
  })
  let last = 0
  const law = fc.asyncProperty(scene, async ({ identity, steps }) => {
    const id = ++last
    const visits = steps.flatMap(({ at }) => at)
    tell = (asked) => tellFor(identity, visits[Number(asked.headers['x-run'])]!, asked)
    let run = 0
    for (const { after, at } of steps) {
      time.pass(after)
      const all = at.map((one): Asked => {
        const { method, path } = one
        return { path: `/${id}/${path}`, method, headers: headersOf(identity, one, run++) }
      })
      const answers = await Promise.all(all.map(cached.ask))
      for (const [i, got] of answers.entries()) {
        const asked = all[i]!
        const who = whoIs(identity, asked)
        if (got === 'broken') throw new Error('broken')
        expect(got.fields.get('x-for')).toBe(who)
        if (asked.method !== 'HEAD')
          expect(got.body).toContain(got.body.startsWith('{') ? JSON.stringify(`for ${who}.`) : `for ${who}.`)
      }
    }
  })
  return { cached, law }
}

describe.each(Object.entries(nodeStarts))('%s', (_, start) => {
  let up: { readonly cached: Site; readonly law: fc.IAsyncProperty<unknown> }
  beforeAll(async () => {
    up = await stand(start, lib)
  })
  afterAll(() => up.cached.close())

  it('law P2: nobody is given what is for another', async () => {
    await fc.assert(up.law, { numRuns: runs(250) })
  }, 60_000)
})

describe('law P2 is broken by a cache', () => {
  const kept = jest.requireActual<typeof httpKept>('../../src/http/core/kept')
  const storing = jest.requireActual<typeof httpStoring>('../../src/http/core/storing')
  const hiding = (fields: ReadonlyArray<Pair>, name: string, part: RegExp): ReadonlyArray<Pair> =>
    fields.map(([n, value]): Pair => [n, n === name ? value.replace(part, 'x-none') : value])
  const nameless = ({ header, method }: RequestHead): RequestHead => ({
    method,
    header: (name) => (name === 'authorization' ? undefined : header(name))
  })

  it.each<readonly [what: string, how: Partial<Rules>, where?: keyof typeof starts]>([
    ['does not know Vary', { fits: () => 'yes' }],
    [
      'does not know private',
      {
        storing: (wanted, { fields, status }, storage, now) =>
          storing.storing(
            wanted,
            { status, fields: hiding(fields, 'cache-control', /private/gi) },
            storage,
            now
          )
      }
    ],
    [
      'does not know no-store',
      {
        storing: (wanted, { fields, status }, storage, now) =>
          storing.storing(
            wanted,
            { status, fields: hiding(fields, 'cache-control', /no-store/g) },
            storage,
            now
          )
      }
    ],
    [
      'stores what sets a cookie',
      {
        storing: (wanted, { fields, status }, storage, now) =>
          storing.storing(
            wanted,
            { status, fields: fields.filter(([name]) => name !== 'set-cookie') },
            storage,
            now
          )
      },
      // a response of Node is looked at once more when its head has gone
      'page'
    ],
    [
      'does not know who has said who he is',
      { storing: (wanted, head, storage, now) => storing.storing(nameless(wanted), head, storage, now) }
    ],
    [
      'gives what is for those without a name to those with one',
      { fits: (page, wanted) => kept.fits(page, nameless(wanted)) }
    ]
  ])(
    'that %s',
    async (_, broken, where = 'pageListener, in node:http') => {
      let over: typeof lib | undefined
      jest.isolateModules(() => {
        const { fits = kept.fits, storing: stores = storing.storing } = broken
        jest.doMock('../../src/http/core/kept', () => ({ ...kept, fits }))
        jest.doMock('../../src/http/core/storing', () => ({ ...storing, storing: stores }))
        over = jest.requireActual<typeof lib>('../../src/http')
        jest.dontMock('../../src/http/core/kept')
        jest.dontMock('../../src/http/core/storing')
      })
      const { cached, law } = await stand(starts[where]!, over!)
      try {
        const { failed } = await fc.check(law, { numRuns: 1_000, endOnFailure: true })
        expect(failed).toBe(true)
      } finally {
        await cached.close()
      }
    },
    60_000
  )
})
