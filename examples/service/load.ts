/**
 * `npm run example:load -- http://127.0.0.1:3000`: clients that read and sometimes write, for some seconds, and a table of
 * what they saw.
 *
 * They also check it: what has been saved, and acknowledged, every later answer has to show. One that does not is stale, and
 * the script exits with 1, as it does where a request fails.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'

import { articles, authors } from './database'
import { revisionsIn } from './html'
import type { Answer, Report } from './table'
import { printReport, printVerdict } from './table'

// -------------------------------------------------------------------------------------
// what has been acknowledged
// -------------------------------------------------------------------------------------

interface Acknowledged {
  readonly at: number
  readonly revision: number
}

/** What answers to requests that begin at some time have to show, at least. */
const makeLedger = () => {
  const noted = new Map<string, Array<Acknowledged>>()
  return {
    note: (what: string, revision: number): void => {
      noted.set(what, [...(noted.get(what) ?? []), { at: performance.now(), revision }])
    },
    least: (what: string, since: number): number =>
      Math.max(0, ...(noted.get(what) ?? []).filter(({ at }) => at <= since).map(({ revision }) => revision)),
    writes: (): number => [...noted.values()].flat().length
  }
}

type Ledger = ReturnType<typeof makeLedger>

// -------------------------------------------------------------------------------------
// what is asked
// -------------------------------------------------------------------------------------

interface Call {
  readonly path: string
  readonly method?: string
  readonly body?: unknown
}

interface Route {
  readonly name: string
  /** How many of a thousand requests. */
  readonly share: number
  readonly call: () => Call
  readonly expects: number
  /** Whether a good answer is as new as it has to be. Writes note what was acknowledged. */
  readonly isNew: (text: string, call: Call, since: number, ledger: Ledger) => boolean
}

/** By Zipf's law: the second is asked for half as often as the first, the third a third as often. */
const someOf = (n: number): number => Math.floor((n + 1) ** Math.random())

const idIn = (path: string): string => /\d+/.exec(path)?.[0] ?? ''

const areNew = (text: string, since: number, ledger: Ledger): boolean =>
  revisionsIn(text).every(([id, revision]) => revision >= ledger.least(`article ${id}`, since))

const routes: ReadonlyArray<Route> = [
  {
    name: 'GET /articles/:id',
    share: 600,
    call: () => ({ path: `/articles/${someOf(articles)}` }),
    expects: 200,
    isNew: (text, { path }, since, ledger) => {
      const { article, comments } = JSON.parse(text)
      const id = idIn(path)
      return (
        article.revision >= ledger.least(`article ${id}`, since) &&
        comments.length >= ledger.least(`comments ${id}`, since)
      )
    }
  },
  {
    name: 'GET /authors/:id',
    share: 180,
    call: () => ({ path: `/authors/${someOf(authors)}?page=${someOf(2)}` }),
    expects: 200,
    isNew: (text, _, since, ledger) => areNew(text, since, ledger)
  },
  {
    name: 'GET /',
    share: 190,
    call: () => ({ path: '/' }),
    expects: 200,
    // the one that was saved last is there, or one that was saved later
    isNew: (text, _, since, ledger) =>
      areNew(text, since, ledger) &&
      Math.max(...revisionsIn(text).map(([, revision]) => revision)) >= ledger.least('front', since)
  },
  {
    name: 'GET /articles/:id, none',
    share: 15,
    call: () => ({ path: `/articles/${articles + someOf(10)}` }),
    expects: 404,
    isNew: () => true
  },
  {
    name: 'PUT /articles/:id',
    share: 8,
    call: () => ({
      path: `/articles/${someOf(articles)}`,
      method: 'PUT',
      body: { title: `Title of ${new Date().toISOString()}`, text: 'Saved. '.repeat(50) }
    }),
    expects: 200,
    isNew: (text, { path }, _, ledger) => {
      const { revision } = JSON.parse(text)
      ledger.note(`article ${idIn(path)}`, revision)
      ledger.note('front', revision)
      return true
    }
  },
  {
    name: 'POST /articles/:id/comments',
    share: 7,
    call: () => ({
      path: `/articles/${someOf(articles)}/comments`,
      method: 'POST',
      body: { text: 'Well said.' }
    }),
    expects: 201,
    isNew: (text, { path }, _, ledger) => {
      ledger.note(`comments ${idIn(path)}`, JSON.parse(text).comments)
      return true
    }
  }
]

const someRoute = (): Route => {
  let left = Math.random() * routes.reduce((sum, { share }) => sum + share, 0)
  return routes.find(({ share }) => (left -= share) < 0) ?? routes[0]!
}

// -------------------------------------------------------------------------------------
// who asks
// -------------------------------------------------------------------------------------

const send = async (url: string, { body, method = 'GET', path }: Call) => {
  const response = await fetch(url + path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  })
  return {
    status: response.status,
    fate: response.headers.get('cache-status') ?? '',
    text: await response.text()
  }
}

/** How a request fared; `fetch` keeps its connections. */
const ask = async (url: string, ledger: Ledger): Promise<Answer> => {
  const { call: make, expects, isNew, name: route } = someRoute()
  const call = make()
  const since = performance.now()
  try {
    const { fate, status, text } = await send(url, call)
    const ms = performance.now() - since
    const ok = status === expects
    const stale = ok && !isNew(text, call, since, ledger)
    return { route, ms, ok, hit: /; hit/.test(fate), late: /detail=stale/.test(fate), stale }
  } catch {
    return { route, ms: performance.now() - since, ok: false, hit: false, late: false, stale: false }
  }
}

export interface Load {
  readonly seconds: number
  readonly clients: number
  /** How long a client rests between two requests, in milliseconds, on average. */
  readonly pause: number
}

const queriesOf = async (url: string): Promise<number> =>
  JSON.parse((await send(url, { path: '/metrics' })).text).database.queries

/** Before it counts, in seconds: what is asked for often is there then, and the programs are warm. */
const warmUp = 2

export const runLoad = async (url: string, { clients, pause, seconds }: Load): Promise<Report> => {
  const ledger = makeLedger()
  const client = async (end: number): Promise<ReadonlyArray<Answer>> => {
    const answers: Array<Answer> = []
    while (performance.now() < end) {
      await sleep(Math.random() * 2 * pause)
      answers.push(await ask(url, ledger))
    }
    return answers
  }
  const all = async (lasts: number): Promise<ReadonlyArray<Answer>> => {
    const end = performance.now() + lasts * 1_000
    return (await Promise.all(Array.from({ length: clients }, () => client(end)))).flat()
  }
  const early = await all(warmUp)
  const before = await queriesOf(url)
  const answers = await all(seconds)
  const queries = (await queriesOf(url)) - before
  return { routes: routes.map(({ name }) => name), early, answers, seconds, queries, writes: ledger.writes() }
}

// -------------------------------------------------------------------------------------
// the program
// -------------------------------------------------------------------------------------

const main = async (): Promise<boolean> => {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '5' },
      clients: { type: 'string', default: '16' },
      pause: { type: 'string', default: '20' },
      without: { type: 'string' } // the url of the same service without caches
    }
  })
  const [url = 'http://127.0.0.1:3000'] = positionals
  const load: Load = {
    seconds: Number(values.seconds),
    clients: Number(values.clients),
    pause: Number(values.pause)
  }
  console.log(`${load.clients} clients, each for ${load.seconds} seconds, with pauses of ${load.pause} ms`)
  // first, so that the programs are warm when it comes to the caches
  if (values.without !== undefined) printReport('Without caches', await runLoad(values.without, load))
  const report = await runLoad(url, load)
  printReport('With caches', report)
  return printVerdict(report)
}

if (require.main === module)
  void main().then(
    (ok) => {
      process.exitCode = ok ? 0 : 1
    },
    (cause: unknown) => {
      console.error(cause instanceof Error ? `${cause.message}: is the service there?` : cause)
      process.exitCode = 1
    }
  )
