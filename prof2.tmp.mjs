import { ring, Duration, Policy } from 'fp-ring'
import { lru } from 'fp-ring/lru'
const load = (id) => () => Promise.resolve({ _tag: 'Right', right: { id } })
const one = ring(load, { name: 'u', store: lru({ max: 200000 }), policy: Policy.ttl(Duration.hours(1)) })
for (let r = 0; r < 6; r++) { const t = process.cpuUsage(); await one.getOrUpdateMany(Array.from({ length: 100000 }, (_, i) => [r * 100000 + i]))(); const e = process.cpuUsage(t); console.log((e.user + e.system) / 1e5 ) }
