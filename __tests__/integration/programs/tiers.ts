/**
 * One process of several that share a Redis, each with a near tier of its own. It does what its parent sends: `read` reads
 * keys, which lie near from then on; `watch` goes on reading them for a while, and says when a read that still found the
 * old value began; `change` changes them, and says when that was acknowledged. Times are those of the
 * machine's monotonic clock, which all processes share.
 */
import * as E from 'fp-ts/Either'
import { pipe } from 'fp-ts/function'
import * as O from 'fp-ts/Option'
import * as t from 'io-ts'
import { createClient } from 'redis'

import { Codec, dict, Duration, Store } from '../../../src'
import { pubsub, redis, tracking } from '../../../src/stores/redis'

export type Change = 'set' | 'delete' | 'clear' | 'touch and set' | 'FLUSHALL'

export type Job =
  | { readonly kind: 'read'; readonly keys: ReadonlyArray<string> }
  | { readonly kind: 'write'; readonly keys: ReadonlyArray<string>; readonly value: number }
  | {
      readonly kind: 'watch'
      readonly keys: ReadonlyArray<string>
      readonly old: number
      readonly ms: number
    }
  | {
      readonly kind: 'change'
      readonly keys: ReadonlyArray<string>
      readonly how: Change
      readonly ms: number
    }

const [url = '', feed = ''] = process.argv.slice(2)

const now = (): number => Number(process.hrtime.bigint() / 1_000n) / 1_000
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const minutes = Duration.minutes(5)

const main = async (): Promise<void> => {
  const client = createClient({ url })
  client.on('error', () => undefined)
  await client.connect()
  const bytes = redis(client, { namespace: 'tiers:', timeout: Duration.seconds(10) })
  const far = pipe(bytes, Store.encoded(Codec.json(t.number)))
  const near = dict<number>()
  const store =
    feed === 'none'
      ? Store.tiered({ near, far })
      : Store.tiered({
          near,
          far,
          invalidation: feed === 'pubsub' ? pubsub(client, { channel: 'tiers' }) : tracking(bytes)
        })

  const get = async (key: string): Promise<number | null> => {
    const got = await store.get(key)()
    return E.isRight(got) ? O.toNullable(got.right) : null
  }
  const change = async (key: string, how: Change): Promise<number> => {
    if (how === 'delete') await store.delete(key)()
    else if (how === 'clear') await store.clear(key)()
    else {
      if (how === 'touch and set') await store.touch(key, minutes)()
      await store.set(key, 2, minutes)()
    }
    return now()
  }
  const jobs = {
    read: ({ keys }: Extract<Job, { kind: 'read' }>) => Promise.all(keys.map(get)),
    write: ({ keys, value }: Extract<Job, { kind: 'write' }>) =>
      Promise.all(keys.map((key) => store.set(key, value, minutes)())),
    watch: async ({ keys, ms, old }: Extract<Job, { kind: 'watch' }>) => {
      const last = keys.map(() => 0)
      let fromNear = 0
      for (const end = now() + ms; now() < end; await new Promise(setImmediate)) {
        for (let i = 0; i < 20; i++) {
          const place = Math.floor(Math.random() * keys.length)
          const key = keys[place] ?? ''
          const began = now()
          const here = near.peek?.(key) !== undefined
          if (here) fromNear++
          void get(key).then((value) => {
            if (value === old && began > (last[place] ?? 0)) last[place] = began
          })
        }
      }
      return { last, fromNear }
    },
    change: async ({ how, keys, ms }: Extract<Job, { kind: 'change' }>) => {
      if (how === 'FLUSHALL') {
        await sleep(Math.random() * ms)
        await client.flushAll()
        const at = now()
        return keys.map(() => at)
      }
      return Promise.all(keys.map((key) => sleep(Math.random() * ms).then(() => change(key, how))))
    }
  }
  // listening begins with the first use
  await get('first')
  await sleep(200)
  process.on('message', ({ job, place }: { readonly job: Job; readonly place: number }) => {
    const answer: Promise<unknown> =
      job.kind === 'read'
        ? jobs.read(job)
        : job.kind === 'write'
        ? jobs.write(job)
        : job.kind === 'watch'
        ? jobs.watch(job)
        : jobs.change(job)
    void answer.then((answer) => process.send?.({ place, answer }))
  })
  process.on('disconnect', () => process.exit())
  process.send?.({ place: 0, answer: null })
}

void main()
