/**
 * Many who ask at once. One answer is shared only if it may be stored and suits who gets it; nobody is ever given what was
 * made for somebody else.
 */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { dict, Duration, Policy } from 'fp-ring'
import { page } from 'fp-ring/http'
import * as E from 'fp-ts/Either'

import { runs } from '../runs'
import { ask, bench, fate, home, soon, textOf } from './kit'

/** A handler whose answers are given by hand: each says to whom. */
const held = () => {
  const waiting: Array<{ readonly who: string; readonly answer: (response: Response | Error) => void }> = []
  return {
    waiting,
    handler: (request: Request): Promise<Response> =>
      new Promise((resolve, reject) => {
        waiting.push({
          who: request.headers.get('x-who') ?? '',
          answer: (response) => (response instanceof Error ? reject(response) : resolve(response))
        })
      })
  }
}

const crowd = (n: number, headers: (i: number) => Readonly<Record<string, string>> = () => ({})) =>
  Array.from({ length: n }, (_, i) => ask('/', { 'x-who': String(i), ...headers(i) }))

/** Answers all who wait, until nobody does. */
const answerAll = async (
  waiting: ReturnType<typeof held>['waiting'],
  made: (who: string) => Response | Error
): Promise<void> => {
  for (let idle = 0; idle < 3; ) {
    await soon(2)
    const all = waiting.splice(0)
    idle = all.length === 0 ? idle + 1 : 0
    for (const { answer, who } of all) answer(made(who))
  }
}

const mine = (who: string, headers: Readonly<Record<string, string>> = {}, status = 200) =>
  new Response(`for ${who}`, { status, headers })

describe('a crowd', () => {
  it('is one run, where its answer may be stored', async () => {
    const { handler, waiting } = held()
    const { pages, runs } = bench(handler)
    const answers = crowd(50).map((request) => pages(request))
    await answerAll(waiting, (who) => mine(who))
    const all = await Promise.all(answers)
    expect(await Promise.all(all.map((one) => one.text()))).toEqual(Array.from({ length: 50 }, () => 'for 0'))
    expect(runs()).toBe(1)
    expect(fate(all[0]!)).toBe('fp-ring; fwd=miss; stored')
    expect(new Set(all.slice(1).map(fate))).toEqual(new Set(['fp-ring; fwd=miss; ttl=60; stored; collapsed']))
  })

  it.each<readonly [string, Readonly<Record<string, string>>, number]>([
    ['Set-Cookie', { 'set-cookie': 'session=1' }, 200],
    ['Set-Cookie beside public', { 'set-cookie': 'session=1', 'cache-control': 'public, max-age=60' }, 200],
    ['private', { 'cache-control': 'private' }, 200],
    ['no-store', { 'cache-control': 'no-store' }, 200],
    ['no-cache', { 'cache-control': 'no-cache' }, 200],
    ['max-age=0', { 'cache-control': 'max-age=0' }, 200],
    ['Vary: *', { vary: '*' }, 200],
    ['Vary: x-who', { vary: 'x-who' }, 200],
    ['401', {}, 401],
    ['403', {}, 403],
    ['302', { location: '/' }, 302],
    ['500', {}, 500],
    ['503', {}, 503]
  ])('gets nobody the answer of another: %s', async (_, headers, status) => {
    const { handler, waiting } = held()
    const { pages, runs } = bench(handler)
    const answers = crowd(20).map((request) => pages(request))
    await answerAll(waiting, (who) => mine(who, headers, status))
    const texts = await Promise.all((await Promise.all(answers)).map((one) => one.text()))
    expect(texts).toEqual(Array.from({ length: 20 }, (__, i) => `for ${i}`))
    expect(runs()).toBe(20)
  })

  it('gets nobody the cookie of another, neither now nor later', async () => {
    const { handler, waiting } = held()
    const { pages } = bench(handler)
    const answers = crowd(5).map((request) => pages(request))
    // the first is given a session, all others are not
    await answerAll(waiting, (who) => mine(who, who === '0' ? { 'set-cookie': 'session=0' } : {}))
    const all = await Promise.all(answers)
    expect(all.map((one) => one.headers.get('set-cookie'))).toEqual(['session=0', null, null, null, null])
    expect(await all[0]!.text()).toBe('for 0')
    for (const one of all.slice(1)) expect(await one.text()).not.toBe('for 0')
    const later = await pages(ask('/'))
    expect(later.headers.get('set-cookie')).toBeNull()
    expect(await later.text()).not.toBe('for 0')
  })

  it('with Authorization gets what is for all, and nothing else', async () => {
    const { handler, waiting } = held()
    const { pages } = bench(handler)
    const answers = crowd(10, (i) => (i % 2 === 0 ? { authorization: `Bearer ${i}` } : {})).map((r) =>
      pages(r)
    )
    await answerAll(waiting, (who) => mine(who, { 'cache-control': 'max-age=60' }))
    const texts = await Promise.all((await Promise.all(answers)).map((one) => one.text()))
    for (let i = 0; i < 10; i += 2) {
      expect(texts[i]).toBe(`for ${i}`)
      expect(texts.filter((text) => text === `for ${i}`)).toHaveLength(1)
    }
  })

  it('of two variants is two runs', async () => {
    const { handler, waiting } = held()
    const { pages, runs } = bench(handler)
    const answers = crowd(20, (i) => ({ 'accept-language': i % 2 === 0 ? 'en' : 'de' })).map((r) => pages(r))
    await answerAll(waiting, (who) => mine(Number(who) % 2 === 0 ? 'en' : 'de', { vary: 'accept-language' }))
    const texts = await Promise.all((await Promise.all(answers)).map((one) => one.text()))
    expect(texts).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'for en' : 'for de')))
    expect(runs()).toBe(2)
  })

  it('does not wait for a page that was found to be for one alone', async () => {
    const { handler, waiting } = held()
    const { pages } = bench(handler)
    const first = pages(ask('/', { 'x-who': 'first' }))
    await answerAll(waiting, (who) => mine(who, { 'cache-control': 'private' }))
    await first
    const both = [pages(ask('/', { 'x-who': 'a' })), pages(ask('/', { 'x-who': 'b' }))]
    await soon()
    expect(waiting.map(({ who }) => who)).toEqual(['a', 'b'])
    await answerAll(waiting, (who) => mine(who))
    expect(await Promise.all((await Promise.all(both)).map((one) => one.text()))).toEqual(['for a', 'for b'])
    // their heads say that it may be stored by now: it is, with the next answer
    const next = pages(ask('/', { 'x-who': 'c' }))
    await answerAll(waiting, (who) => mine(who))
    expect(fate(await next)).toMatch(/stored/)
    expect(fate(await pages(ask('/')))).toMatch(/hit/)
  })

  it('is not given the old page where the new one is private, neither now nor next', async () => {
    const { handler, waiting } = held()
    const { pages, time } = bench(handler, {
      policy: Policy.policy(Policy.ttl(Duration.seconds(1)), Policy.staleIfError(Duration.minutes(1)))
    })
    const first = pages(ask('/', { 'x-who': 'old' }))
    await answerAll(waiting, (who) => mine(who))
    await first
    time.pass(2)
    const both = ['a', 'b'].map((who) => pages(ask('/', { 'x-who': who })))
    await answerAll(waiting, (who) => mine(who, { 'cache-control': 'private' }))
    expect(await Promise.all((await Promise.all(both)).map((one) => one.text()))).toEqual(['for a', 'for b'])
    time.pass(11)
    const next = pages(ask('/', { 'x-who': 'c' }))
    await answerAll(waiting, (who) => mine(who, { 'cache-control': 'private' }))
    expect(await (await next).text()).toBe('for c')
  })

  it('whose first handler throws: each hears of his own', async () => {
    const { handler, waiting } = held()
    const { pages } = bench(handler)
    const answers = crowd(5).map((request) =>
      pages(request).then(
        (r) => r.text(),
        (e: unknown) => (e as Error).message
      )
    )
    await answerAll(waiting, (who) => (who === '0' ? new Error('the first') : mine(who)))
    const texts = await Promise.all(answers)
    expect(texts[0]).toBe('the first')
    expect(texts.slice(1).every((text) => text.startsWith('for '))).toBe(true)
    expect(texts.slice(1)).not.toContain('for 0')
  })

  it('whose first goes away: the others get a page', async () => {
    const leaving = new AbortController()
    const { pages, runs } = bench(
      (request, run) =>
        new Promise((resolve, reject) => {
          request.signal.addEventListener('abort', () => reject(new Error('gone')))
          setTimeout(() => resolve(new Response(`run ${run}`)), 15)
        })
    )
    const first = pages(new Request(home, { signal: leaving.signal }))
    const others = [pages(ask('/')), pages(ask('/'))]
    await soon(2)
    leaving.abort()
    await expect(first).rejects.toThrow('gone')
    expect(await Promise.all(others.map(async (other) => (await other).text()))).toEqual(['run 2', 'run 2'])
    expect(runs()).toBe(2)
  })

  it('is not told what the handler of one who went away has made of that', async () => {
    const { pages, runs } = bench(async ({ signal }) => {
      await new Promise((resolve) => {
        signal.addEventListener('abort', resolve)
        setTimeout(resolve, 100)
      })
      return signal.aborted ? new Response('nothing', { status: 404 }) : new Response('page')
    })
    const leave = new AbortController()
    const first = pages(new Request(`${home}/`, { signal: leave.signal }))
    await soon()
    const others = [pages(ask('/')), pages(ask('/'))]
    await soon()
    leave.abort()
    expect(await textOf(first)).toBe('nothing')
    expect(await Promise.all(others.map(textOf))).toEqual(['page', 'page'])
    expect(await textOf(pages(ask('/')))).toBe('page')
    expect(runs()).toBe(2)
  })

  it('of which the first goes away again and again waits three times, and then asks for itself', async () => {
    const leaving: Array<AbortController> = []
    const { pages, runs } = bench(
      (request, run) =>
        new Promise((resolve, reject) => {
          request.signal.addEventListener('abort', () => reject(new Error('gone')))
          if (run > 3) resolve(new Response(`run ${run}`))
        })
    )
    const answers = Array.from({ length: 3 }, () => {
      const leave = new AbortController()
      leaving.push(leave)
      return pages(new Request(home, { signal: leave.signal }))
    })
    const patient = Array.from({ length: 20 }, () => pages(ask('/')))
    for (const [i, leave] of leaving.entries()) {
      await soon(2)
      expect(runs()).toBe(i + 1)
      leave.abort()
      await expect(answers[i]).rejects.toThrow('gone')
    }
    const texts = await Promise.all(patient.map(async (one) => (await one).text()))
    expect(new Set(texts).size).toBe(20)
    expect(await (await pages(ask('/'))).text()).toMatch(/^run/)
  })

  it('whose first goes away while its body comes: one of the others makes the page', async () => {
    const { pages, runs } = bench((request, run) => {
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(Buffer.from(`run ${run}`))
          if (run === 1) request.signal.addEventListener('abort', () => controller.error(new Error('gone')))
          else controller.close()
        }
      })
      return new Response(body)
    })
    const leave = new AbortController()
    const first = await pages(new Request(home, { signal: leave.signal }))
    const others = Array.from({ length: 200 }, () => pages(ask('/')))
    await soon(2)
    leave.abort()
    await expect(first.text()).rejects.toThrow('gone')
    const texts = await Promise.all(others.map(async (other) => (await other).text()))
    expect(new Set(texts)).toEqual(new Set(['run 2']))
    expect(runs()).toBe(2)
  })

  it('law P2: is given nothing private, whatever comes in whatever order', async () => {
    const reply = fc.record({
      cookie: fc.boolean(),
      control: fc.constantFrom('', 'private', 'no-store', 'max-age=60', 'public', 's-maxage=9', 'max-age=0'),
      vary: fc.constantFrom('', 'x-who', 'x-lang', '*'),
      status: fc.constantFrom(200, 200, 200, 404, 401, 500)
    })
    const asked = fc.record({
      authorized: fc.boolean(),
      lang: fc.constantFrom('en', 'de'),
      control: fc.constantFrom('', '', '', 'no-cache', 'max-age=5'),
      slow: fc.nat(3),
      reply
    })
    await fc.assert(
      fc.asyncProperty(fc.array(asked, { minLength: 2, maxLength: 12 }), async (all) => {
        const { pages } = bench(async (request) => {
          const one = all[Number(request.headers.get('x-who'))]!
          await soon(one.slow)
          const headers = new Headers({ 'x-for': request.headers.get('x-who')!, 'x-lang': one.lang })
          if (one.reply.cookie) headers.set('set-cookie', `s=${request.headers.get('x-who')}`)
          if (one.reply.control !== '') headers.set('cache-control', one.reply.control)
          if (one.reply.vary !== '') headers.set('vary', one.reply.vary)
          return new Response(`for ${request.headers.get('x-who')}`, { status: one.reply.status, headers })
        })
        const answers = await Promise.all(
          all.map((one, i) =>
            pages(
              ask('/', {
                'x-who': String(i),
                'x-lang': one.lang,
                ...(one.authorized ? { authorization: 'x' } : {}),
                ...(one.control === '' ? {} : { 'cache-control': one.control })
              })
            )
          )
        )
        for (const [i, answer] of answers.entries()) {
          const author = Number(answer.headers.get('x-for'))
          expect(await answer.text()).toBe(`for ${author}`)
          if (author === i) continue
          const made = all[author]!
          expect(made.reply.cookie).toBe(false)
          expect(['private', 'no-store', 'max-age=0']).not.toContain(made.reply.control)
          expect(['*', 'x-who']).not.toContain(made.reply.vary)
          expect(made.reply.status).not.toBe(500)
          // what has a lifetime of its own may be stored, whatever its status
          if (made.reply.status === 401) expect(made.reply.control).not.toBe('')
          if (made.reply.vary === 'x-lang') expect(made.lang).toBe(all[i]!.lang)
          if (made.authorized || all[i]!.authorized)
            expect(['public', 's-maxage=9']).toContain(made.reply.control)
        }
      }),
      { numRuns: runs(400) }
    )
  }, 60_000)
})

describe('invalidation', () => {
  it('law P5: wins over a load that began before it', async () => {
    const { handler, waiting } = held()
    const { pages, runs } = bench(handler)
    const old = pages(ask('/', { 'x-who': 'old' }))
    await soon()
    expect(await pages.delete(home)()).toEqual(E.right(undefined))
    const fresh = pages(ask('/', { 'x-who': 'new' }))
    await soon()
    expect(waiting).toHaveLength(2)
    await answerAll(waiting, (who) => mine(who))
    expect(await (await old).text()).toBe('for old')
    expect(await (await fresh).text()).toBe('for new')
    expect(await (await pages(ask('/'))).text()).toBe('for new')
    expect(runs()).toBe(2)
  })

  it('law P5: reaches another process, and loads that are under way there', async () => {
    const { handler, waiting } = held()
    const store = dict<Uint8Array>()
    const here = page(handler, { store })
    const there = page(handler, { store })
    const old = here(ask('/', { 'x-who': 'old' }))
    await soon()
    await there.delete(home)()
    await answerAll(waiting, (who) => mine(who))
    await (await old).text()
    await soon()
    const next = here(ask('/', { 'x-who': 'new' }))
    await answerAll(waiting, (who) => mine(who))
    expect(await (await next).text()).toBe('for new')
  })

  it('with leases there is one run for two processes', async () => {
    const store = dict<Uint8Array>()
    const policy = Policy.policy(Policy.ttl(Duration.minutes(1)), Policy.lease())
    let runs = 0
    const handler = async () => {
      await soon(20)
      return new Response(`run ${++runs}`)
    }
    const alive = setInterval(() => undefined, 5)
    const [here, there] = [page(handler, { store, policy }), page(handler, { store, policy })]
    const both = await Promise.all([here(ask('/')), there(ask('/'))])
    clearInterval(alive)
    expect(await Promise.all(both.map((one) => one.text()))).toEqual(['run 1', 'run 1'])
  })
})
