/** The rules of shared caches, one case in each row, after the ideas of the public suite of HTTP caches. */
import { Duration, Policy } from 'fp-ring'

import type { Anything } from './kit'

/** Seconds from now, as a date. */
export const at = (seconds: number) => new Date(Date.UTC(2026, 0, 2, 3, 4, 5) + seconds * 1_000).toUTCString()

export type Pairs = ReadonlyArray<readonly [string, string]>

export interface Step {
  /** Seconds that pass before it. */
  readonly after?: number
  readonly ask?: Readonly<Record<string, string>>
  readonly path?: string
  readonly method?: string
  /** What the handler answers, should it be asked. */
  readonly status?: number
  readonly give?: Pairs
  /** Whether the handler was asked, or which run the page is of. */
  readonly got: 'run' | 'cached' | number
  /** The status that the client has, if it is not the handler's. */
  readonly as?: number
}

export type Case = readonly [name: string, steps: ReadonlyArray<Step>, config?: Partial<Anything>]

const cc = (value: string): Pairs => [['cache-control', value]]
const run = (give: Pairs = [], more: Omit<Step, 'got' | 'give'> = {}): Step => ({ ...more, give, got: 'run' })
const hit = (more: Omit<Step, 'got'> = {}): Step => ({ ...more, got: 'cached' })
const miss = (more: Omit<Step, 'got'> = {}): Step => ({ ...more, got: 'run' })

/** What is given is stored, and served to whoever asks again. */
const kept = (name: string, give: Pairs, more: Omit<Step, 'got' | 'give'> = {}): Case => [
  name,
  [run(give, more), hit()]
]
const notKept = (name: string, give: Pairs, more: Omit<Step, 'got' | 'give'> = {}): Case => [
  name,
  [run(give, more), miss({ give })]
]

const freshness: ReadonlyArray<Case> = [
  ['the lifetime of the policy where nothing is said', [run(), hit({ after: 59 }), miss({ after: 1 })]],
  ['max-age counts more than the policy', [run(cc('max-age=100')), hit({ after: 99 }), miss({ after: 1 })]],
  ['a max-age below that of the policy', [run(cc('max-age=5')), hit({ after: 4 }), miss({ after: 1 })]],
  ['s-maxage counts more than a longer max-age', [run(cc('max-age=100, s-maxage=5')), miss({ after: 5 })]],
  ['s-maxage counts more, whatever the order', [run(cc('s-maxage=5, max-age=100')), miss({ after: 5 })]],
  [
    's-maxage counts more on a line of its own',
    [run([...cc('max-age=100'), ...cc('s-maxage=5')]), miss({ after: 5 })]
  ],
  ['s-maxage counts more than a shorter max-age', [run(cc('max-age=5, s-maxage=100')), hit({ after: 50 })]],
  [
    's-maxage counts more than max-age=0 and an Expires that is past',
    [run([...cc('max-age=0, s-maxage=100'), ['expires', at(-10)]]), hit({ after: 50 })]
  ],
  [
    'Expires where there is no max-age',
    [run([['expires', at(100)]]), hit({ after: 99 }), miss({ after: 1 })]
  ],
  [
    'Expires counts from Date',
    [
      run([
        ['date', at(-1)],
        ['expires', at(99)]
      ]),
      hit({ after: 99 }),
      miss({ after: 1 })
    ]
  ],
  kept('max-age counts more than an Expires that is past', [...cc('max-age=100'), ['expires', at(-10)]]),
  kept('max-age counts more than an Expires that is none', [...cc('max-age=100'), ['expires', 'soon']]),
  notKept('max-age=0 counts more than an Expires to come', [...cc('max-age=0'), ['expires', at(100)]]),
  notKept('Expires that is past', [['expires', at(-10)]]),
  notKept('Expires that is now', [['expires', at(0)]]),
  notKept('Expires: 0', [['expires', '0']]),
  notKept('Expires: -1', [['expires', '-1']]),
  notKept('an Expires in UTC', [['expires', at(100).replace('GMT', 'UTC')]]),
  notKept('an Expires of another zone', [['expires', at(100).replace('GMT', 'CET')]]),
  notKept('an Expires of a year in two digits', [['expires', at(100).replace('2026', '26')]]),
  notKept('an Expires without a comma', [['expires', at(100).replace(',', '')]]),
  notKept('an Expires with too many spaces', [['expires', at(100).replace(', ', ',  ')]]),
  notKept('an Expires with dashes', [['expires', at(100).replace('02 Jan 2026', '02-Jan-2026')]]),
  notKept('an Expires with dots in its time', [['expires', at(100).replace(/:/g, '.')]]),
  notKept('an Expires with an hour of one digit', [['expires', at(100).replace('03:', '3:')]]),
  kept('an Expires in small letters', [['expires', at(100).toLowerCase()]]),
  kept('an Expires as RFC 850 wrote it', [['expires', 'Friday, 02-Jan-26 03:06:05 GMT']]),
  kept('an Expires as asctime writes it', [['expires', 'Fri Jan  2 03:06:05 2026']]),
  notKept('a negative max-age', cc('max-age=-100')),
  [
    'an Age is part of the lifetime',
    [run([...cc('max-age=100'), ['age', '60']]), hit({ after: 39 }), miss({ after: 1 })]
  ],
  notKept('an Age above the lifetime', [...cc('max-age=100'), ['age', '101']]),
  notKept('an Age above any lifetime', [...cc('max-age=100'), ['age', '2147483649']]),
  kept('an Age that is no number', [...cc('max-age=100'), ['age', 'old']]),
  kept('a negative Age', [...cc('max-age=100'), ['age', '-7200']]),
  kept('an Age with a fraction', [...cc('max-age=100'), ['age', '7200.0']]),
  notKept('of two Ages the first, an old one', [...cc('max-age=100'), ['age', '7200, 0']]),
  kept('of two Ages the first, a new one', [...cc('max-age=100'), ['age', '0, 7200']]),
  notKept('a Date long ago', [...cc('max-age=100'), ['date', at(-200)]]),
  kept('a max-age of 2147483648', cc('max-age=2147483648')),
  kept('a max-age of 99999999999', cc('max-age=99999999999')),
  kept('MaX-AgE', cc('MaX-AgE=100')),
  kept('a directive that nobody knows', cc('foobar, max-age=100')),
  kept('max-age in quotes', cc('max-age="100"')),
  kept('max-age with zeros before it', cc('max-age=000100')),
  notKept('max-age in other quotes', cc("max-age='100'")),
  notKept('a max-age with a point', cc('max-age=100.5')),
  notKept('a max-age with a letter before it', cc('max-age=a100')),
  notKept('a max-age with a letter behind it', cc('max-age=100a')),
  notKept('a max-age without a value', cc('max-age')),
  ['the shorter of two', [run(cc('max-age=100, max-age=1')), miss({ after: 2 })]],
  ['the shorter of two, the other way round', [run(cc('max-age=1, max-age=100')), miss({ after: 2 })]],
  ['a max-age in the quotes of another', [run(cc('extension="max-age=100", max-age=1')), miss({ after: 2 })]],
  [
    'a max-age in the quotes of another behind',
    [run(cc('max-age=1, extension="max-age=100"')), miss({ after: 2 })]
  ],
  ['a private in the quotes of another', [run(cc('extension="a, private", max-age=9')), hit()]]
]

/** A field for shared caches alone, beside one for all. */
const cdn = (targeted: string, plain?: string): Pairs => [
  ['cdn-cache-control', targeted],
  ...(plain === undefined ? [] : cc(plain))
]

const malformed: ReadonlyArray<Case> = [
  ...['no-store', 'private', 'no-cache', 'PRIVATE'].flatMap((word) =>
    [
      `${word}; max-age=60`,
      `${word} max-age=60`,
      `max-age=60 ${word}`,
      `max-age=60; ${word}`,
      `"${word}"`,
      `"${word}", max-age=60`,
      `max-age=60, ${word}:`,
      `${word}=`,
      `public ${word}`,
      `<${word}>, max-age=60`,
      `max-age="60" ${word}`
    ].map((text) => notKept(`what forbids to store, in a member that is none: ${text}`, cc(text)))
  ),
  notKept('a lifetime in a member that is none counts as 0', cc('public; max-age=60')),
  kept('such a word as a value', cc('x=private, max-age=60')),
  kept('such a word in a value in quotes', cc('x="no-store; private", max-age=60')),
  kept('such a word in a longer name', cc('no-store-ever, max-age=60')),
  kept('an equals sign with spaces', cc('max-age = 60'))
]

const targeted: ReadonlyArray<Case> = [
  [
    'CDN-Cache-Control counts more than Cache-Control',
    [run(cdn('max-age=100', 'max-age=5')), hit({ after: 99 }), miss({ after: 1 })]
  ],
  ['and than a longer one', [run(cdn('max-age=5', 'max-age=100')), hit({ after: 4 }), miss({ after: 1 })]],
  ['and than s-maxage', [run(cdn('max-age=5', 's-maxage=100')), miss({ after: 5 })]],
  [
    'and than Expires',
    [run([...cdn('must-revalidate'), ['expires', at(5)]]), hit({ after: 59 }), miss({ after: 1 })]
  ],
  kept('and than what Cache-Control forbids', cdn('max-age=60', 'private, no-store')),
  notKept('no-store for shared caches', cdn('no-store', 'max-age=60')),
  notKept('private for shared caches', cdn('max-age=60, private', 'public, max-age=60')),
  notKept('private with a parameter', cdn('private;x=1', 'max-age=60')),
  kept('private that is false', cdn('private=?0, max-age=60')),
  notKept('of two the last one', cdn('max-age=60, max-age=0', 'max-age=60')),
  notKept('a lifetime in quotes is none', cdn('max-age="60"', 'max-age=60')),
  ['an empty one is ignored', [run(cdn('', 'max-age=5')), hit({ after: 4 }), miss({ after: 1 })]],
  ...[
    'max-age=100,',
    'Max-Age=100',
    'max-age = 100',
    'max-age=100 x',
    '"max-age"',
    'max-age=100,,x',
    'x=(1'
  ].map(
    (text): Case => [
      `a malformed one is ignored: ${text}`,
      [run(cdn(text, 'max-age=5')), hit({ after: 4 }), miss({ after: 1 })]
    ]
  ),
  ...['no-store; Max-Age=60', 'private max-age=60', 'max-age=60, private,', 'No-Store', '"no-store"'].map(
    (text) => notKept(`but not what it forbids: ${text}`, cdn(text, 'max-age=60'))
  ),
  notKept('nor what a malformed Cache-Control forbids beside one', cdn('max-age=60', 'private; max-age=60')),
  kept(
    'a list, a number, a token, bytes and parameters',
    cdn('a=(1 "b" c);d, e=1.5, f=*g, h=:aa==:;i=?1, max-age=60')
  )
]

const storing: ReadonlyArray<Case> = [
  notKept('no-store', cc('no-store')),
  notKept('nO-StOrE', cc('nO-StOrE')),
  notKept('no-store with max-age and Expires', [...cc('max-age=100, no-store'), ['expires', at(100)]]),
  notKept('private', cc('private, max-age=100')),
  notKept('private for a field', cc('private="x-a", max-age=100')),
  notKept('no-cache', cc('no-cache, max-age=100')),
  notKept('no-cache for a field', cc('no-cache="x-a", max-age=100')),
  notKept('Pragma: no-cache and nothing else', [['pragma', 'no-cache']]),
  kept('Pragma: no-cache beside Cache-Control', [['pragma', 'no-cache'], ...cc('max-age=100')]),
  notKept('Set-Cookie', [['set-cookie', 'a=b'], ...cc('max-age=100, public')]),
  notKept('Vary: *', [['vary', '*'], ...cc('max-age=100')]),
  notKept('Vary: , *', [['vary', ', *'], ...cc('max-age=100')]),
  notKept('Vary: *, foo', [['vary', '*, foo'], ...cc('max-age=100')]),
  notKept('Vary: foo and Vary: *', [['vary', 'foo'], ['vary', '*'], ...cc('max-age=100')]),
  notKept('a stream of events', [['content-type', 'text/event-stream'], ...cc('max-age=100')]),
  kept('must-revalidate, while it is fresh', cc('max-age=100, must-revalidate')),
  kept('immutable, while it is fresh', cc('max-age=100, immutable')),
  ['immutable, when it is stale', [run(cc('max-age=5, immutable')), miss({ after: 5 })]],
  kept('an attachment', [['content-disposition', 'attachment'], ...cc('max-age=100')]),
  notKept('must-understand, and nobody does', cc('max-age=100, must-understand'), { status: 499 }),
  notKept('a part', [['content-range', 'bytes 0-1/2'], ...cc('max-age=100')], { status: 206 }),
  ...[200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 499, 599].map((status) =>
    kept(`${status} with a lifetime`, cc('max-age=100'), { status })
  ),
  ...[200, 203, 204, 301, 308, 404, 405, 410, 414, 501].map((status) =>
    kept(`${status} without one`, [], { status })
  ),
  ...[201, 202, 302, 303, 307, 400, 401, 403, 418, 429, 500, 502, 503, 504, 599].map((status) =>
    notKept(`${status} without one`, [], { status })
  ),
  kept('302 that is public', cc('public'), { status: 302 }),
  ...[500, 502, 503, 504].map((status) => notKept(`${status} with a lifetime`, cc('max-age=100'), { status }))
]

const auth = { ask: { authorization: 'Basic YTpi' } }
const late = Policy.policy(
  Policy.ttl(Duration.seconds(60)),
  Policy.staleWhileRevalidate(Duration.seconds(100))
)
const requests: ReadonlyArray<Case> = [
  ['Authorization', [run(cc('max-age=100'), auth), miss(), hit()]],
  ['Authorization, and public', [run(cc('max-age=100, public'), auth), hit()]],
  ['Authorization, and must-revalidate', [run(cc('max-age=100, must-revalidate'), auth), hit()]],
  ['Authorization, and s-maxage', [run(cc('s-maxage=100'), auth), hit()]],
  ['what is there without Authorization is not for who has one', [run(cc('max-age=100')), miss(auth), hit()]],
  ['but what is public is', [run(cc('max-age=100, public')), hit(auth)]],
  ['a Cookie alone says nothing', [run(cc('max-age=100')), hit({ ask: { cookie: 'a=b' } })]],
  ['no-cache', [run(cc('max-age=100')), miss({ ask: { 'cache-control': 'no-cache' } }), hit()]],
  ['Pragma: no-cache', [run(cc('max-age=100')), miss({ ask: { pragma: 'no-cache' } }), hit()]],
  [
    'Pragma beside Cache-Control',
    [run(cc('max-age=100')), hit({ ask: { pragma: 'no-cache', 'cache-control': 'x' } })]
  ],
  ['Pragma: foo', [run(cc('max-age=100')), hit({ ask: { pragma: 'foo' } })]],
  ['no-store is neither answered from the store', [run(), miss({ ask: { 'cache-control': 'no-store' } })]],
  ['nor stored', [run([], { ask: { 'cache-control': 'no-store' } }), miss(), hit()]],
  ['max-age=0', [run(cc('max-age=100')), miss({ ask: { 'cache-control': 'max-age=0' } })]],
  [
    'max-age, and it is young enough',
    [run(cc('max-age=100')), hit({ after: 5, ask: { 'cache-control': 'max-age=10' } })]
  ],
  [
    'max-age, and it is not',
    [run(cc('max-age=100')), miss({ after: 15, ask: { 'cache-control': 'max-age=10' } })]
  ],
  [
    'max-age, and it came old',
    [run([...cc('max-age=100'), ['age', '50']]), miss({ ask: { 'cache-control': 'max-age=10' } })]
  ],
  [
    'max-stale, and it is not that late',
    [run(), { after: 60, ask: { 'cache-control': 'max-age=600, max-stale=5' }, got: 1 }],
    { policy: late }
  ],
  [
    'max-stale, and it is later than that',
    [run(), miss({ after: 66, ask: { 'cache-control': 'max-age=600, max-stale=5' } })],
    { policy: late }
  ],
  [
    'max-stale without a number',
    [run(), { after: 100, ask: { 'cache-control': 'max-age=600, max-stale' }, got: 1 }],
    { policy: late }
  ],
  [
    'max-age without max-stale, and it is stale',
    [run(), miss({ after: 60, ask: { 'cache-control': 'max-age=600' } })],
    { policy: late }
  ],
  ['min-fresh, and it is', [run(cc('max-age=100')), hit({ ask: { 'cache-control': 'min-fresh=50' } })]],
  [
    'min-fresh, and it is not',
    [run(cc('max-age=100')), miss({ after: 60, ask: { 'cache-control': 'min-fresh=50' } })]
  ],
  [
    'only-if-cached, and it is not',
    [{ ask: { 'cache-control': 'only-if-cached' }, got: 'cached', as: 504 }, miss(), hit()]
  ],
  ['only-if-cached, and it is', [run(), hit({ ask: { 'cache-control': 'only-if-cached' } })]],
  [
    'only-if-cached for a head',
    [{ method: 'HEAD', ask: { 'cache-control': 'only-if-cached' }, got: 'cached', as: 504 }]
  ],
  [
    'a cache may be told not to obey',
    [run(), hit({ ask: { 'cache-control': 'no-cache' } }), hit({ ask: { 'cache-control': 'max-age=0' } })],
    { obeysClients: false }
  ],
  [
    'nor does no-store make it ask the handler for what is there',
    [run(), hit({ ask: { 'cache-control': 'no-store' } })],
    { obeysClients: false }
  ],
  [
    'but what answers no-store is not stored',
    [run([], { ask: { 'cache-control': 'no-store' } }), miss(), hit()],
    { obeysClients: false }
  ],
  [
    'another query is another page',
    [run([], { path: '/?a=1' }), miss({ path: '/?a=2' }), hit({ path: '/?a=1' })]
  ],
  ['the order of a query counts', [run([], { path: '/?a=1&b=2' }), miss({ path: '/?b=2&a=1' })]],
  ['another path is another page', [run([], { path: '/a' }), miss({ path: '/A' })]],
  [
    'another host is another page',
    [run([], { path: 'https://a.example/' }), miss({ path: 'https://b.example/' })]
  ],
  [
    'another scheme is another page',
    [run([], { path: 'https://a.example/' }), miss({ path: 'http://a.example/' })]
  ],
  [
    'another port is another page',
    [run([], { path: 'https://a.example/' }), miss({ path: 'https://a.example:8443/' })]
  ],
  [
    'the letters of a host do not count',
    [run([], { path: 'https://A.example/' }), hit({ path: 'https://a.EXAMPLE/' })]
  ],
  [
    'nor does a default port',
    [run([], { path: 'https://a.example:443/' }), hit({ path: 'https://a.example/' })]
  ],
  ['nor does a fragment', [run([], { path: 'https://a.example/#x' }), hit({ path: 'https://a.example/#y' })]],
  ['a range is not answered from the store', [run(), miss({ ask: { range: 'bytes=0-1' } }), hit()]],
  ['nor stored', [run(cc('max-age=100'), { ask: { range: 'bytes=0-1' } }), miss()]],
  ['a HEAD is answered from a stored GET', [run(), hit({ method: 'HEAD' })]],
  ['a HEAD is not stored', [run([], { method: 'HEAD' }), miss(), hit()]],
  ['OPTIONS is neither', [run(), miss({ method: 'OPTIONS' }), hit()]]
]

const foo = (value?: string, bar?: string, baz?: string) => ({
  ask: {
    ...(value === undefined ? {} : { foo: value }),
    ...(bar === undefined ? {} : { bar }),
    ...(baz === undefined ? {} : { baz })
  }
})
const vary = (names: string): Pairs => [['vary', names]]
const three = vary('Foo, Bar, Baz')
const varying: ReadonlyArray<Case> = [
  ['the same value', [run(vary('Foo'), foo('1')), hit(foo('1'))]],
  ['another value', [run(vary('Foo'), foo('1')), miss({ ...foo('2'), give: vary('Foo') })]],
  ['none, then one', [run(vary('Foo')), miss({ ...foo('1'), give: vary('Foo') })]],
  ['one, then none', [run(vary('Foo'), foo('1')), miss({ give: vary('Foo') })]],
  ['an empty one is not none', [run(vary('Foo'), foo('')), miss({ give: vary('Foo') })]],
  [
    'two variants',
    [run(vary('Foo'), foo('1')), run(vary('Foo'), foo('2')), { ...foo('1'), got: 1 }, { ...foo('2'), got: 2 }]
  ],
  ['other fields do not count', [run(vary('Foo'), foo('1')), hit({ ask: { foo: '1', other: '2' } })]],
  ['two fields', [run(vary('Foo, Bar'), foo('1', 'a')), hit(foo('1', 'a'))]],
  [
    'two fields, of which one differs',
    [run(vary('Foo, Bar'), foo('1', 'a')), miss({ ...foo('1', 'b'), give: vary('Foo, Bar') })]
  ],
  [
    'two fields, of which one is missing',
    [run(vary('Foo, Bar'), foo('1', 'a')), miss({ ...foo('1'), give: vary('Foo, Bar') })]
  ],
  ['three fields', [run(three, foo('1', 'a', '7')), hit(foo('1', 'a', '7'))]],
  [
    'three fields, of which one differs',
    [run(three, foo('1', 'a', '7')), miss({ ...foo('1', 'a', '8'), give: three })]
  ],
  [
    'three fields in another order',
    [
      run(three, foo('1', 'a', '7')),
      run(vary('Baz, Bar, Foo'), foo('2', 'a', '7')),
      { ...foo('1', 'a', '7'), got: 1 }
    ]
  ],
  ['a field that is missing both times', [run(three, foo('1', 'a')), hit(foo('1', 'a'))]],
  [
    'fields on several lines',
    [run([...vary('Foo'), ...vary('Bar')], foo('1', 'a')), miss({ ...foo('1', 'b'), give: vary('Foo, Bar') })]
  ],
  ['white space in a list', [run(vary('Foo'), foo('1, 2')), hit(foo('1,2'))]],
  ['tabs in a list', [run(vary('Foo'), foo('1\t,\t 2')), hit(foo('1,2'))]],
  [
    'white space of Unicode is no space',
    [run(vary('Foo'), foo('1, 2')), miss({ ...foo('1,\xa02'), give: vary('Foo') })]
  ],
  [
    'variants that vary by other fields',
    [
      run(vary('Foo'), foo('1', 'a')),
      run(vary('Foo, Bar'), foo('2', 'a')),
      run(vary('Foo, Bar'), foo('2', 'b')),
      { ...foo('1', 'z'), got: 1 },
      { ...foo('2', 'a'), got: 2 },
      { ...foo('2', 'b'), got: 3 }
    ]
  ],
  [
    'fields that are known before',
    [run([], foo('1')), miss(foo('2')), { ...foo('1'), got: 1 }, { ...foo('2'), got: 2 }],
    { vary: ['Foo'] }
  ],
  [
    'fields that are known before, and more',
    [
      run(vary('Bar'), foo('1', 'a')),
      run(vary('Bar'), foo('1', 'b')),
      { ...foo('1', 'a'), got: 1 },
      { ...foo('1', 'b'), got: 2 },
      miss({ ...foo('2', 'a'), give: vary('Bar') })
    ],
    { vary: ['Foo'] }
  ],
  [
    'a HEAD is of its variant',
    [run(vary('Foo'), foo('1')), miss({ ...foo('2'), method: 'HEAD' }), hit({ ...foo('1'), method: 'HEAD' })]
  ]
]

const change = (method: string, status = 200, give: Pairs = []): Step => ({
  method,
  status,
  give,
  got: 'run'
})
const changes: ReadonlyArray<Case> = [
  ...['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH'].map(
    (method): Case => [`${method} that succeeds`, [run(), change(method), miss()]]
  ),
  ...['POST', 'DELETE'].map((method): Case => [`${method} that fails`, [run(), change(method, 500), hit()]]),
  ['POST that is refused', [run(), change('POST', 403), hit()]],
  ['POST that sends elsewhere', [run(), change('POST', 303), miss()]],
  ['of another page', [run([], { path: '/a' }), { ...change('POST'), path: '/b' }, hit({ path: '/a' })]],
  [
    'what Location names',
    [
      run([], { path: '/a' }),
      { ...change('POST', 201, [['location', '/a']]), path: '/b' },
      miss({ path: '/a' })
    ]
  ],
  [
    'what Content-Location names',
    [
      run([], { path: '/b/a' }),
      { ...change('PUT', 200, [['content-location', 'a']]), path: '/b/c' },
      miss({ path: '/b/a' })
    ]
  ],
  [
    'what Location names by the scheme that clients use, before a proxy',
    [
      run([], { path: 'http://a.example/a' }),
      { ...change('POST', 201, [['location', 'https://a.example/a']]), path: 'http://a.example/b' },
      miss({ path: 'http://a.example/a' })
    ]
  ],
  [
    'but not what belongs to somebody else',
    [
      run([], { path: '/a' }),
      { ...change('POST', 201, [['location', 'https://elsewhere.example/a']]), path: '/b' },
      hit({ path: '/a' })
    ]
  ],
  [
    'all variants',
    [
      run(vary('Foo'), foo('1')),
      run(vary('Foo'), foo('2')),
      change('POST'),
      miss({ ...foo('1'), give: vary('Foo') }),
      miss({ ...foo('2'), give: vary('Foo') })
    ]
  ]
]

const swr = Policy.policy(Policy.ttl(Duration.seconds(10)), Policy.staleWhileRevalidate(Duration.seconds(30)))
const sie = Policy.policy(
  Policy.ttl(Duration.seconds(10)),
  Policy.staleIfError(Duration.seconds(30)),
  Policy.retryThrottle(Duration.milliseconds(0))
)
const down = { after: 10, status: 503 }
const stale: ReadonlyArray<Case> = [
  ['within the window, and loaded anew', [run(), { after: 10, got: 1 }, { got: 2 }], { policy: swr }],
  ['after the window', [run(), miss({ after: 40 })], { policy: swr }],
  ['must-revalidate', [run(cc('max-age=10, must-revalidate')), miss({ after: 10 })], { policy: swr }],
  ['proxy-revalidate', [run(cc('max-age=10, proxy-revalidate')), miss({ after: 10 })], { policy: swr }],
  ['s-maxage', [run(cc('s-maxage=10')), miss({ after: 10 })], { policy: swr }],
  [
    's-maxage, and stale-while-revalidate',
    [run(cc('s-maxage=10, stale-while-revalidate=5')), { after: 14, got: 1 }],
    { policy: swr }
  ],
  [
    's-maxage, stale-while-revalidate, and proxy-revalidate',
    [run(cc('s-maxage=10, stale-while-revalidate=5, proxy-revalidate')), miss({ after: 14 })],
    { policy: swr }
  ],
  [
    'a narrower window',
    [run(cc('max-age=10, stale-while-revalidate=5')), miss({ after: 15 })],
    { policy: swr }
  ],
  [
    'within a narrower window',
    [run(cc('max-age=10, stale-while-revalidate=5')), { after: 14, got: 1 }],
    { policy: swr }
  ],
  [
    'a window is not widened',
    [run(cc('max-age=10, stale-while-revalidate=500')), miss({ after: 40 })],
    { policy: swr }
  ],
  ['503, and it is stale', [run(), { ...down, got: 1, as: 200 }], { policy: sie }],
  [
    '500, 502, 504 too',
    [
      run(),
      { ...down, status: 500, got: 1, as: 200 },
      { status: 502, got: 1, as: 200 },
      { status: 504, got: 1, as: 200 }
    ],
    { policy: sie }
  ],
  ['404 is an answer', [run(), { after: 10, status: 404, got: 2 }], { policy: sie }],
  ['503, after the window', [run(), { after: 40, status: 503, got: 2 }], { policy: sie }],
  [
    '503, and must-revalidate',
    [run(cc('max-age=10, must-revalidate')), { ...down, got: 2 }],
    { policy: sie }
  ],
  [
    '503, and proxy-revalidate',
    [run(cc('max-age=10, proxy-revalidate')), { ...down, got: 2 }],
    { policy: sie }
  ],
  ['503, and s-maxage', [run(cc('s-maxage=10')), { ...down, got: 2 }], { policy: sie }],
  [
    '503, and a narrower window',
    [run(cc('max-age=10, stale-if-error=5')), { after: 15, status: 503, got: 2 }],
    { policy: sie }
  ],
  [
    '503, within a narrower window',
    [run(cc('max-age=10, stale-if-error=5')), { after: 14, status: 503, got: 1, as: 200 }],
    { policy: sie }
  ],
  ['what is private now is given', [run(), { after: 10, give: cc('private'), got: 2 }], { policy: sie }],
  ['503, and nothing is there', [{ status: 503, got: 1 }], { policy: sie }],
  [
    '503 for another variant',
    [
      run(vary('Foo'), foo('1')),
      { ...down, ...foo('2'), got: 2 },
      { ...foo('1'), status: 503, got: 1, as: 200 }
    ],
    { policy: sie }
  ]
]

/** All cases, by what they are about. */
export const cases: ReadonlyArray<readonly [string, ReadonlyArray<Case>]> = [
  ['freshness', freshness],
  ['what is stored', storing],
  ['what is malformed', malformed],
  ['what is said for shared caches alone', targeted],
  ['what is asked', requests],
  ['Vary', varying],
  ['requests that change something', changes],
  ['stale pages', stale]
]
