import { expect, test } from '@jest/globals'

import { makeSilence } from '../../../src/stores/kit/silence'

const make = () => {
  let now = 0
  const silence = makeSilence(() => now)
  const [a, b] = [{}, {}]
  const refuses = (who: unknown, patience = 100): boolean => silence.refuses(() => [who], patience)
  return { silence, refuses, a, b, wait: (ms: number) => void (now += ms) }
}

test('who owes an answer is asked nothing, but now and then, and others are', () => {
  const { a, b, refuses, silence, wait } = make()
  const since = silence.now()
  wait(100)
  silence.late(() => [a], since, 100)
  expect([refuses(a), refuses(b), refuses(undefined)]).toEqual([true, false, false])
  wait(999)
  expect(refuses(a)).toBe(true)
  wait(1)
  expect([refuses(a), refuses(a)]).toEqual([false, true]) // one looks
  wait(2_000)
  expect([refuses(a), refuses(a)]).toEqual([false, true])
  for (let i = 0; i < 10; i++) {
    wait(10_000)
    expect([refuses(a), refuses(a)]).toEqual([false, true])
  }
  silence.heardAll(() => [a, b])
  expect(refuses(a)).toBe(false)
})

test('who is willing to wait for longer than it has been silent may ask', () => {
  const { refuses, silence, wait } = make()
  wait(100)
  silence.late(() => [undefined], silence.now(), 100)
  expect([refuses(undefined, 100), refuses(undefined, 5_000)]).toEqual([true, false])
  wait(4_900)
  expect([refuses(undefined, 5_000), refuses(undefined, 5_000)]).toEqual([false, true])
})

test('of who has said something since nothing is owed', () => {
  const { a, b, refuses, silence } = make()
  const since = silence.now()
  silence.heard(b)
  silence.late(() => [a, b], since, 100)
  expect([refuses(a), refuses(b)]).toEqual([true, false])
  silence.late(() => [a], since, 100) // twice is once
  silence.heard(a)
  expect(refuses(a)).toBe(false)
})
