/** Bodies that stream: to the client as they come, to the store as a whole or not at all. */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'
import { Clock, Duration } from 'fp-ring'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'

import { runs } from '../runs'
import { ask, bench, fate, home, soon } from './kit'

const bytes = (text: string) => new TextEncoder().encode(text)

/** A body whose chunks are given by hand. */
const source = () => {
  let controller!: ReadableStreamDefaultController<Uint8Array>
  let cancelled = false
  const body = new ReadableStream<Uint8Array>({
    start: (it) => {
      controller = it
    },
    cancel: () => {
      cancelled = true
    }
  })
  return { body, controller, cancelled: () => cancelled }
}

describe('a body', () => {
  it('comes to the first caller chunk by chunk, before it is whole', async () => {
    const { body, controller } = source()
    const { pages } = bench(() => new Response(body))
    const reader = (await pages(ask('/'))).body!.getReader()
    controller.enqueue(bytes('one '))
    expect((await reader.read()).value).toEqual(bytes('one '))
    expect(await pages.has(home)()).toEqual(E.right(false))
    controller.enqueue(bytes('two'))
    expect((await reader.read()).value).toEqual(bytes('two'))
    controller.close()
    expect((await reader.read()).done).toBe(true)
    await soon()
    const again = await pages(ask('/'))
    expect(again.headers.get('content-length')).toBe('7')
    expect(await again.text()).toBe('one two')
  })

  it('of which who joins gets the whole', async () => {
    const { body, controller } = source()
    const { pages, runs } = bench(() => new Response(body))
    const first = await pages(ask('/'))
    const other = pages(ask('/'))
    controller.enqueue(bytes('one '))
    controller.enqueue(bytes('two'))
    controller.close()
    expect(await (await other).text()).toBe('one two')
    expect(await first.text()).toBe('one two')
    expect(runs()).toBe(1)
  })

  it('above the limit goes to the client whole, and not to the store', async () => {
    const chunk = bytes('x'.repeat(400))
    const { pages, runs } = bench(
      () =>
        new Response(
          new ReadableStream<Uint8Array>({
            start: (controller) => {
              for (let i = 0; i < 5; i++) controller.enqueue(chunk)
              controller.close()
            }
          })
        ),
      { maxBytes: 1000 }
    )
    for (let i = 1; i <= 2; i++) {
      expect(await (await pages(ask('/'))).text()).toBe('x'.repeat(2000))
      expect(runs()).toBe(i)
    }
  })

  it('at the limit is stored, a byte above it is not', async () => {
    const { pages, runs } = bench(
      (request) => new Response('x'.repeat(Number(new URL(request.url).search.slice(1)))),
      {
        maxBytes: 1000
      }
    )
    for (const size of ['1000', '1001']) {
      expect((await (await pages(ask(`/?${size}`))).text()).length).toBe(Number(size))
      await soon()
      await (await pages(ask(`/?${size}`))).text()
    }
    expect(runs()).toBe(3)
  })

  it('that says to be above the limit is not even copied', async () => {
    const { body, controller } = source()
    const { pages } = bench(() => new Response(body, { headers: { 'content-length': '2000' } }), {
      maxBytes: 1000
    })
    const first = await pages(ask('/'))
    expect(fate(first)).toBe('fp-ring; fwd=miss')
    controller.close()
  })

  it('that is shorter than it said is not stored', async () => {
    const { pages, runs } = bench(() => new Response('short', { headers: { 'content-length': '10' } }))
    await (await pages(ask('/'))).text()
    await soon()
    await (await pages(ask('/'))).text()
    expect(runs()).toBe(2)
  })

  it('that breaks is not stored, and breaks for its client alone', async () => {
    const { body, controller } = source()
    const { pages, runs } = bench((_, run) => (run === 1 ? new Response(body) : new Response('whole')))
    const first = await pages(ask('/'))
    const other = pages(ask('/'))
    controller.enqueue(bytes('ha'))
    await soon()
    controller.error(new Error('broken'))
    await expect(first.text()).rejects.toThrow('broken')
    expect(await (await other).text()).toBe('whole')
    await soon()
    expect(await (await pages(ask('/'))).text()).toBe('whole')
    expect(runs()).toBe(2)
  })

  it('whose client goes away is stored all the same', async () => {
    const { body, cancelled, controller } = source()
    const { pages, runs } = bench(() => new Response(body))
    const first = await pages(ask('/'))
    const other = pages(ask('/'))
    controller.enqueue(bytes('one '))
    await first.body!.cancel()
    controller.enqueue(bytes('two'))
    controller.close()
    expect(await (await other).text()).toBe('one two')
    await soon()
    expect(await (await pages(ask('/'))).text()).toBe('one two')
    expect(runs()).toBe(1)
    expect(cancelled()).toBe(false)
  })

  it('that is too large, and whose client goes away, is let go of', async () => {
    const { body, cancelled, controller } = source()
    const { pages } = bench(() => new Response(body), { maxBytes: 3 })
    const first = await pages(ask('/'))
    controller.enqueue(bytes('four'))
    await soon()
    await first.body!.cancel()
    await soon()
    expect(cancelled()).toBe(true)
  })

  it('that drips holds up nobody for longer than it may take', async () => {
    const dripping: Array<ReturnType<typeof source>> = []
    const { pages, runs } = bench(
      () => {
        const one = source()
        dripping.push(one)
        return new Response(one.body)
      },
      { bodyTimeout: Duration.milliseconds(30), clock: Clock.system }
    )
    const first = await pages(ask('/'))
    const others = Promise.all([pages(ask('/')), pages(ask('/'))])
    dripping[0]!.controller.enqueue(bytes('one '))
    await soon(10)
    expect(runs()).toBe(1)
    expect((await others).map(fate)).toEqual([
      'fp-ring; fwd=miss; stored; collapsed=?0',
      'fp-ring; fwd=miss; stored; collapsed=?0'
    ])
    expect(runs()).toBe(3)
    // nobody waits for it now
    expect(fate(await pages(ask('/')))).toBe('fp-ring; fwd=miss; stored')
    // and it goes on for who had asked
    dripping[0]!.controller.enqueue(bytes('two'))
    dripping[0]!.controller.close()
    expect(await first.text()).toBe('one two')
    expect(await pages.has(home)()).toEqual(E.right(false))
  })

  it('ages while it comes', async () => {
    const { body, controller } = source()
    const { pages, time } = bench(() => new Response(body, { headers: { 'cache-control': 'max-age=5' } }))
    const first = await pages(ask('/'))
    time.pass(3)
    controller.enqueue(bytes('one'))
    controller.close()
    await first.text()
    await soon()
    const again = await pages(ask('/'))
    expect([again.headers.get('age'), fate(again)]).toEqual(['3', 'fp-ring; hit; ttl=2'])
    time.pass(2)
    expect(await pages.has(home)()).toEqual(E.right(false))
  })

  it('that comes when its lifetime is over is not stored', async () => {
    const { body, controller } = source()
    const { pages, time } = bench(() => new Response(body, { headers: { 'cache-control': 'max-age=5' } }))
    const first = await pages(ask('/'))
    time.pass(5)
    controller.close()
    await first.text()
    await soon()
    expect(await pages.has(home)()).toEqual(E.right(false))
  })

  it('that drips, and whose client goes away, is let go of', async () => {
    const { body, cancelled, controller } = source()
    const { pages } = bench(() => new Response(body), {
      bodyTimeout: Duration.milliseconds(20),
      clock: Clock.system
    })
    const first = await pages(ask('/'))
    controller.enqueue(bytes('one '))
    await first.body!.cancel()
    await soon(5)
    expect(cancelled()).toBe(false)
    await soon(40)
    expect(cancelled()).toBe(true)
  })

  it('whose copy ends early is read as its client reads it', async () => {
    let pulled = 0
    const { pages } = bench(
      () =>
        new Response(
          new ReadableStream<Uint8Array>(
            {
              pull: async (controller) => {
                await soon(1)
                controller.enqueue(bytes(String(pulled++ % 10)))
                if (pulled === 60) controller.close()
              }
            },
            { highWaterMark: 0 }
          )
        ),
      { bodyTimeout: Duration.milliseconds(15), clock: Clock.system }
    )
    const first = await pages(ask('/'))
    await soon(80)
    expect(pulled).toBeLessThan(60)
    expect(await first.text()).toBe('0123456789'.repeat(6))
  })

  it('that is not to be stored is not touched', async () => {
    const { body } = source()
    const response = new Response(body, { headers: { 'cache-control': 'no-store' } })
    const { pages } = bench(() => response)
    expect(await pages(ask('/'))).toBe(response)
  })

  it('of a slow client waits in memory up to the limit, and no further', async () => {
    let pulled = 0
    const { pages } = bench(
      () =>
        new Response(
          new ReadableStream<Uint8Array>(
            {
              pull: (controller) => {
                pulled += 100
                controller.enqueue(new Uint8Array(100))
              }
            },
            { highWaterMark: 0 }
          )
        ),
      { maxBytes: 1000 }
    )
    const response = await pages(ask('/'))
    await soon(20)
    expect(pulled).toBeLessThanOrEqual(1300)
    await response.body!.cancel()
  })

  it('may be changed by its client without harm', async () => {
    const { body, controller } = source()
    const { pages } = bench(() => new Response(body))
    const reader = (await pages(ask('/'))).body!.getReader()
    controller.enqueue(bytes('good'))
    const { value } = await reader.read()
    value!.fill(0)
    controller.close()
    await soon()
    const stored = await pages.get(home)()
    expect(E.isRight(stored) && O.isSome(stored.right) && (await stored.right.value.text())).toBe('good')
  })

  it('comes out as it went in, in whatever chunks', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 8 }), async (chunks) => {
        const { pages, runs } = bench(
          () =>
            new Response(
              new ReadableStream<Uint8Array>({
                start: (controller) => {
                  for (const chunk of chunks) controller.enqueue(chunk)
                  controller.close()
                }
              })
            )
        )
        const whole = Buffer.concat(chunks)
        const first = Buffer.from(await (await pages(ask('/'))).arrayBuffer())
        await soon(1)
        const again = Buffer.from(await (await pages(ask('/'))).arrayBuffer())
        expect([first.equals(whole), again.equals(whole), runs()]).toEqual([true, true, 1])
      }),
      { numRuns: runs(60) }
    )
  }, 30_000)
})
