import { describe, expect, jest, test } from '@jest/globals'

import * as D from '../../../src/Duration'
import { settledIn, withDeadline, withDeadlineMap } from '../../../src/stores/kit/deadline'

const never = (): Promise<never> => new Promise(() => undefined)

describe('withDeadline', () => {
  test('law 26: what does not settle is a timeout, in time', async () => {
    const begun = performance.now()
    // something else keeps the process alive: the deadline does not
    const alive = setTimeout(() => undefined, 1_000)
    const answer = await withDeadline('get', D.milliseconds(50), never)
    clearTimeout(alive)
    expect(answer).toMatchObject({
      _tag: 'Left',
      left: { _tag: 'StoreError', operation: 'get', reason: 'timeout' }
    })
    expect(performance.now() - begun).toBeLessThan(500)
  })

  test('a value, a rejection, a throw and a decoder that throws', async () => {
    const cause = new Error('secret')
    const oops = (): never => {
      throw cause
    }
    expect(await withDeadline('get', D.seconds(1), () => Promise.resolve(1))).toEqual({
      _tag: 'Right',
      right: 1
    })
    for (const answer of [
      await withDeadline('get', D.seconds(1), () => Promise.reject(cause)),
      await withDeadline('get', D.seconds(1), oops),
      await withDeadlineMap('get', D.seconds(1), { start: () => Promise.resolve(1), decode: oops })
    ]) {
      if (answer._tag === 'Right') throw new Error('a right')
      expect(answer.left).toMatchObject({ operation: 'get', reason: 'failed' })
      expect(answer.left.cause).toBe(cause)
      expect(answer.left.message).not.toContain('secret')
    }
  })

  test('law 30: a late rejection is nobody’s', async () => {
    const unhandled: Array<unknown> = []
    const hear = (cause: unknown): void => void unhandled.push(cause)
    process.on('unhandledRejection', hear)
    const late = (): Promise<never> =>
      new Promise((_, reject) => setTimeout(() => reject(new Error('late')), 60))
    const alive = setTimeout(() => undefined, 1_000)
    expect((await withDeadline('get', D.milliseconds(10), late))._tag).toBe('Left')
    await new Promise((resolve) => setTimeout(resolve, 100))
    clearTimeout(alive)
    process.off('unhandledRejection', hear)
    expect(unhandled).toEqual([])
  })

  test('law 18, 36: a deadline of a year does not fire at once, forever has no timer, and none is left', async () => {
    // the process has other timers: those of this test are the long ones
    const set = jest.spyOn(globalThis, 'setTimeout')
    const cleared = jest.spyOn(globalThis, 'clearTimeout')
    const long = (): ReadonlyArray<unknown> =>
      set.mock.calls.flatMap(([, ms = 0], i) => (ms > 1_000_000 ? [set.mock.results[i]?.value] : []))
    const settle: Array<() => void> = []
    const pending = [D.days(366), D.forever].map((ms) =>
      withDeadline('get', ms, () => new Promise<number>((resolve) => settle.push(() => resolve(1))))
    )
    await new Promise((resolve) => setTimeout(resolve, 30))
    for (const f of settle) f()
    expect(await Promise.all(pending)).toEqual([
      { _tag: 'Right', right: 1 },
      { _tag: 'Right', right: 1 }
    ])
    expect(long()).toHaveLength(1)
    expect(long().every((timer) => cleared.mock.calls.some(([given]) => given === timer))).toBe(true)
    set.mockRestore()
    cleared.mockRestore()
  })

  test('onLate hears of what did not come in time, and of nothing else', async () => {
    const alive = setTimeout(() => undefined, 1_000)
    const late: Array<string> = []
    const run = (name: string, start: () => Promise<unknown>) =>
      withDeadlineMap('get', D.milliseconds(10), {
        start,
        decode: () => undefined,
        onLate: () => void late.push(name)
      })
    await Promise.all([
      run('hangs', never),
      run('answers', () => Promise.resolve(1)),
      run('fails', () => Promise.reject(new Error('no')))
    ])
    clearTimeout(alive)
    expect(late).toEqual(['hangs'])
  })

  test('an answer that is there already is not late because the process was busy', async () => {
    const answer = withDeadline(
      'get',
      D.milliseconds(20),
      () => new Promise<number>((resolve) => setImmediate(() => resolve(1)))
    )
    const end = performance.now() + 60
    while (performance.now() < end);
    expect(await answer).toEqual({ _tag: 'Right', right: 1 })
  })

  test('what is no operation fails with what was in the way, or with the code ETIMEDOUT', async () => {
    const alive = setTimeout(() => undefined, 1_000)
    const cause = new Error('no')
    expect(await settledIn(D.seconds(1), () => Promise.resolve(1))).toEqual({ _tag: 'Right', right: 1 })
    expect(await settledIn(D.seconds(1), () => Promise.reject(cause))).toEqual({ _tag: 'Left', left: cause })
    expect(await settledIn(D.milliseconds(10), never)).toMatchObject({ left: { code: 'ETIMEDOUT' } })
    clearTimeout(alive)
  })
})
