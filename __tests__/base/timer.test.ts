/** Timers of any length: by a clock of jest's, whose timers fire at once where those of Node do. */
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'

import { Duration } from '../../src'
import { longestTimer, pause, restartAlarm, setAlarm, startTimer, stopAlarm } from '../../src/base/timer'
import { timed } from '../../src/Store'
import { dict } from '../../src/stores/memory/dict'
import { faulty, hangs } from '../../src/testing'

const edges = [1, 999, 60_000, longestTimer - 1, longestTimer, longestTimer + 1, 2 ** 32, 2 ** 33 + 1]

/** When something happens, of `ms` milliseconds and a step before. */
const firesAt = (ms: number, start: (run: () => void) => void): ReadonlyArray<boolean> => {
  let has = false
  start(() => void (has = true))
  const fired = [has]
  jest.advanceTimersByTime(ms - 1)
  fired.push(has)
  jest.advanceTimersByTime(1)
  return [...fired, has]
}

const justInTime = [false, false, true]

describe('a timer of any length', () => {
  beforeEach(() => void jest.useFakeTimers({ doNotFake: ['setImmediate', 'queueMicrotask', 'nextTick'] }))
  afterEach(() => void jest.useRealTimers())

  test('the control: a timer of Node that is too long fires at once', () => {
    expect(firesAt(longestTimer, (run) => void setTimeout(run, longestTimer))).toEqual(justInTime)
    expect(firesAt(2 ** 31, (run) => void setTimeout(run, 2 ** 31))).not.toEqual(justInTime)
  })

  test.each(edges)('fires after %d ms, not sooner and not later', (ms) => {
    expect(firesAt(ms, (run) => void setAlarm(ms, run, 'idle'))).toEqual(justInTime)
    expect(firesAt(ms, (run) => void startTimer(Duration.milliseconds(ms), run)())).toEqual(justInTime)
  })

  test.each(edges)('of %d ms that is called off does not fire', (ms) => {
    let fired = 0
    const alarm = setAlarm(ms, () => fired++, 'idle')
    const stop = startTimer(Duration.milliseconds(ms), () => fired++)()
    jest.advanceTimersByTime(ms - 1)
    stopAlarm(alarm)
    stop()
    jest.advanceTimersByTime(ms)
    expect([fired, jest.getTimerCount()]).toEqual([0, 0])
  })

  test.each(edges)('of %d ms that is set again begins anew', (ms) => {
    let alarm: ReturnType<typeof setAlarm>
    const rest = firesAt(ms, (run) => {
      alarm = setAlarm(ms, run, 'idle')
      jest.advanceTimersByTime(ms - 1)
      restartAlarm(alarm)
    })
    expect(rest).toEqual(justInTime)
  })

  test('forever sets nothing, and what is over fires at once', () => {
    expect(setAlarm(Infinity, () => undefined, 'idle')).toBeUndefined()
    expect(jest.getTimerCount()).toBe(0)
    let fired = 0
    setAlarm(-5, () => fired++, 'idle')
    jest.advanceTimersByTime(1)
    expect(fired).toBe(1)
  })

  test.each([longestTimer + 1, 2 ** 32])('a deadline of %d ms is one', async (ms) => {
    let answer: unknown
    void timed(Duration.milliseconds(ms))(faulty(() => () => hangs)(dict()))
      .get('k')()
      .then((got) => (answer = got))
    await jest.advanceTimersByTimeAsync(ms - 1)
    await new Promise(setImmediate)
    expect(answer).toBeUndefined()
    await jest.advanceTimersByTimeAsync(1)
    await new Promise(setImmediate)
    await Promise.resolve()
    expect(answer).toMatchObject({ _tag: 'Left', left: { reason: 'timeout' } })
  })

  test.each([longestTimer, longestTimer + 1, 2 ** 32])('a fault that is %d ms late is', async (ms) => {
    let answer: unknown
    void faulty(() => () => ({ there: Duration.milliseconds(ms) }))(dict())
      .has('k')()
      .then((got) => (answer = got))
    await jest.advanceTimersByTimeAsync(ms - 1)
    expect(answer).toBeUndefined()
    await jest.advanceTimersByTimeAsync(1)
    expect(answer).toEqual({ _tag: 'Right', right: false })
  })
})

test('a timer keeps no process alive, unless it is to', async () => {
  for (const ms of [1_000, 2 ** 32]) {
    const [idle, alive] = [setAlarm(ms, () => undefined, 'idle'), setAlarm(ms, () => undefined, 'waited')]
    expect([idle?.timer?.hasRef(), alive?.timer?.hasRef()]).toEqual([false, true])
    restartAlarm(idle)
    restartAlarm(alive)
    expect([idle?.timer?.hasRef(), alive?.timer?.hasRef()]).toEqual([false, true])
    stopAlarm(idle)
    stopAlarm(alive)
  }
  await pause(1)
})
