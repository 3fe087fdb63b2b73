import { expect, test } from '@jest/globals'
import * as E from 'fp-ts/Either'
import * as O from 'fp-ts/Option'
import * as TE from 'fp-ts/TaskEither'

import { dict, Duration, Policy, ring } from '../../src'
import { testClock } from '../../src/testing'

const ms = Duration.milliseconds

test('it stands still until it is moved', async () => {
  const clock = testClock(7)
  expect(clock.now()).toBe(7)
  const pass = clock.pass(ms(5))
  expect(clock.now()).toBe(7)
  await pass()
  expect(clock.now()).toBe(12)
  await pass()
  expect(clock.now()).toBe(17)
})

test('what is due runs in its order, each at its time, those too that are set meanwhile', async () => {
  const clock = testClock()
  const seen: Array<string> = []
  const at = (after: number, name: string, then?: () => void) =>
    clock.after(ms(after), () => {
      seen.push(`${name} ${String(clock.now())}`)
      then?.()
    })()
  void at(30, 'c')
  void at(10, 'a', () => void at(10, 'b'))
  void at(30, 'd')
  void at(90, 'late')
  const callOff = at(15, 'called off')
  callOff()
  await clock.pass(ms(50))()
  expect(seen).toEqual(['a 10', 'b 20', 'c 30', 'd 30'])
  expect(clock.now()).toBe(50)
  await clock.pass(ms(40))()
  expect(seen.at(-1)).toBe('late 90')
})

test('each is heard before the next one runs', async () => {
  const clock = testClock()
  const heard: Array<number> = []
  const sleep = (after: number) =>
    new Promise<void>((resolve) => void clock.after(ms(after), resolve)()).then(() => heard.push(clock.now()))
  void sleep(10).then(() => sleep(10))
  void sleep(25)
  await clock.pass(ms(100))()
  expect(heard).toEqual([10, 20, 25])
})

test('a ring and its store live by it', async () => {
  const clock = testClock()
  let loads = 0
  const load = (n: number): TE.TaskEither<never, number> => TE.fromIO(() => n + loads++)
  const policy = Policy.policy(Policy.ttl(Duration.hours(1)), Policy.staleWhileRevalidate(Duration.hours(1)))
  const cached = ring(load, { store: dict({ clock }), clock, policy, name: 'n' })
  expect(await cached(0)()).toEqual(E.right(0))
  await clock.pass(Duration.minutes(90))()
  expect(await cached(0)()).toEqual(E.right(0)) // stale, and loaded beside
  await clock.pass(ms(0))()
  expect(await cached.get(0)()).toEqual(E.right(O.some(1)))
  await clock.pass(Duration.hours(2))()
  expect(await cached.get(0)()).toEqual(E.right(O.none))
})

test('a lifetime without an end never comes due', async () => {
  const clock = testClock()
  let ran = false
  void clock.after(Duration.forever, () => void (ran = true))()
  await clock.pass(Duration.days(36_500))()
  expect(ran).toBe(false)
})
