// The laws of a store over the lru-cache that is installed.
import { lru } from 'fp-ring/lru'
import { anything, storeLaws, testClock } from 'fp-ring/testing'

const clock = testClock()
const laws = [
  ...storeLaws(() => lru({ max: 10_000, clock }), { ...anything, clock, leases: true, numRuns: 50 }),
  ...storeLaws(() => lru({ max: 10_000 }), { ...anything, leases: true, numRuns: 20 })
]
const broken = []
for (const law of laws)
  await law.run().catch((cause) => broken.push(`${law.name}: ${cause.message.split('\n')[0]}`))
console.log([`${laws.length - broken.length} kept`, ...broken].join('\n'))
