/** A thousand callers of one cold key, against one promise that they share by hand. */
import assert from 'node:assert'

import { dict, Duration, Policy, ring } from 'fp-ring'
import * as TE from 'fp-ts/TaskEither'

import { compare, rowsOf, type Scenario } from './harness'

const callers = Array.from({ length: 1_000 }, (_, i) => i)

let loads = 0
const load = async (id: number): Promise<number> => {
  loads++
  await new Promise((resolve) => setTimeout(resolve, 5))
  return id
}

const shared = ring(
  (id: number): TE.TaskEither<Error, number> =>
    TE.tryCatch(
      () => load(id),
      () => new Error('no')
    ),
  {
    name: 'shared',
    store: dict(),
    policy: Policy.ttl(Duration.minutes(1))
  }
)

let cold = 0
const herd = async (call: () => (id: number) => Promise<unknown>): Promise<void> => {
  const before = loads
  const id = cold++
  const one = call()
  await Promise.all(callers.map(() => one(id)))
  assert.strictEqual(loads - before, 1)
}

export const stampede: Scenario = async () => {
  const samples = await compare(
    {
      'one bare promise': async (n) => {
        for (let i = 0; i < n; i++) {
          await herd(() => {
            let promise: Promise<number> | undefined
            return (id) => (promise ??= load(id))
          })
        }
      },
      ring: async (n) => {
        for (let i = 0; i < n; i++) await herd(() => (id) => shared(id)())
      }
    },
    { rounds: 41, sampleMs: 30 }
  )
  const pair = { baseline: 'one bare promise', ours: 'ring' } as const
  return [
    ...rowsOf(samples, {
      ...pair,
      scenario: 'stampede: 1,000 callers, a load of 5 ms',
      targets: { wall: 1.5 }
    }),
    ...rowsOf(samples, {
      ...pair,
      scenario: 'stampede: per caller',
      parts: 1_000,
      targets: { cpu: undefined }
    })
  ]
}
