/**
 * What a service has before it has a cache: a database that is slow, and functions that ask it.
 *
 * It lies in memory. A query takes one of few connections, for a while; what it answers was read when it began, so that an
 * answer may be old when it comes, as that of a real one may.
 */
import { setTimeout as sleep } from 'node:timers/promises'

import * as E from 'fp-ts/Either'
import type { IO } from 'fp-ts/IO'
import * as RA from 'fp-ts/ReadonlyArray'
import type { Task } from 'fp-ts/Task'
import type { TaskEither } from 'fp-ts/TaskEither'
import * as t from 'io-ts'

// -------------------------------------------------------------------------------------
// model
// -------------------------------------------------------------------------------------

/** `revision`: which save of the database made it what it is; 0 is how it began. */
const fields = { id: t.number, author: t.number, title: t.string, revision: t.number }

export const Headline = t.readonly(t.strict(fields), 'Headline')
export type Headline = t.TypeOf<typeof Headline>

export const Article = t.readonly(t.strict({ ...fields, text: t.string }), 'Article')
export type Article = t.TypeOf<typeof Article>

export const NotFound = t.readonly(t.strict({ _tag: t.literal('NotFound'), what: t.string }), 'NotFound')
export type NotFound = t.TypeOf<typeof NotFound>

export interface Unavailable {
  readonly _tag: 'Unavailable'
}

export interface Draft {
  readonly title: string
  readonly text: string
}

export interface Database {
  readonly article: (id: number) => TaskEither<NotFound | Unavailable, Article>
  readonly comments: (article: number) => TaskEither<Unavailable, ReadonlyArray<string>>
  /** Those that were saved last, the newest first. */
  readonly latest: () => TaskEither<Unavailable, ReadonlyArray<Headline>>
  /** A page of an author's articles; the first is 1. */
  readonly shelf: (
    author: number,
    page: number
  ) => TaskEither<NotFound | Unavailable, ReadonlyArray<Headline>>
  readonly save: (id: number, draft: Draft) => TaskEither<NotFound | Unavailable, Article>
  /** Gives how many comments there are now. */
  readonly addComment: (article: number, text: string) => TaskEither<NotFound | Unavailable, number>
  /** How many queries it was asked. */
  readonly queries: IO<number>
  /** From now on, and for so many milliseconds, it fails. */
  readonly fail: (ms: number) => IO<void>
}

export const articles = 1_000
export const authors = 50
/** How many headlines are a page. */
export const pageSize = 10

/** 1, 2, 3 … are by the authors 1, 2, 3 …, and so on from the start. */
export const authorOf = (id: number): number => ((id - 1) % authors) + 1

// -------------------------------------------------------------------------------------
// constructors
// -------------------------------------------------------------------------------------

/** At most so many at once; others wait for their turn. */
const makePool = (connections: number) => {
  const waiting: Array<() => void> = []
  let free = connections
  return async <A>(task: Task<A>): Promise<A> => {
    if (free > 0) free--
    else await new Promise<void>((resolve) => waiting.push(resolve))
    try {
      return await task()
    } finally {
      const next = waiting.shift()
      if (next === undefined) free++
      else next()
    }
  }
}

const notFound = (what: string) => (): NotFound => ({ _tag: 'NotFound', what })

const firstArticle = (id: number): Article => ({
  id,
  author: authorOf(id),
  title: `Article ${String(id)}`,
  revision: 0,
  text: 'A ring is a function that remembers. '.repeat(20)
})

const headline = ({ author, id, revision, title }: Article): Headline => ({ id, author, title, revision })

export const makeDatabase = ({ connections = 10, latency = 20 } = {}): Database => {
  const table = new Map(RA.makeBy(articles, (i) => [i + 1, firstArticle(i + 1)]))
  const remarks = new Map<number, ReadonlyArray<string>>()
  const saved = new Set(table.keys()) // in the order of their saves
  const pool = makePool(connections)
  const counter = { queries: 0 }
  let downUntil = 0
  let saves = 0

  const query =
    <Err, A>(run: IO<E.Either<Err, A>>): TaskEither<Err | Unavailable, A> =>
    () => {
      counter.queries++
      return pool(async () => {
        const down = performance.now() < downUntil
        const answer = down ? E.left<Unavailable>({ _tag: 'Unavailable' }) : run()
        await sleep(latency)
        return answer
      })
    }

  const find = (id: number): E.Either<NotFound, Article> =>
    E.fromNullable(notFound(`article ${String(id)}`)())(table.get(id))
  const commentsOn = (id: number): ReadonlyArray<string> => remarks.get(id) ?? []

  return {
    article: (id) => query(() => find(id)),
    comments: (article) => query(() => E.right(commentsOn(article))),
    latest: () =>
      query(() =>
        E.right(
          [...saved]
            .slice(-pageSize)
            .reverse()
            .flatMap((id) => RA.fromEither(find(id)))
            .map(headline)
        )
      ),
    shelf: (author, page) =>
      query(() => {
        const all = [...table.values()].filter((article) => article.author === author)
        const some = all.slice((page - 1) * pageSize, page * pageSize)
        return some.length === 0
          ? E.left(notFound(`page ${String(page)} of author ${String(author)}`)())
          : E.right(some.map(headline))
      }),
    save: (id, draft) =>
      query(() =>
        E.map((article: Article): Article => {
          const next = { ...article, ...draft, revision: ++saves }
          table.set(id, next)
          saved.delete(id)
          saved.add(id)
          return next
        })(find(id))
      ),
    addComment: (article, text) =>
      query(() =>
        E.map(() => {
          const all = [...commentsOn(article), text]
          remarks.set(article, all)
          return all.length
        })(find(article))
      ),
    queries: () => counter.queries,
    fail: (ms) => () => {
      downUntil = performance.now() + ms
    }
  }
}
