// What every runtime has to do: the web's interfaces alone are used here. `run` resolves with what it has shown, or rejects.
import { either as E, option as O, taskEither as TE } from 'fp-ts'
import * as t from 'io-ts'
import { Codec, dict, Duration, Invalidation, KeyFn, Policy, ring, Store } from 'fp-ring'
import { cbor } from 'fp-ring/cbor'
import { page } from 'fp-ring/http'
import { lru } from 'fp-ring/lru'

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
const text = (u) =>
  JSON.stringify(u, (_, v) => (typeof v === 'bigint' ? `${v}n` : v instanceof Map ? [...v] : v))
const same = (what, got, wanted) => {
  if (text(got) !== text(wanted)) throw new Error(`${what}: ${text(got)}, expected ${text(wanted)}`)
}

// everything is made where the module is loaded, as programs do: some runtimes forbid timers and chance there
const counted = (answer) => {
  const fn = (...args) => TE.fromIO(() => answer(++fn.runs, ...args))
  fn.runs = 0
  return fn
}
const Date_ = new t.Type(
  'Date',
  (u) => u instanceof Date,
  (u, c) => (u instanceof Date ? t.success(u) : t.failure(u, c)),
  t.identity
)
const User = t.type({ id: t.number, name: t.string })
const Visit = t.type({ at: Date_, count: t.bigint })
const json = Codec.json(User)

const byId = counted((run, id) => ({ id, name: `user ${run}` }))
const inDict = ring(byId, { name: 'user', store: dict() })
const near = counted((run) => run)
const inLru = ring(near, {
  name: 'near',
  store: lru({ max: 100 }),
  policy: Policy.ttl(Duration.milliseconds(60))
})
const asJson = ring(
  counted((run, id) => ({ id, name: `user ${run}` })),
  { name: 'json', store: dict(), codec: json }
)
const visit = { at: new Date(86_400_000), count: 7n }
const asCbor = ring(
  counted(() => visit),
  { name: 'cbor', store: lru({ max: 10 }), codec: cbor(Visit) }
)
const cloned = ring(
  counted(() => new Map([['a', new Date(0)]])),
  { name: 'cloned', store: dict(), codec: Codec.clone() }
)
const never = ring(() => () => new Promise(() => undefined), {
  name: 'never',
  store: dict(),
  policy: Policy.timeout(Duration.milliseconds(30))
})
const hung = { ...dict(), get: () => () => new Promise(() => undefined), peek: undefined, read: undefined }
const withoutStore = ring(
  counted((run) => run),
  {
    name: 'withoutStore',
    store: { ...hung, read: hung.get, peekEntry: undefined },
    policy: Policy.storeTimeout(Duration.milliseconds(30))
  }
)
const aged = counted((run) => run)
const stale = ring(aged, {
  name: 'stale',
  store: dict(),
  policy: Policy.policy(
    Policy.ttl(Duration.milliseconds(30)),
    Policy.staleWhileRevalidate(Duration.minutes(1))
  )
})
const feed = Invalidation.local()
const tiered = ring(
  counted((run) => run),
  {
    name: 'tiered',
    store: Store.tiered({
      near: lru({ max: 10 }),
      far: Store.batched()({ ...dict(), peek: undefined, peekEntry: undefined }),
      invalidation: feed()
    }),
    tags: () => ['all'],
    policy: Policy.lease()
  }
)
const pages = page(async () => new Response(`page ${++pageRuns}`), {
  store: lru({ max: 100 }),
  policy: Policy.ttl(Duration.minutes(5)),
  origin: 'https://example.com'
})
let pageRuns = 0
const ask = async (headers = {}) => pages(new Request('https://example.com/list', { headers }))

const checks = {
  'a ring over dict': async () => {
    same('get', await inDict.get(1)(), E.right(O.none))
    same('call', await inDict(1)(), E.right({ id: 1, name: 'user 1' }))
    same('hit', await inDict(1)(), E.right({ id: 1, name: 'user 1' }))
    same('update', await inDict.update(1)(), E.right({ id: 1, name: 'user 2' }))
    await inDict.delete(1)()
    same('has', await inDict.has(1)(), E.right(false))
    byId.runs = 0
    const all = await Promise.all(Array.from({ length: 1_000 }, () => inDict(2)()))
    same('callers', [all.length, byId.runs], [1_000, 1])
  },
  'a ring over lru, by its lifetime': async () => {
    const seen = [await inLru()(), await inLru()()]
    await sleep(120)
    same('loads', [...seen, await inLru()()], [E.right(1), E.right(1), E.right(2)])
  },
  keys: () => {
    const key = KeyFn.structural('k')
    same(
      'arguments',
      key(new Date(0), new Map([['a', 1]]), new Set([2]), Uint8Array.of(1, 2, 251, 255), 1n),
      "k:@0,Map('a'=>1),Set(2),Uint8Array(AQL7_w),1n"
    )
    same(
      'digest',
      KeyFn.hashed(64)(KeyFn.structural('search'))('long'.repeat(100)),
      "search:'longlonglong#eSj1q5TpneeRtBRAp4HuFYzzuUyVuBsyofbUKLUb3H8"
    )
    same('fingerprint', Codec.json(t.type({ a: t.string })).fingerprint, 'json.1u19e8m0p081o8')
  },
  codecs: async () => {
    same('json', [await asJson(1)(), await asJson(1)()], Array(2).fill(E.right({ id: 1, name: 'user 1' })))
    const raw = asJson.store.backend.get(asJson.key(1)).value
    same('bytes', new TextDecoder().decode(raw), '{"id":1,"name":"user 1"}')
    same('foreign', E.isLeft(json.decode(new TextEncoder().encode('{"id":"1"}'))), true)
    same('broken', E.isLeft(json.decode(Uint8Array.of(0x22, 0xff, 0x22))), true)
    same('cbor', [await asCbor()(), await asCbor()()], Array(2).fill(E.right(visit)))
    same('not UTF-8', E.isLeft(cbor(t.string).decode(Uint8Array.of(0x61, 0xff))), true)
    const [a, b] = [await cloned()(), await cloned()()]
    same('clone', [a, a.right === b.right], [E.right(new Map([['a', new Date(0)]])), false])
  },
  'Policy.timeout': async () => same('answer', (await never()()).left?._tag, 'TimeoutError'),
  'Policy.storeTimeout': async () => same('answer', await withoutStore()(), E.right(1)),
  'Policy.staleWhileRevalidate': async () => {
    const first = await stale()()
    await sleep(60)
    const old = await stale()()
    await sleep(20)
    same('answers', [first, old, aged.runs], [E.right(1), E.right(1), 2])
  },
  'tiers, batches, tags and leases': async () => {
    same('answers', [await tiered()(), await tiered()()], [E.right(1), E.right(1)])
    await tiered.purge('all')()
    same('purged', await tiered()(), E.right(2))
  },
  'a page': async () => {
    const first = await ask()
    same(
      'first',
      [await first.text(), first.headers.get('cache-status')],
      ['page 1', 'fp-ring; fwd=miss; stored']
    )
    await sleep(20)
    const second = await ask()
    same('second', await second.text(), 'page 1')
    if (!second.headers.get('cache-status').startsWith('fp-ring; hit')) throw new Error('no hit')
    const etag = second.headers.get('etag')
    same('etag', etag, '"BiGhwRHP1FVKFy2ezUkKmo1uTmb"')
    same('known', (await ask({ 'if-none-match': etag })).status, 304)
    await pages.delete('/list')()
    same('deleted', await (await ask()).text(), 'page 2')
  }
}

export const run = async () => {
  const shown = []
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check()
    } catch (cause) {
      throw new Error(`${name}: ${cause?.stack ?? cause}`)
    }
    shown.push(name)
  }
  return shown
}
