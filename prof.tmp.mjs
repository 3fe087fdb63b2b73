import { ring, dict, Duration, Policy } from 'fp-ring'
import { lru } from 'fp-ring/lru'
const what = process.argv[2]
const load = (id) => () => Promise.resolve({ _tag: 'Right', right: { id } })
const ttl = Policy.ttl(Duration.hours(1))
const windows = Policy.policy(ttl, Policy.staleWhileRevalidate(Duration.hours(1)), Policy.staleIfError(Duration.hours(1)))
const others = [ring(load, { name: 'a', store: dict(), policy: windows }), ring(load, { name: 'b', store: lru({ max: 10000 }), policy: Policy.policy(ttl, Policy.lease()) }), ring(load, { name: 'c', store: dict(), policy: ttl, tags: () => ['x'] })]
for (let i = 0; i < 30000; i++) await others[i % 3](i % 100)()
const one = ring(load, { name: 'u', store: lru({ max: 10000 }), policy: what === 'aged' ? windows : ttl, ...(what === 'observed' ? { observe: () => () => undefined } : {}) })
const n = what === 'miss' ? 600000 : 3000000
if (what !== 'miss') for (let i = 0; i < 100; i++) await one(i)()
const t = process.cpuUsage()
if (what === 'miss') for (let i = 0; i < n; i++) await one(i)()
else for (let i = 0; i < n; i++) await one(i % 100)()
const e = process.cpuUsage(t); console.log(what, ((e.user + e.system) * 1000 / n).toFixed(0), 'ns')
