/**
 * The functions of the database, cached, and the functions that change it, which say what is out of date then.
 *
 *     comments ──┐
 *                ├─▶ thread          an article with its comments: made of two rings
 *     article  ──┘
 *     shelf  ──────▶ /authors/:id    an author's articles, page by page: found by a tag
 *     latest ──────▶ /               the front page: deleted by its path
 */
import { Codec, type Duration, invalidates, Policy, Ring, ring } from 'fp-ring'
import { pageMiddleware } from 'fp-ring/http'
import * as Ap from 'fp-ts/Apply'
import { pipe } from 'fp-ts/function'
import * as TE from 'fp-ts/TaskEither'
import * as t from 'io-ts'

import type { Unavailable } from './database'
import { Article, type Database, Headline, NotFound } from './database'
import type { Metrics } from './metrics'
import type { Place } from './place'

/** How long an answer is new; how long it may be served late, at once; and how long when the database is down. */
export interface Freshness {
  readonly ttl: Duration.Duration
  readonly whileRevalidate: Duration.Duration
  readonly ifError: Duration.Duration
}

export interface Parts {
  readonly database: Database
  readonly freshness: Freshness
  readonly metrics: Pick<Metrics, 'observe'>
  readonly store: Place['store']
}

type Failed = NotFound | Unavailable

const isNotFound = (e: Failed): e is NotFound => e._tag === 'NotFound'

const Comments = t.readonlyArray(t.string)
const Headlines = t.readonlyArray(Headline)
const Thread = t.readonly(t.strict({ article: Article, comments: Comments }), 'Thread')
export type Thread = t.TypeOf<typeof Thread>

/** What hides all pages of an author, and what they are made of: tags are those of the store, whoever uses them. */
const ofAuthor = (author: number | string): string => `author:${String(author)}`

const taggedBy = ({ path }: { readonly path: string }): ReadonlyArray<string> => {
  const [, author] = /^\/authors\/(\d+)/.exec(path) ?? []
  return author === undefined ? [] : [ofAuthor(author)]
}

export const makeRings = ({ database, freshness, metrics: { observe }, store }: Parts) => {
  const { ifError, ttl, whileRevalidate } = freshness

  const policy = Policy.policy(
    Policy.ttl(ttl),
    Policy.jitter(0.1), // what was loaded together does not end together
    Policy.staleWhileRevalidate(whileRevalidate),
    Policy.staleIfError(ifError, (e: Failed) => e._tag === 'Unavailable'), // what is not there is not served
    Policy.lease() // one load for all processes
  )
  // who asks for what is not there, again and again, asks the cache
  const remembering = Policy.policy(
    policy,
    Policy.negative({ codec: Codec.json(NotFound), ttl, when: isNotFound })
  )

  /** What all rings have, and a codec: where its type changes, so do the keys, and a new release has its own entries. */
  const as = <A, O>(type: t.Type<A, O>) => {
    const codec = Codec.json(type)
    return { store, observe, codec, version: Codec.fingerprint(codec) }
  }

  // -----------------------------------------------------------------------------------
  // what is read
  // -----------------------------------------------------------------------------------

  const articleOnly = ring(database.article, { ...as(Article), name: 'article', policy: remembering })
  const commentsOnly = ring(database.comments, { ...as(Comments), name: 'comments', policy })

  // a ring that is made of rings stores what those serve, so ages add up: a thread may be twice as old as its parts
  const thread = ring(
    (id: number): TE.TaskEither<Failed, Thread> =>
      Ap.sequenceS(TE.ApplyPar)({ article: articleOnly(id), comments: commentsOnly(id) }),
    { ...as(Thread), name: 'thread', policy: remembering }
  )
  // whoever changes one of them changes the thread: reads are those above, changes those here
  const article = pipe(articleOnly, Ring.linked(Ring.expires(thread, (id) => [[id]])))
  const comments = pipe(commentsOnly, Ring.linked(Ring.expires(thread, (id) => [[id]])))

  const latest = ring(database.latest, { ...as(Headlines), name: 'latest', policy })
  const shelf = ring(database.shelf, {
    ...as(Headlines),
    name: 'shelf',
    policy: remembering,
    tags: (author) => [ofAuthor(author)]
  })

  /** Whole answers, with an `ETag` and an `Age`. What they are made of is remembered as well, so here, too, ages add up. */
  const pages = pageMiddleware({
    store,
    observe,
    policy: Policy.policy(Policy.ttl(ttl), Policy.staleIfError(ifError)),
    tags: taggedBy
  })

  // -----------------------------------------------------------------------------------
  // what is changed
  // -----------------------------------------------------------------------------------

  const save = pipe(
    database.save,
    invalidates((saved) => [
      article.delete(saved.id), // and its thread
      shelf.purge(ofAuthor(saved.author)), // and its pages, which have the same tag
      // first what the page is made of: the other way round it could be made of the old list once more
      pipe(
        latest.delete(),
        TE.chain(() => pages.delete('/'))
      )
    ])
  )
  const addComment = pipe(
    database.addComment,
    invalidates((_, id) => [comments.delete(id)])
  )

  return { addComment, latest, pages, save, shelf, thread }
}

export type Rings = ReturnType<typeof makeRings>
