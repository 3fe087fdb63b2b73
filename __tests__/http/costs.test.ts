/**
 * What a hit of a page costs that can be counted: promises, timers, `URL`s and bytes of heap. There is no socket: Node's
 * own server parses each request from a stream, and writes its answer to it.
 */
import { createHook } from 'node:async_hooks'
import * as http from 'node:http'
import { Duplex } from 'node:stream'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { afterAll, describe, expect, it, jest } from '@jest/globals'

interface Costs {
  readonly promises: number
  readonly urls: number
  readonly timers: number
  /** In bytes. */
  readonly heap: number
}

/**
 * The most that a hit in memory may cost beyond the handler, which costs 6 to 20 kB of heap by itself, according to the tests that
 * have run before in the same process.
 */
const limits: Readonly<Record<'node' | 'page', Costs>> = {
  node: { promises: 0, urls: 0, timers: 0, heap: 9_800 },
  page: { promises: 0, urls: 0, timers: 0, heap: 9_000 }
}

// -------------------------------------------------------------------------------------
// counting
// -------------------------------------------------------------------------------------

const counts = { promises: 0, urls: 0, timers: 0 }
const hook = createHook({
  init: (_, type) => {
    if (type === 'PROMISE') counts.promises++
    else if (type === 'Timeout') counts.timers++
  }
})

const PlainURL = globalThis.URL
globalThis.URL = new Proxy(PlainURL, {
  construct: (target, args, made) => {
    counts.urls++
    return Reflect.construct(target, args, made) as object
  },
  get: (target, name) => {
    if (name === 'parse' || name === 'canParse') counts.urls++ // they parse as much
    return Reflect.get(target, name)
  }
})
afterAll(() => {
  globalThis.URL = PlainURL
})

// they are loaded here, not by an import: a module may keep the `URL` that it finds
const { dict, Duration, noop, Policy } = jest.requireActual<typeof import('../../src')>('../../src')
const { lru } = jest.requireActual<typeof import('../../src/stores/memory/lru')>(
  '../../src/stores/memory/lru'
)
const { page, pageListener, pageMiddleware } =
  jest.requireActual<typeof import('../../src/http')>('../../src/http')

setFlagsFromString('--expose-gc')
// SAFETY: the flag makes it a global of new contexts
const collect = runInNewContext('gc') as () => void
const used = (): number => getHeapStatistics().used_heap_size

/** Something that is asked for one page, again and again. */
interface Site {
  readonly ask: () => void
  /** How many bytes it has answered. */
  readonly answered: () => number
  /** The last answer, as text. */
  readonly last: () => string
  /** How often its handler has run. */
  readonly runs: () => number
}

/** Asks so many times, one after the other. What an answer needs has run before the second immediate. */
const askedOf = (site: Site, n: number, each: () => void = () => undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const next = (left: number): void => {
      if (left === 0) return resolve()
      const before = site.answered()
      site.ask()
      setImmediate(() =>
        setImmediate(() => {
          each()
          if (site.answered() === before) reject(new Error('there was no answer in time'))
          else next(left - 1)
        })
      )
    }
    // the caller awaits by then
    setImmediate(next, n)
  })

const middle = (values: ReadonlyArray<number>): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN

const countsOf = async (site: Site): Promise<Omit<Costs, 'heap'>> => {
  const all: Array<Omit<Costs, 'heap'>> = []
  for (let i = 0; i < 21; i++) {
    await new Promise(setImmediate) // what else is queued has run
    const asked = askedOf(
      {
        ...site,
        ask: () => {
          Object.assign(counts, { promises: 0, urls: 0, timers: 0 })
          hook.enable()
          site.ask()
        }
      },
      1,
      () => {
        hook.disable()
        all.push({ ...counts })
      }
    )
    await asked
  }
  return {
    promises: middle(all.map(({ promises }) => promises)),
    urls: middle(all.map(({ urls }) => urls)),
    // `lru` and Node's `Date` remember the time for a while, and a timer ends that
    timers: Math.min(...all.map(({ timers }) => timers))
  }
}

/** By how much the heap grows from one answer to the next. The few in which V8 collects are far from the middle. */
const growthOf = async (site: Site): Promise<number> => {
  const all = new Float64Array(600)
  let i = 0
  let before = used()
  await askedOf(site, all.length, () => {
    all[i++] = used() - before
    before = used()
  })
  return middle([...all])
}

/** Answers at once, with nothing. */
const idle = (): Site => {
  let answered = 0
  return { ask: () => void answered++, answered: () => answered, last: () => '', runs: () => 0 }
}

const costsOf = async (site: Site): Promise<Costs> => {
  await askedOf(site, 1_500) // what is made once is there, and functions are compiled
  const counted = await countsOf(site)
  collect()
  // what is compiled meanwhile only adds to it
  const growths: Array<number> = []
  for (let i = 0; i < 3; i++) growths.push(await growthOf(site))
  const heap = Math.min(...growths) - (await growthOf(idle()))
  return { ...counted, heap }
}

// -------------------------------------------------------------------------------------
// sites
// -------------------------------------------------------------------------------------

const body = 'x'.repeat(10_000)

const config = () => ({
  store: dict<Uint8Array>(),
  policy: Policy.ttl(Duration.hours(1)),
  clock: { now: () => 0 },
  date: () => Date.UTC(2026, 0, 2)
})

type Wrap = (handler: http.RequestListener) => http.RequestListener

type Piece = string | Buffer

/** A server of Node over a stream that keeps nothing but the last pieces. */
const nodeSite = (wrap: Wrap, path = '/articles/1'): Site => {
  const asking = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: example.com\r\n\r\n`)
  let runs = 0
  let answered = 0
  let last: readonly [Piece, Piece, Piece] = ['', '', '']
  const stream = new Duplex({
    decodeStrings: false,
    read: () => undefined,
    write: (chunk: Piece, _, done) => {
      answered += chunk.length
      last = [last[1], last[2], chunk]
      done()
    }
  })
  const listener = wrap((_, res) => {
    runs++
    res.writeHead(200, { 'content-type': 'text/html', 'content-length': body.length }).end(body)
  })
  http.createServer(listener).emit('connection', stream)
  return {
    ask: () => void stream.push(asking),
    answered: () => answered,
    last: () => last.join(''),
    runs: () => runs
  }
}

type Handler = (request: Request) => Promise<Response>

/** A handler that is called; its body is read. */
const webSite = (wrap: (handler: Handler) => Handler): Site => {
  let runs = 0
  let answered = 0
  let last: () => string = () => ''
  const handler = wrap(() => {
    runs++
    return Promise.resolve(new Response(body, { headers: { 'content-type': 'text/html' } }))
  })
  return {
    ask: () => {
      void handler(new Request('https://example.com/articles/1')).then((response) =>
        response.arrayBuffer().then((bytes) => {
          answered += bytes.byteLength
          last = () => `${response.headers.get('cache-status')} ${Buffer.from(bytes).toString()}`
        })
      )
    },
    answered: () => answered,
    last: () => last(),
    runs: () => runs
  }
}

type Config = ReturnType<typeof config>

const cachedBy: Readonly<Record<string, (config: Config) => Wrap>> = {
  pageListener: (given) => (handler) => {
    const pages = pageListener(handler, given)
    return (req, res) => void pages(req, res)
  },
  pageMiddleware: (given) => {
    const pages = pageMiddleware(given)
    return (handler) => (req, res) => pages(req, res, () => handler(req, res))
  }
}
const byListener = cachedBy['pageListener']!

const stores: Readonly<Record<string, () => Config['store']>> = {
  dict: () => dict<Uint8Array>(),
  // SAFETY: a cache of pages uses no member that the other has not
  lru: () => lru<Uint8Array>({ max: 100 }) as unknown as Config['store']
}

const bareNode = nodeSite((handler) => handler)
const bareWeb = webSite((handler) => handler)

/** What each cost is beyond another. */
const beyond = (one: Costs, other: Costs): Costs => ({
  promises: one.promises - other.promises,
  urls: one.urls - other.urls,
  timers: one.timers - other.timers,
  heap: one.heap - other.heap
})

/** The costs that are above their limits, with what they are. */
const above = (costs: Costs, most: Costs): Partial<Costs> =>
  Object.fromEntries(Object.entries(costs).filter(([name, cost]) => cost > most[name as keyof Costs]))

const expectHits = (site: Site): void => {
  const last = site.last()
  expect({ runs: site.runs(), isHit: last.includes('fp-ring; hit'), isWhole: last.endsWith(body) }).toEqual({
    runs: 1,
    isHit: true,
    isWhole: true
  })
}

// -------------------------------------------------------------------------------------
// tests
// -------------------------------------------------------------------------------------

describe.each(Object.keys(stores))('a hit over %s', (store) => {
  it.each(Object.keys(cachedBy))(
    'through %s costs no more than its limits, beyond the handler',
    async (kind) => {
      const site = nodeSite(cachedBy[kind]!({ ...config(), store: stores[store]!() }))
      const costs = beyond(await costsOf(site), await costsOf(bareNode))
      expectHits(site)
      expect(above(costs, limits.node)).toEqual({})
    }
  )

  it('through page costs no more than its limits, beyond the handler', async () => {
    const given = { ...config(), store: stores[store]!() }
    const site = webSite((handler) => page(handler, given))
    const costs = beyond(await costsOf(site), await costsOf(bareWeb))
    expectHits(site)
    expect(above(costs, limits.page)).toEqual({})
  })
})

describe('control', () => {
  it('a handler of Node alone has none of the costs but heap', async () => {
    const costs = await costsOf(bareNode)
    expect(costs).toMatchObject({ promises: 0, urls: 0, timers: 0 })
    expect(costs.heap).toBeGreaterThan(1_000)
  })

  it('a promise, a URL, a timer and an array more are counted, each as what it is', async () => {
    const length = 5_000
    const more: Wrap = (handler) => (req, res) => {
      void Promise.resolve()
      res.setHeader('x-more', new URL('https://example.com/').origin)
      clearTimeout(setTimeout(() => undefined, 1_000))
      res.setHeader('x-length', new Array<number>(length).fill(0.5).length)
      handler(req, res)
    }
    const given = config()
    const one = await costsOf(nodeSite(byListener(given)))
    const other = await costsOf(nodeSite((handler) => more(byListener(given)(handler))))
    const { heap, ...counted } = beyond(other, one)
    expect(counted).toEqual({ promises: 1, urls: 1, timers: 1 })
    expect(heap / (8 * length)).toBeGreaterThan(0.7)
    expect(heap / (8 * length)).toBeLessThan(1.5)
    expect(Object.keys(above(beyond(other, await costsOf(bareNode)), limits.node))).toEqual(
      expect.arrayContaining(['promises', 'urls', 'timers', 'heap'])
    )
  })

  it('an address that the pattern of addresses refuses is parsed by a URL', async () => {
    const site = nodeSite(byListener(config()), '/articles/{1}')
    await askedOf(site, 1)
    expect((await countsOf(site)).urls).toBeGreaterThan(0)
  })

  it('a cache that stores nothing is above the limits', async () => {
    // SAFETY: it stores values of every type, as it stores none
    const store = noop() as unknown as Config['store']
    const site = nodeSite(byListener({ ...config(), store }))
    const costs = beyond(await costsOf(site), await costsOf(bareNode))
    expect(site.runs()).toBeGreaterThan(1)
    expect(Object.keys(above(costs, limits.node))).toEqual(expect.arrayContaining(['promises', 'heap']))
  })
})
