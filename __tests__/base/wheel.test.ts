import { createHook } from 'node:async_hooks'

import { afterEach, describe, expect, it, jest } from '@jest/globals'

import { makeWheel } from '../../src/base/wheel'

/** Sets a timer; returns what cancels it. */
type Set = (ms: number, run: () => void) => () => void

const wheel = (): Set => {
  const start = makeWheel()
  return (ms, run) => start(ms, run)()
}

/** How many timers of the runtime ten thousand calls set. */
const timersOf = (call: () => void): number => {
  let timers = 0
  const hook = createHook({
    init: (_, type) => {
      if (type === 'Timeout') timers++
    }
  })
  hook.enable()
  for (let i = 0; i < 10_000; i++) call()
  hook.disable()
  return timers
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

afterEach(() => {
  jest.useRealTimers()
  jest.restoreAllMocks()
})

describe('timers that share one', () => {
  it('run when they are due, never before, and no more than once', () => {
    jest.useFakeTimers()
    const start = wheel()
    const ran: Array<readonly [ms: number, at: number]> = []
    const began = performance.now()
    for (const ms of [1, 31, 32, 100, 101, 250, 1_000, 60_000])
      start(ms, () => ran.push([ms, performance.now() - began]))
    start(Infinity, () => ran.push([Infinity, 0]))
    jest.advanceTimersByTime(120_000)
    expect(ran.map(([ms]) => ms)).toEqual([1, 31, 32, 100, 101, 250, 1_000, 60_000])
    for (const [ms, at] of ran) {
      expect(at).toBeGreaterThanOrEqual(ms)
      expect(at).toBeLessThanOrEqual(ms + 16)
    }
  })

  it('are cancelled, also by each other, and leave the others', () => {
    jest.useFakeTimers()
    const start = wheel()
    const ran: Array<string> = []
    const first = start(100, () => ran.push('first'))
    start(100, () => {
      ran.push('second')
      third()
    })
    const third = start(100, () => ran.push('third'))
    start(200, () => ran.push('fourth'))
    first()
    first()
    jest.advanceTimersByTime(1_000)
    expect(ran).toEqual(['second', 'fourth'])
  })

  it('may set others while they run', () => {
    jest.useFakeTimers()
    const start = wheel()
    const ran: Array<number> = []
    const again = (n: number): void => {
      if (n < 5)
        start(50, () => {
          ran.push(n)
          again(n + 1)
        })
    }
    again(0)
    jest.advanceTimersByTime(1_000)
    expect(ran).toEqual([0, 1, 2, 3, 4])
  })

  it('set one timer of the runtime, however many there are', () => {
    const start = wheel()
    expect(timersOf(() => start(5_000, () => undefined)())).toBe(1)
    expect(timersOf(() => start(5_000, () => undefined)())).toBe(0)
  })

  it('control: a timer each', () => {
    const start = wheel()
    expect(timersOf(() => start(5, () => undefined)())).toBe(10_000)
  })

  it('are each a timer of their own where a test replaces the timers, and due to the millisecond', () => {
    jest.useFakeTimers()
    const start = wheel()
    jest.advanceTimersByTime(3)
    let ran = 0
    for (const ms of [100, 500, 1_234]) start(ms, () => ran++)
    jest.clearAllTimers() // they are dropped, and the next ones are not
    for (const ms of [100, 500, 1_234]) start(ms, () => ran++)
    for (const [by, all] of [
      [99, 0],
      [1, 1],
      [400, 2],
      [733, 2],
      [1, 3]
    ] as const) {
      jest.advanceTimersByTime(by)
      expect(ran).toBe(all)
    }
  })

  it('are not lost where a test replaces the timers of the runtime, and gives them back', async () => {
    const start = wheel()
    const ran: Array<string> = []
    jest.useFakeTimers()
    start(100, () => ran.push('of fake timers'))
    jest.useRealTimers() // the timer that was set never fires
    start(60, () => ran.push('of real timers'))
    start(120, () => ran.push('later'))
    for (let i = 0; i < 100 && !ran.includes('later'); i++) await pause(10)
    expect(ran).toContain('of real timers')
    expect(ran).toContain('later')
  })

  it('run where only `setTimeout` is replaced, and the clock stands still', () => {
    jest.useFakeTimers({ doNotFake: ['performance', 'Date', 'hrtime'] })
    const start = wheel()
    let ran = false
    start(60_000, () => {
      ran = true
    })
    jest.advanceTimersByTime(60_100)
    expect(ran).toBe(true)
  })
})
