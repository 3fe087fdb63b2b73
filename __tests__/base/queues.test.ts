/** What queues do with what nobody waits for any more. */
import { describe, expect, test } from '@jest/globals'

import { endCall, makeBacklog, makeCall } from '../../src/base/queues'

describe('a task', () => {
  test('that is over before its turn comes is not begun, and its load is let go', async () => {
    const { bytes, forsaken, task } = makeBacklog()
    const call = makeCall()
    const begun: Array<string> = []
    const run = (load: string): Promise<void> => Promise.resolve(void begun.push(load))
    const [one, two] = [task(call, 'one', 10, run), task(call, 'two', 20, run)]
    expect([bytes(), forsaken()]).toEqual([30, 0])
    await one()
    expect([bytes(), forsaken()]).toEqual([20, 0])
    endCall(call)
    expect([bytes(), forsaken()]).toEqual([0, 1])
    const late = task(call, 'late', 40, run) // of a call that goes on, although it is over
    expect([bytes(), forsaken()]).toEqual([0, 2])
    await expect(two()).rejects.toThrow('nobody')
    await expect(late()).rejects.toThrow('nobody')
    expect([bytes(), forsaken()]).toEqual([0, 0])
    expect(begun).toEqual(['one'])
  })

  test('that has begun keeps its load until it ends, however it ends', async () => {
    const { bytes, forsaken, task } = makeBacklog()
    const call = makeCall()
    let fail = (_cause: Error): void => undefined
    const done = task(call, 'load', 10, () => new Promise<void>((_, reject) => (fail = reject)))()
    endCall(call)
    expect([bytes(), forsaken()]).toEqual([10, 0])
    fail(new Error('the disk'))
    await expect(done).rejects.toThrow('the disk')
    expect([bytes(), forsaken()]).toEqual([0, 0])
  })
})
