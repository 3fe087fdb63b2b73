/** The rules of shared caches, through pages. */
import { describe, expect, it } from '@jest/globals'
import * as fc from 'fast-check'

import { parseDirectives } from '../../src/http/core/directives'
import { type Case, cases, type Step } from './cases'
import { ask, bench, fate, soon } from './kit'

const play = async ([, steps, config]: Case): Promise<void> => {
  let step: Step | undefined
  /** The status that each run has answered. */
  const answered = new Map<string | null, number>()
  const { pages, runs, time } = bench((_, n) => {
    const { give = [], status = 200 } = step ?? {}
    answered.set(String(n), status)
    const headers = new Headers({ 'x-run': String(n) })
    for (const [name, value] of give) headers.append(name, value)
    return new Response([204, 205, 304].includes(status) ? null : `run ${n}`, { status, headers })
  }, config)
  for (const [i, one] of steps.entries()) {
    step = one
    time.pass(one.after ?? 0)
    const before = runs()
    const response = await pages(ask(one.path ?? '/', one.ask ?? {}, one.method ?? 'GET'))
    const text = await response.text()
    await soon(1)
    const ran =
      typeof one.got === 'number' ? Number(response.headers.get('x-run')) : runs() > before ? 'run' : 'cached'
    expect([i, ran]).toEqual([i, one.got])
    expect([i, response.status]).toEqual([i, one.as ?? answered.get(response.headers.get('x-run'))])
    if (one.method === 'HEAD') expect(text === '' || ran === 'run').toBe(true)
    else if (response.status === 200) expect(text).toBe(`run ${response.headers.get('x-run')}`)
    expect(fate(response)).toMatch(/^fp-ring(; [a-z-]+(=[-?\w]+)?)+$/)
  }
}

describe.each(cases)('%s', (_, group) => {
  it.each(group.map((one) => [one[0], one] as const))('%s', (__, one) => play(one))

  it('has no case twice', () => {
    expect(new Set(group.map(([name, steps]) => name + JSON.stringify(steps))).size).toBe(group.length)
  })
})

it('law P1: a page is served while it is younger than its lifetime, and no longer, however old it came and however long it took', () => {
  const seconds = fc.nat(12)
  return fc.assert(
    fc.asyncProperty(seconds, seconds, seconds, seconds, async (maxAge, age, took, after) => {
      const { pages, runs, time } = bench(
        () =>
          new Response(
            new ReadableStream<Uint8Array>(
              {
                pull: (controller) => {
                  time.pass(took)
                  controller.close()
                }
              },
              // not before somebody reads
              { highWaterMark: 0 }
            ),
            { headers: { 'cache-control': `max-age=${maxAge}`, age: String(age) } }
          )
      )
      await (await pages(ask('/'))).text()
      await soon(0)
      time.pass(after)
      const again = await pages(ask('/'))
      const old = age + took + after
      expect(runs()).toBe(old < maxAge ? 1 : 2)
      if (old < maxAge) expect(again.headers.get('age')).toBe(String(old))
    })
  )
})

describe('directives', () => {
  it('are read in one pass, and a quote that is never closed hides nothing', () => {
    expect([...parseDirectives('a="b, private').keys()]).toContain('private')
    expect([...parseDirectives('a="x\\", private", max-age=5').keys()]).toEqual(['a', 'max-age'])
    expect(parseDirectives('a="x, y", b=1').get('a')).toBe('x, y')
    const timeOf = (n: number): number => {
      const hostile = '"' + '\\"'.repeat(n)
      const begun = performance.now()
      parseDirectives(hostile)
      return performance.now() - begun
    }
    // sixteen times the length takes sixteen times as long, or 256 times if it is read again and again
    const least = (n: number): number => Math.min(...Array.from({ length: 5 }, () => timeOf(n)))
    least(32_000)
    expect(least(512_000) / least(32_000)).toBeLessThan(100)
  })
})
